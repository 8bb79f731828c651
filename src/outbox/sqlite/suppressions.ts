import type { StatementResultingChanges } from 'node:sqlite';
import type { SuppressionStore } from '../port.ts';
import type { AuditEntry } from '../records.ts';
import { prepareAudit } from './audit.ts';
import type { Store } from './store.ts';

export function createSuppressionStore({ database, writer, read }: Store): SuppressionStore {
  const insert = database.prepare(
    'INSERT INTO suppressions (phone_hash, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  const remove = database.prepare('DELETE FROM suppressions WHERE phone_hash = ?');
  const list = database.prepare('SELECT phone_hash, created_at FROM suppressions ORDER BY created_at, phone_hash');
  const audit = prepareAudit(database);
  const changed = ({ changes }: StatementResultingChanges, entry: AuditEntry): boolean => {
    if (changes === 1) audit(entry);
    return changes === 1;
  };
  return {
    suppress: (phoneHash, entry) => writer.write(() => changed(insert.run(phoneHash, entry.at), entry)),
    unsuppress: (phoneHash, entry) => writer.write(() => changed(remove.run(phoneHash), entry)),
    async suppressions() {
      return read(() =>
        list.all().map((row) => ({
          phoneHash: Buffer.from(row.phone_hash as Uint8Array),
          createdAt: row.created_at as number,
        })),
      );
    },
  };
}
