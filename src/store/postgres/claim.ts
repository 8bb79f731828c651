import type { Claim, DeliveryQueue, ProbeQueue } from '../../domain/ports/delivery-queue.ts';
import { providerShare, sortRows, toClaim } from '../claim.ts';
import type { Row } from '../rows.ts';
import { IS_PARKED, MAY_HAVE_ARRIVED, type Statement, type Store } from './database.ts';
import { StorageFault } from './faults.ts';

/** Leasing conversations that are due, and finding the providers and times of the next ones. */
export function createClaims(store: Store): DeliveryQueue & ProbeQueue {
  const { database, inDoubtLeases, vault, leaseMs, onUnreadable = () => undefined } = store;

  const leaseRows = async (statement: Statement, values: readonly unknown[], now: number): Promise<Claim[]> => {
    await inDoubtLeases.release(now);
    const stamp = inDoubtLeases.stamp();
    let leased = false;
    try {
      const rows = await database.write(statement, [stamp, now, now + leaseMs, ...values]);
      leased = true;
      return await toClaims(
        [...rows].sort((a, b) => (a.due_at as number) - (b.due_at as number)),
        now,
      );
    } catch (error) {
      // The caller gets no claim of these leases, so no process attempts their leads.
      if (leased || (error instanceof StorageFault && error.inDoubt)) inDoubtLeases.add(stamp, now, now + leaseMs);
      throw error;
    }
  };

  const toClaims = async (rows: readonly Row[], now: number): Promise<Claim[]> => {
    const { claimable, unreadable, suppressed } = sortRows(rows, vault);
    if (suppressed.length > 0) await database.write(SUPPRESSED, [now, suppressed.map(({ seq }) => seq)]);
    if (unreadable.length > 0) {
      await database.write(UNREADABLE, [now, unreadable.map(({ seq }) => seq)]);
      for (const { id, provider } of unreadable) onUnreadable({ id: id as string, provider: provider as string });
    }
    return claimable.map(toClaim);
  };

  return {
    async claim({ providers, limit, now, probing = false }) {
      const statement = probing ? CLAIM_TRUSTWORTHY : CLAIM;
      return leaseRows(statement, [providers, providerShare(limit, providers), limit], now);
    },
    async claimProbe(provider, now) {
      const [claim] = await leaseRows(CLAIM_PROBE, [provider], now);
      return claim;
    },
    async nextDue(providers) {
      const [row] = await database.read(NEXT_DUE, [providers]);
      return (row?.at as number | null) ?? undefined;
    },
    async providersWithWork() {
      return (await database.read(WORKING)).map((row) => row.provider as string);
    },
  };
}

/** Leases the rows of `chosen` and gives them with their leads. $1 is the owner of the leases, $2 now, $3 their end. */
const leasing = (chosen: string): string => `
  WITH chosen AS MATERIALIZED (${chosen}), leased AS (
    UPDATE conversations SET taken_over = conversations.lease_owner IS NOT NULL, lease_owner = $1, next_at = $3,
                             fence = fence + 1
    FROM chosen WHERE conversations.seq = chosen.seq
    RETURNING conversations.seq, id, provider, personal, attempts, created_at, fence, tries, unknowns, ${MAY_HAVE_ARRIVED} AS may_have_arrived,
              taken_over, chosen.due_at
  )
  SELECT leased.*, lead_key, lead,
         EXISTS (SELECT 1 FROM suppressions WHERE suppressions.phone_hash = lead_keys.phone_hash) AS suppressed
  FROM leased LEFT JOIN leads USING (seq) LEFT JOIN lead_keys USING (seq)`;

/** The share $5 of each provider of $4, at most $6 together. Rows that another replica has locked are being claimed there. */
const CLAIM = {
  name: 'claim',
  text: leasing(`
    SELECT seq, due_at FROM unnest($4::text[]) AS wanted (name) CROSS JOIN LATERAL (
      SELECT seq, next_at AS due_at FROM conversations WHERE provider = wanted.name AND next_at <= $2
      ORDER BY next_at LIMIT $5 FOR UPDATE SKIP LOCKED
    ) AS waiting LIMIT $6`),
};

// An attempt with an unknown outcome proves nothing about its endpoint: the leads with the fewest of those go first.
const CLAIM_TRUSTWORTHY = {
  name: 'claim_trustworthy',
  text: leasing(`
    SELECT seq, next_at AS due_at FROM conversations
    WHERE next_at <= $2 AND seq IN (
      SELECT seq FROM unnest($4::text[]) AS wanted (name) CROSS JOIN LATERAL (
        SELECT * FROM (
          SELECT seq, unknowns, tries FROM conversations WHERE provider = wanted.name AND next_at <= $2
          ORDER BY next_at LIMIT 1000
        ) AS longest ORDER BY unknowns, tries LIMIT $5
      ) AS first
    )
    LIMIT $6 FOR UPDATE SKIP LOCKED`),
};

const CLAIM_PROBE = {
  name: 'claim_probe',
  text: leasing(`
    SELECT seq, updated_at AS due_at FROM conversations
    WHERE ${IS_PARKED} AND provider = $4 AND personal
      AND (lease_owner IS NULL OR next_at <= $2)
    ORDER BY updated_at LIMIT 1 FOR UPDATE SKIP LOCKED`),
};

const SUPPRESSED = `
  UPDATE conversations SET status = 'rejected', reason = 'phone', cause = 'suppressed', attempts = attempts + 1,
                           next_at = NULL, lease_owner = NULL, updated_at = $1
  WHERE seq = ANY ($2)`;

const UNREADABLE = `
  UPDATE conversations SET status = 'parked', cause = 'unreadable', next_at = NULL, lease_owner = NULL, updated_at = $1
  WHERE seq = ANY ($2)`;

const NEXT_DUE = {
  name: 'next_due',
  text: `
    SELECT min(at) AS at FROM unnest($1::text[]) AS wanted (name) CROSS JOIN LATERAL (
      SELECT min(next_at) AS at FROM conversations WHERE provider = wanted.name AND next_at IS NOT NULL
    ) AS earliest`,
};

/** One look into the index for each provider, however many conversations it has. */
const WORKING = `
  WITH RECURSIVE working (provider) AS (
    SELECT min(provider) FROM conversations WHERE next_at IS NOT NULL
    UNION ALL
    SELECT (SELECT min(provider) FROM conversations WHERE next_at IS NOT NULL AND provider > working.provider)
    FROM working WHERE working.provider IS NOT NULL
  ) SELECT provider FROM working WHERE provider IS NOT NULL`;
