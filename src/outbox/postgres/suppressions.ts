import type { SuppressionStore } from '../port.ts';
import type { AuditEntry } from '../records.ts';
import { writeAudit } from './audit.ts';
import type { Store } from './store.ts';

export function createSuppressionStore({ database }: Store): SuppressionStore {
  const change = (statement: string, values: readonly unknown[], entry: AuditEntry): Promise<boolean> =>
    database.transaction(async (query) => {
      const changed = (await query(statement, values)).length === 1;
      if (changed) await writeAudit(query, entry);
      return changed;
    });
  return {
    suppress: (phoneHash, entry) => change(INSERT, [phoneHash, entry.at], entry),
    unsuppress: (phoneHash, entry) => change(REMOVE, [phoneHash], entry),
    async suppressions() {
      const rows = await database.read(LIST);
      return rows.map((row) => ({ phoneHash: row.phone_hash as Buffer, createdAt: row.created_at as number }));
    },
  };
}

const INSERT = 'INSERT INTO suppressions (phone_hash, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1';
const REMOVE = 'DELETE FROM suppressions WHERE phone_hash = $1 RETURNING 1';
const LIST = 'SELECT phone_hash, created_at FROM suppressions ORDER BY created_at, phone_hash';
