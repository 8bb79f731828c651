import type { SuppressionStore } from '../port.ts';
import { prepareAudit } from './audit.ts';
import { emptyLog, KEPT, rewriteHashes } from './scrub.ts';
import type { Store } from './store.ts';

export function createSuppressionStore(store: Store): SuppressionStore {
  const { database, writer, read } = store;
  const insert = database.prepare(
    'INSERT INTO suppressions (phone_hash, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  const find = database.prepare('SELECT 1 FROM suppressions WHERE phone_hash = ?');
  const list = database.prepare('SELECT phone_hash, created_at FROM suppressions ORDER BY created_at, phone_hash');
  const audit = prepareAudit(database);
  return {
    suppress: (phoneHash, entry) =>
      writer.write(() => {
        const isNew = insert.run(phoneHash, entry.at).changes === 1;
        if (isNew) audit(entry);
        return isNew;
      }),
    async unsuppress(phoneHash, entry) {
      const found = await writer.write(() => {
        if (!find.get(phoneHash)) return false;
        rewriteHashes(database, phoneHash, KEPT);
        audit(entry);
        return true;
      });
      await emptyLog(store);
      return found;
    },
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
