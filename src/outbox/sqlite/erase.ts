import type { RecordStore } from '../records.ts';
import { prepareAudit } from './audit.ts';
import { OF_NUMBER, prepareForget } from './leads.ts';
import { emptyLog, rewriteHashes } from './scrub.ts';
import { IS_FINAL, type Store } from './store.ts';

export function createErasure(store: Store): Pick<RecordStore, 'erase'> {
  const { database, writer } = store;
  const audit = prepareAudit(database);
  const forget = prepareForget(database);
  const ofNumber = database.prepare(OF_NUMBER);
  const stop = database.prepare(
    `UPDATE conversations SET status = 'rejected', reason = 'other', cause = 'erased', updated_at = ?,
                              next_at = NULL, lease_owner = NULL, fence = fence + 1
     WHERE seq = ? AND NOT ${IS_FINAL}`,
  );
  return {
    async erase(phoneHash, { now, audit: entry }) {
      const erased = await writer.write(() => {
        const leads = ofNumber.all(phoneHash, phoneHash).map(({ seq }) => seq as number);
        for (const seq of leads) {
          stop.run(now, seq);
          forget(seq);
        }
        rewriteHashes(database, phoneHash);
        audit({ ...entry, count: leads.length });
        return leads.length;
      });
      await emptyLog(store);
      return erased;
    },
  };
}
