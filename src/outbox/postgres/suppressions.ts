import type { SuppressionStore } from '../port.ts';
import type { Store } from './store.ts';

export function createSuppressionStore({ database }: Store): SuppressionStore {
  return {
    async suppress(phoneHash, now) {
      const rows = await database.write(
        'INSERT INTO suppressions (phone_hash, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1',
        [phoneHash, now],
      );
      return rows.length === 1;
    },
    async unsuppress(phoneHash) {
      return (
        (await database.write('DELETE FROM suppressions WHERE phone_hash = $1 RETURNING 1', [phoneHash])).length === 1
      );
    },
    async suppressions() {
      const rows = await database.read(
        'SELECT phone_hash, created_at FROM suppressions ORDER BY created_at, phone_hash',
      );
      return rows.map((row) => ({ phoneHash: row.phone_hash as Buffer, createdAt: row.created_at as number }));
    },
  };
}
