import type { Claim, DeliveryQueue, ProbeQueue } from '../../domain/ports/delivery-queue.ts';
import { providerShare, sortRows, toClaim } from '../claim.ts';
import type { Row } from '../rows.ts';
import { IS_PARKED, isHashOfNumber, MAY_HAVE_ARRIVED, type Store } from './database.ts';

/** The columns of a claim, with the fence and the owner of the lease that is about to be given. */
const CLAIMED = `
  seq, id, provider, attempts, created_at, fence + 1 AS fence, lease_owner IS NOT NULL AS taken_over, tries, unknowns,
  ${MAY_HAVE_ARRIVED} AS may_have_arrived, personal, lead_key, lead,
  EXISTS (SELECT 1 FROM suppressions WHERE ${isHashOfNumber('leads.phone_hash')}) AS suppressed
  FROM conversations LEFT JOIN leads USING (seq)`;

/** Leasing conversations that are due, and finding the providers and times of the next ones. */
export function createClaims(store: Store): DeliveryQueue & ProbeQueue {
  const { database, writer, vault, owner, leaseMs, onUnreadable = () => undefined } = store;
  const due = database.prepare(`SELECT ${CLAIMED} WHERE provider = ? AND next_at <= ? ORDER BY next_at LIMIT ?`);
  // An attempt with an unknown outcome proves nothing about its endpoint: the leads with the fewest of those go first.
  const trustworthy = database.prepare(
    `SELECT * FROM (SELECT ${CLAIMED} WHERE provider = ? AND next_at <= ? ORDER BY next_at LIMIT 1000)
     ORDER BY unknowns, tries LIMIT ?`,
  );
  const probe = database.prepare(
    `SELECT ${CLAIMED}
     WHERE ${IS_PARKED} AND provider = ? AND personal = 1 AND (lease_owner IS NULL OR next_at <= ?)
     ORDER BY updated_at LIMIT 1`,
  );
  const lease = database.prepare('UPDATE conversations SET lease_owner = ?, next_at = ?, fence = ? WHERE seq = ?');
  const park = database.prepare(
    `UPDATE conversations SET status = 'parked', cause = 'unreadable', next_at = NULL, lease_owner = NULL, updated_at = ?
     WHERE seq = ?`,
  );
  const reject = database.prepare(
    `UPDATE conversations SET status = 'rejected', reason = 'phone', cause = 'suppressed', attempts = attempts + 1,
                              next_at = NULL, lease_owner = NULL, updated_at = ?
     WHERE seq = ?`,
  );
  const earliest = database.prepare(
    'SELECT min(next_at) AS at FROM conversations WHERE provider = ? AND next_at IS NOT NULL',
  );
  // One look into the index for each provider, however many conversations it has.
  const working = database.prepare(
    `WITH RECURSIVE working (provider) AS (
       SELECT min(provider) FROM conversations WHERE next_at IS NOT NULL
       UNION ALL
       SELECT (SELECT min(provider) FROM conversations WHERE next_at IS NOT NULL AND provider > working.provider)
       FROM working WHERE working.provider IS NOT NULL
     ) SELECT provider FROM working WHERE provider IS NOT NULL`,
  );

  const leaseRows = async (now: number, select: () => readonly Row[]): Promise<readonly Claim[]> => {
    const { claimable, unreadable } = await writer.write(() => {
      const rows = sortRows(select(), vault);
      for (const { row } of rows.claimable) {
        lease.run(owner, now + leaseMs, row.fence as number, row.seq as number);
      }
      for (const { seq } of rows.unreadable) park.run(now, seq as number);
      for (const { seq } of rows.suppressed) reject.run(now, seq as number);
      return rows;
    });
    for (const { id, provider } of unreadable) onUnreadable({ id: id as string, provider: provider as string });
    return claimable.map(toClaim);
  };

  return {
    claim({ providers, limit, now, probing = false }) {
      const share = providerShare(limit, providers);
      const select = (provider: string) => (probing ? trustworthy : due).all(provider, now, share);
      return leaseRows(now, () => providers.flatMap(select).slice(0, limit));
    },
    async claimProbe(provider, now) {
      const [claim] = await leaseRows(now, () => probe.all(provider, now));
      return claim;
    },
    async nextDue(providers) {
      return store.read(() => {
        const times = providers.map((provider) => earliest.get(provider)?.at).filter((at) => typeof at === 'number');
        return times.length === 0 ? undefined : Math.min(...times);
      });
    },
    async providersWithWork() {
      return store.read(() => working.all().map((row) => row.provider as string));
    },
  };
}
