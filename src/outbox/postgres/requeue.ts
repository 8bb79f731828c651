import type { Status } from '../../conversation/types.ts';
import type { RecordStore } from '../records.ts';
import { writeAudit } from './audit.ts';
import { where } from './filter.ts';
import { MAY_HAVE_ARRIVED, type Store } from './store.ts';
import { WAKE } from './watch.ts';

/** What waits for a person. */
const WAITING: readonly Status[] = ['held', 'unknown', 'parked'];

/** Sending (again) what waits for a person, or what is final and an operator wants to be sent once more. */
export function createRequeue({ database }: Store): Pick<RecordStore, 'requeue'> {
  return {
    requeue(filter, limit, entry) {
      const status = filter.status ?? WAITING;
      const { sql, values } = where({ ...filter, status });
      // The index of what waits is used only where its own condition is part of the query. Ids are quicker still.
      const byIndex = filter.ids === undefined && status.every((one) => WAITING.includes(one));
      const indexed = byIndex ? "status IN ('held', 'unknown', 'parked') AND" : '';
      const n = values.length;
      return database.transaction(async (query) => {
        const rows = await query(
          `SELECT seq, id FROM conversations
           WHERE ${indexed} ${sql} AND status <> 'queued' AND lease_owner IS NULL AND personal
           ORDER BY seq LIMIT $${n + 1} FOR UPDATE`,
          [...values, limit],
        );
        if (rows.length === 0) return [];
        await query(QUEUE, [entry.at, rows.map(({ seq }) => seq)]);
        await writeAudit(query, { ...entry, count: rows.length });
        await query(WAKE);
        return rows.map(({ id }) => id as string);
      });
    },
  };
}

const QUEUE = `
  UPDATE conversations
  SET may_have_arrived = ${MAY_HAVE_ARRIVED} OR status = 'delivered',
      status = 'queued', reason = NULL, cause = NULL, tries = 0, unknowns = 0, next_at = $1, updated_at = $1
  WHERE seq = ANY ($2)`;
