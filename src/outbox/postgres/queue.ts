import type { Clock } from '../../conversation/clock.ts';
import type { Claim, Queue, Settled } from '../port.ts';
import { createProven } from '../streak.ts';
import { createBatcher } from './batch.ts';
import { CLAIM, CLAIM_PROBE, CLAIM_TRUSTWORTHY } from './claim.ts';
import type { Query, Row, Statement } from './database.ts';
import { StorageFault } from './faults.ts';
import { readLead } from './leads.ts';
import { patiently } from './patience.ts';
import { accepts, haveAnOrder, nameOf, type Settling, settleBatch } from './settle.ts';
import { type Store, toLease } from './store.ts';

/**
 * Leases, attempts and their ends.
 *
 * @returns with `drain`, which resolves when no lease is being settled any more
 */
export function createQueue(store: Store, clock: Clock, batchMax?: number): Queue & { drain(): Promise<void> } {
  const { database, doubts, vault, leaseMs, onUnreadable = () => undefined } = store;
  const proven = createProven();
  // Leases whose end may be committed: what is found of them on the next try is what we wrote.
  const ending = new Set<string>();

  const lease = async (statement: Statement, values: readonly unknown[], now: number): Promise<Claim[]> => {
    await doubts.settle(now);
    const stamp = doubts.stamp();
    let leased = false;
    try {
      const rows = await database.write(statement, [stamp, now, now + leaseMs, ...values]);
      leased = true;
      return await open(
        [...rows].sort((a, b) => (a.due_at as number) - (b.due_at as number)),
        now,
      );
    } catch (error) {
      // What nobody is given nobody attempts.
      if (leased || (error instanceof StorageFault && error.doubtful)) doubts.add(stamp, now, now + leaseMs);
      throw error;
    }
  };

  /** What no key opens waits for a person, and what came in for a suppressed number is over; their leases are handed to nobody. */
  const open = async (rows: readonly Row[], now: number): Promise<Claim[]> => {
    const claims: Claim[] = [];
    const unreadable: Row[] = [];
    const suppressed = rows.filter(({ personal }) => !personal).map(({ seq }) => seq);
    if (suppressed.length > 0) await database.write(SUPPRESSED, [now, suppressed]);
    for (const row of rows.filter(({ personal }) => personal)) {
      const lead = readLead(row, vault);
      if (lead) claims.push(toClaim(row, lead));
      else unreadable.push(row);
    }
    if (unreadable.length > 0) {
      await database.write(UNREADABLE, [now, unreadable.map(({ seq }) => seq)]);
      for (const { id, provider } of unreadable) onUnreadable({ id: id as string, provider: provider as string });
    }
    return claims;
  };

  const batcher = createBatcher<Settling, Settled | undefined>(
    (settlings) =>
      patiently(clock, async (doubtful) => {
        try {
          const before = (key: string) => doubtful || ending.has(key);
          const ordered = haveAnOrder(settlings, proven);
          const settle = (query: Query) => settleBatch(query, settlings, { before, ordered });
          const settled = await (ordered ? database.transaction(settle) : settle(database.write));
          for (const { lease, settlement } of settlings) {
            ending.delete(nameOf(lease));
            if (accepts(settlement)) proven.add(lease.provider, settlement.account);
          }
          return settled;
        } catch (error) {
          if (error instanceof StorageFault && error.doubtful)
            for (const settling of settlings) ending.add(nameOf(settling.lease));
          throw error;
        }
      }),
    batchMax,
  );

  return {
    async claim({ providers, limit, now, probing = false }) {
      const share = Math.max(1, Math.floor(limit / Math.max(1, providers.length)));
      return lease(probing ? CLAIM_TRUSTWORTHY : CLAIM, [providers, share, limit], now);
    },
    async claimProbe(provider, now) {
      const [claim] = await lease(CLAIM_PROBE, [provider], now);
      return claim;
    },
    async renew(leases, now) {
      await database.write(RENEW, [now + leaseMs, leases.map(({ id }) => id), leases.map(({ fence }) => fence)]);
    },
    settle(lease, settlement, now) {
      const description = settlement.description === undefined ? null : vault.sealText(settlement.description);
      return batcher.write({ lease, settlement, description, now });
    },
    async providersWithWork() {
      return (await database.read(WORKING)).map((row) => row.provider as string);
    },
    async nextDue(providers) {
      const [row] = await database.read(NEXT_DUE, [providers]);
      return (row?.at as number | null) ?? undefined;
    },
    drain: batcher.drain,
  };
}

function toClaim(row: Row, lead: Claim['lead']): Claim {
  return {
    lease: toLease(row),
    lead,
    tries: row.tries as number,
    unknowns: row.unknowns as number,
    mayHaveArrived: row.may_have_arrived as boolean,
    expired: row.taken_over as boolean,
    suppressed: row.suppressed as boolean,
  };
}

const SUPPRESSED = `
  UPDATE conversations SET status = 'rejected', reason = 'phone', cause = 'suppressed', attempts = attempts + 1,
                           next_at = NULL, lease_owner = NULL, updated_at = $1
  WHERE seq = ANY ($2)`;

const UNREADABLE = `
  UPDATE conversations SET status = 'parked', cause = 'unreadable', next_at = NULL, lease_owner = NULL, updated_at = $1
  WHERE seq = ANY ($2)`;

const RENEW = {
  name: 'renew',
  text: `
    UPDATE conversations SET next_at = $1 FROM unnest($2::text[], $3::integer[]) AS v (id, fence)
    WHERE conversations.id = v.id AND conversations.fence = v.fence AND lease_owner IS NOT NULL`,
};

const NEXT_DUE = {
  name: 'next_due',
  text: `
    SELECT min(at) AS at FROM unnest($1::text[]) AS wanted (name) CROSS JOIN LATERAL (
      SELECT min(next_at) AS at FROM conversations WHERE provider = wanted.name AND next_at IS NOT NULL
    ) AS earliest`,
};

/** One look into the index a provider, however many conversations each has. */
const WORKING = `
  WITH RECURSIVE working (provider) AS (
    SELECT min(provider) FROM conversations WHERE next_at IS NOT NULL
    UNION ALL
    SELECT (SELECT min(provider) FROM conversations WHERE next_at IS NOT NULL AND provider > working.provider)
    FROM working WHERE working.provider IS NOT NULL
  ) SELECT provider FROM working WHERE provider IS NOT NULL`;
