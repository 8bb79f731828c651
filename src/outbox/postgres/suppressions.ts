import type { SuppressionStore } from '../port.ts';
import { writeAudit } from './audit.ts';
import { noteResidue } from './leads.ts';
import { scrub } from './scrub.ts';
import type { Store } from './store.ts';

export function createSuppressionStore({ database }: Store): SuppressionStore {
  return {
    suppress: (phoneHash, entry) =>
      database.transaction(async (query) => {
        const isNew = (await query(INSERT, [phoneHash, entry.at])).length === 1;
        if (isNew) await writeAudit(query, entry);
        return isNew;
      }),
    async unsuppress(phoneHash, entry) {
      const found = await database.transaction(async (query) => {
        const removed = (await query(REMOVE, [phoneHash])).length === 1;
        if (!removed) return false;
        await noteResidue(query, false);
        await writeAudit(query, entry);
        return true;
      });
      await scrub(database);
      return found;
    },
    async suppressions() {
      const rows = await database.read(LIST);
      return rows.map((row) => ({ phoneHash: row.phone_hash as Buffer, createdAt: row.created_at as number }));
    },
  };
}

const INSERT = 'INSERT INTO suppressions (phone_hash, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1';
const REMOVE = 'DELETE FROM suppressions WHERE phone_hash = $1 RETURNING 1';
const LIST = 'SELECT phone_hash, created_at FROM suppressions ORDER BY created_at, phone_hash';
