import { cutPage, fromCursor } from '../cursor.ts';
import type { AuditEntry, RecordStore } from '../records.ts';
import { toAuditEntry } from '../rows.ts';
import type { Query } from './database.ts';
import type { Store } from './store.ts';

/** Writes an entry inside the transaction under way. */
export async function writeAudit(query: Query, { at, actor, action, count, detail }: AuditEntry): Promise<void> {
  await query('INSERT INTO audit (at, actor, action, count, detail) VALUES ($1, $2, $3, $4, $5)', [
    at,
    actor,
    action,
    count,
    detail,
  ]);
}

export function createAuditStore({ database }: Store): Pick<RecordStore, 'audit' | 'record'> {
  return {
    async audit({ limit, after }) {
      const before = after === undefined ? Number.MAX_SAFE_INTEGER : fromCursor(after);
      const rows = await database.read('SELECT * FROM audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2', [
        before,
        limit + 1,
      ]);
      const page = cutPage(rows, limit, ({ seq }) => seq as number);
      return { ...page, items: page.items.map(toAuditEntry) };
    },
    record: (entry) => writeAudit(database.write, entry),
  };
}
