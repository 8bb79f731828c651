import type { Status } from '../../conversation/types.ts';
import type { RecordStore } from '../records.ts';
import { prepareAudit } from './audit.ts';
import { where } from './filter.ts';
import { IS_WAITING, MAY_HAVE_ARRIVED, type Store } from './store.ts';

/** What waits for a person. */
const WAITING: readonly Status[] = ['held', 'unknown', 'parked'];

/** Sending (again) what waits for a person, or what is final and an operator wants to be sent once more. */
export function createRequeue({ database, writer }: Store): Pick<RecordStore, 'requeue'> {
  const audit = prepareAudit(database);
  const queue = database.prepare(
    `UPDATE conversations
     SET may_have_arrived = ${MAY_HAVE_ARRIVED} OR status = 'delivered',
         status = 'queued', reason = NULL, cause = NULL, tries = 0, unknowns = 0, next_at = ?, updated_at = ?
     WHERE seq = ?`,
  );
  return {
    requeue(filter, limit, entry) {
      const status = filter.status ?? WAITING;
      const { sql, values } = where({ ...filter, status });
      // The index of what waits is used only where its own condition is part of the query. Ids are quicker still.
      const byIndex = filter.ids === undefined && status.every((one) => WAITING.includes(one));
      const indexed = byIndex ? `${IS_WAITING} AND` : '';
      return writer.write(() => {
        const rows = database
          .prepare(
            `SELECT seq, id FROM conversations
               WHERE ${indexed} ${sql} AND status <> 'queued' AND lease_owner IS NULL AND personal = 1
               ORDER BY seq LIMIT ?`,
          )
          .all(...values, limit);
        for (const { seq } of rows) queue.run(entry.at, entry.at, seq as number);
        if (rows.length > 0) audit({ ...entry, count: rows.length });
        return rows.map(({ id }) => id as string);
      });
    },
  };
}
