import { MAY_HAVE_ARRIVED } from './store.ts';

/** Leases the rows of `chosen` and gives them with their leads. $1 is the stamp of the leases, $2 now, $3 their end. */
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

/** Each of the providers $4 its share $5, and $6 at most. What another replica has locked is being claimed there. */
export const CLAIM = {
  name: 'claim',
  text: leasing(`
    SELECT seq, due_at FROM unnest($4::text[]) AS wanted (name) CROSS JOIN LATERAL (
      SELECT seq, next_at AS due_at FROM conversations WHERE provider = wanted.name AND next_at <= $2
      ORDER BY next_at LIMIT $5 FOR UPDATE SKIP LOCKED
    ) AS waiting LIMIT $6`),
};

// A lead whose own answers cannot be read says nothing of its region: the one with the fewest of those goes ahead.
export const CLAIM_TRUSTWORTHY = {
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

export const CLAIM_PROBE = {
  name: 'claim_probe',
  text: leasing(`
    SELECT seq, updated_at AS due_at FROM conversations
    WHERE status = 'parked' AND provider = $4 AND cause = 'provider' AND personal
      AND (lease_owner IS NULL OR next_at <= $2)
    ORDER BY updated_at LIMIT 1 FOR UPDATE SKIP LOCKED`),
};
