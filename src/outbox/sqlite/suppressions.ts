import type { SuppressionStore } from '../port.ts';
import type { Store } from './store.ts';

export function createSuppressionStore({ database, writer, read }: Store): SuppressionStore {
  const insert = database.prepare(
    'INSERT INTO suppressions (phone_hash, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  const remove = database.prepare('DELETE FROM suppressions WHERE phone_hash = ?');
  const list = database.prepare('SELECT phone_hash, created_at FROM suppressions ORDER BY created_at, phone_hash');
  return {
    suppress: (phoneHash, now) => writer.write(() => insert.run(phoneHash, now).changes === 1),
    unsuppress: (phoneHash) => writer.write(() => remove.run(phoneHash).changes === 1),
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
