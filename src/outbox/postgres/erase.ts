import type { RecordStore } from '../records.ts';
import { writeAudit } from './audit.ts';
import { forget, noteResidue } from './leads.ts';
import { scrub } from './scrub.ts';
import type { Store } from './store.ts';

export function createErasure({ database }: Store): Pick<RecordStore, 'erase'> {
  return {
    async erase(phoneHash, { now, audit: entry }) {
      const erased = await database.transaction(async (query) => {
        const rows = await query(
          `SELECT seq FROM conversations WHERE seq IN (SELECT seq FROM lead_keys WHERE phone_hash = $1)
           ORDER BY seq FOR UPDATE`,
          [phoneHash],
        );
        const seqs = rows.map(({ seq }) => seq as number);
        await query(STOP, [now, seqs]);
        await query('DELETE FROM requests WHERE phone_hash = $1', [phoneHash]);
        await query('DELETE FROM counters WHERE phone_hash = $1', [phoneHash]);
        if (seqs.length > 0) await forget(query, seqs);
        else await noteResidue(query, false);
        await writeAudit(query, { ...entry, count: seqs.length });
        return seqs.length;
      });
      await scrub(database);
      return erased;
    },
  };
}

const STOP = `
  UPDATE conversations SET status = 'rejected', reason = 'other', cause = 'erased', updated_at = $1,
                           next_at = NULL, lease_owner = NULL, fence = fence + 1
  WHERE seq = ANY ($2) AND status NOT IN ('delivered', 'rejected')`;
