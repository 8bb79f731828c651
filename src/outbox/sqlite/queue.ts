import type { Claim, Lease, Queue, Settled, Settlement } from '../port.ts';
import { settledConversation } from '../settled.ts';
import { readLead } from './leads.ts';
import type { CreditStreak } from './providers.ts';
import { MAY_HAVE_ARRIVED, type Row, type Store } from './store.ts';

type Unreadable = { readonly unreadable: { readonly id: string; readonly provider: string } };

/** Leases, attempts and their ends. */
export function createQueue(store: Store, creditStreak: CreditStreak): Queue {
  const { database, writer, vault, owner, leaseMs, onUnreadable = () => undefined } = store;
  const lease = database.prepare('UPDATE conversations SET lease_owner = ?, next_at = ?, fence = ? WHERE seq = ?');
  const CLAIMED = `seq, id, provider, attempts, created_at, lease_owner, fence, tries, unknowns, ${MAY_HAVE_ARRIVED} AS may_have_arrived, personal, lead_key, lead,
    EXISTS (SELECT 1 FROM suppressions WHERE suppressions.phone_hash = leads.phone_hash) AS suppressed
    FROM conversations LEFT JOIN leads USING (seq)`;
  const due = database.prepare(`SELECT ${CLAIMED} WHERE provider = ? AND next_at <= ? ORDER BY next_at LIMIT ?`);
  // A lead whose own answers cannot be read says nothing of its region: the one with the fewest of those goes ahead.
  const trustworthy = database.prepare(
    `SELECT * FROM (SELECT ${CLAIMED} WHERE provider = ? AND next_at <= ? ORDER BY next_at LIMIT 1000)
     ORDER BY unknowns, tries LIMIT ?`,
  );
  const probe = database.prepare(
    `SELECT ${CLAIMED}
     WHERE status = 'parked' AND provider = ? AND cause = 'provider' AND personal = 1 AND (lease_owner IS NULL OR next_at <= ?)
     ORDER BY updated_at LIMIT 1`,
  );
  const unreadable = database.prepare(
    `UPDATE conversations SET status = 'parked', cause = 'unreadable', next_at = NULL, lease_owner = NULL, updated_at = ?
     WHERE seq = ?`,
  );
  const suppressed = database.prepare(
    `UPDATE conversations SET status = 'rejected', reason = 'phone', cause = 'suppressed', attempts = attempts + 1,
                              next_at = NULL, updated_at = ?
     WHERE seq = ?`,
  );
  const extend = database.prepare(
    'UPDATE conversations SET next_at = ? WHERE id = ? AND fence = ? AND lease_owner = ?',
  );
  const close = database.prepare(
    `UPDATE conversations
     SET status = ?, reason = ?, cause = ?, next_at = ?, updated_at = ?,
         attempts = attempts + ?, tries = tries + ?, unknowns = unknowns + ?, lease_owner = NULL
     WHERE id = ? AND fence = ? AND lease_owner = ?`,
  );
  const blank = database.prepare(
    `UPDATE descriptions SET description = NULL
     WHERE seq = (SELECT seq FROM conversations WHERE id = ?) AND description IS NOT NULL`,
  );
  const describe = database.prepare(
    'INSERT INTO descriptions (seq, description) SELECT seq, ? FROM conversations WHERE id = ?',
  );
  const park = database.prepare(
    `UPDATE conversations SET status = 'parked', cause = 'provider', next_at = NULL WHERE id = ?`,
  );
  const earliest = database.prepare(
    'SELECT min(next_at) AS at FROM conversations WHERE provider = ? AND next_at IS NOT NULL',
  );

  // One look into the index a provider, however many conversations each has.
  const working = database.prepare(
    `WITH RECURSIVE working (provider) AS (
       SELECT min(provider) FROM conversations WHERE next_at IS NOT NULL
       UNION ALL
       SELECT (SELECT min(provider) FROM conversations WHERE next_at IS NOT NULL AND provider > working.provider)
       FROM working WHERE working.provider IS NOT NULL
     ) SELECT provider FROM working WHERE provider IS NOT NULL`,
  );

  /** A lead that no key opens is parked instead, and one that came in for a suppressed number is over. */
  const take = (row: Row, now: number): Claim | Unreadable | undefined => {
    if (row.personal === 0) {
      suppressed.run(now, row.seq as number);
      return undefined;
    }
    const lead = readLead(row, vault);
    if (!lead) {
      unreadable.run(now, row.seq as number);
      return { unreadable: { id: row.id as string, provider: row.provider as string } };
    }
    const fence = (row.fence as number) + 1;
    lease.run(owner, now + leaseMs, fence, row.seq as number);
    return {
      lease: {
        id: row.id as string,
        fence,
        provider: row.provider as string,
        attempts: row.attempts as number,
        createdAt: row.created_at as number,
      },
      lead,
      tries: row.tries as number,
      unknowns: row.unknowns as number,
      mayHaveArrived: row.may_have_arrived === 1,
      expired: row.lease_owner !== null,
      suppressed: row.suppressed === 1,
    };
  };

  const takeAll = async (now: number, select: () => readonly Row[]): Promise<readonly Claim[]> => {
    const taken = await writer.write(() => select().map((row) => take(row, now)));
    const claims: Claim[] = [];
    for (const one of taken) {
      if (one === undefined) continue;
      if ('unreadable' in one) onUnreadable(one.unreadable);
      else claims.push(one);
    }
    return claims;
  };

  return {
    claim({ providers, limit, now, probing = false }) {
      const share = Math.max(1, Math.floor(limit / Math.max(1, providers.length)));
      const select = (provider: string) => (probing ? trustworthy : due).all(provider, now, share);
      return takeAll(now, () => providers.flatMap(select).slice(0, limit));
    },
    async claimProbe(provider, now) {
      const [claim] = await takeAll(now, () => probe.all(provider, now));
      return claim;
    },
    renew(leases, now) {
      return writer.write(() => {
        for (const { id, fence } of leases) extend.run(now + leaseMs, id, fence, owner);
      });
    },
    settle(lease: Lease, settlement: Settlement, now: number) {
      const description = settlement.description === undefined ? null : vault.sealText(settlement.description);
      return writer.write((): Settled | undefined => {
        const { status, reason, cause, dueAt, attempted, repeatable } = settlement;
        const { id, fence, provider } = lease;
        const call = attempted ? 1 : 0;
        const { changes } = close.run(
          status,
          reason ?? null,
          cause ?? null,
          dueAt ?? null,
          now,
          call,
          call,
          repeatable ? 1 : 0,
          id,
          fence,
          owner,
        );
        if (changes === 0) return undefined;
        if (description !== null) {
          blank.run(id);
          describe.run(description, id);
        }
        const { parked, justParked } = creditStreak(provider, id, settlement, now);
        if (parked) park.run(id);
        const left: Settlement = parked ? { status: 'parked', cause: 'provider', attempted } : settlement;
        return { conversation: settledConversation(lease, left, now), parkedProvider: justParked };
      });
    },
    async providersWithWork() {
      return store.read(() => working.all().map((row) => row.provider as string));
    },
    async nextDue(providers) {
      return store.read(() => {
        const times = providers.map((provider) => earliest.get(provider)?.at).filter((at) => typeof at === 'number');
        return times.length === 0 ? undefined : Math.min(...times);
      });
    },
  };
}
