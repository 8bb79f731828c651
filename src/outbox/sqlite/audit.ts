import type { DatabaseSync } from 'node:sqlite';
import { cutPage, fromCursor } from '../cursor.ts';
import type { AuditEntry, RecordStore } from '../records.ts';
import { toAuditEntry } from '../rows.ts';
import type { Store } from './store.ts';

/** Gives a function that writes an entry inside the transaction under way. */
export function prepareAudit(database: DatabaseSync): (entry: AuditEntry) => void {
  const insert = database.prepare('INSERT INTO audit (at, actor, action, count, detail) VALUES (?, ?, ?, ?, ?)');
  return ({ at, actor, action, count, detail }) => void insert.run(at, actor, action, count, detail);
}

export function createAuditStore({ database, writer, read }: Store): Pick<RecordStore, 'audit' | 'record'> {
  const write = prepareAudit(database);
  const newest = database.prepare('SELECT * FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?');
  return {
    async audit({ limit, after }) {
      const before = after === undefined ? Number.MAX_SAFE_INTEGER : fromCursor(after);
      const rows = await read(() => newest.all(before, limit + 1));
      const page = cutPage(rows, limit, ({ seq }) => seq as number);
      return { ...page, items: page.items.map(toAuditEntry) };
    },
    record: (entry) => writer.write(() => write(entry)),
  };
}
