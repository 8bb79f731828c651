import type { Account, Lease, Settled, Settlement } from '../port.ts';
import { settledConversation } from '../settled.ts';
import { lengthen, PROBE_EVERY_MS, type Proven, prove, readProof, readStreak } from '../streak.ts';
import { columns } from './columns.ts';
import type { Query, Row } from './database.ts';
import { STATE, toConversation } from './store.ts';

export type Settling = {
  readonly lease: Lease;
  readonly settlement: Settlement;
  /** The provider's own words, sealed. */
  readonly description: Buffer | null;
  readonly now: number;
};

type Context = {
  /** Whether an earlier try at the lease of that name may have been committed. */
  readonly before: (name: string) => boolean;
  /** Whether they need a transaction around their statements. */
  readonly ordered: boolean;
};

/** A lease as one word. */
export function nameOf({ id, fence }: Pick<Lease, 'id' | 'fence'>): string {
  return `${id} ${fence}`;
}

const nameOfRow = (row: Row): string => nameOf(row as Pick<Lease, 'id' | 'fence'>);

type OfAccount = Settlement & { readonly account: Account };

export function accepts(settlement: Settlement): settlement is OfAccount {
  return settlement.credentials === 'accepted' && settlement.account !== undefined;
}

function refuses(settlement: Settlement): settlement is OfAccount {
  return settlement.credentials === 'refused' && settlement.account !== undefined;
}

/** Whether these have to be counted in their order: refusals, and what proves credentials that are not yet proven. */
export function haveAnOrder(settlings: readonly Settling[], proven: Pick<Proven, 'has'>): boolean {
  return settlings.some(
    ({ lease: { provider }, settlement }) =>
      refuses(settlement) || (accepts(settlement) && !proven.has(provider, settlement.account)),
  );
}

/**
 * Ends leases; gives for each what became of it, or `undefined` where it was stale.
 *
 * @param query of a transaction where they are `ordered`; else one statement writes all
 */
export async function settleBatch(
  query: Query,
  settlings: readonly Settling[],
  { before, ordered }: Context,
): Promise<(Settled | undefined)[]> {
  const closed = new Set((await query(CLOSE, columns(settlings, closingValues(ordered), 11))).map(nameOfRow));
  const earlier = await closedBefore(
    query,
    settlings.map(({ lease }) => lease).filter((lease) => !closed.has(nameOf(lease)) && before(nameOf(lease))),
  );
  const ours = settlings.filter(({ lease }) => closed.has(nameOf(lease)));
  const parked = await creditStreaks(query, ordered ? ours : []);
  return settlings.map(({ lease, settlement, now }) => {
    const name = nameOf(lease);
    const verdict = parked.get(name);
    const left: Settlement = verdict
      ? { status: 'parked', cause: 'provider', attempted: settlement.attempted }
      : settlement;
    if (!closed.has(name)) return earlier.get(name);
    return { conversation: settledConversation(lease, left, now), parkedProvider: verdict === 'just' };
  });
}

/** How the holders of these leases left them, where an earlier try of ours was committed. */
async function closedBefore(query: Query, leases: readonly Lease[]): Promise<Map<string, Settled>> {
  const rows =
    leases.length === 0
      ? []
      : await query(
          CLOSED_BEFORE,
          columns(leases, ({ id, fence }) => [id, fence], 2),
        );
  return new Map(
    rows.map((row) => [
      nameOfRow(row),
      { conversation: toConversation(row), parkedProvider: row.just_parked as boolean },
    ]),
  );
}

/**
 * Counts what the answers said of their provider's credentials, in their order. Any other answer breaks the row of
 * refusals, so that one odd merchant between good leads parks nobody. What was refused by a parked provider is parked.
 */
async function creditStreaks(query: Query, settlings: readonly Settling[]): Promise<Map<string, 'parked' | 'just'>> {
  const parked = new Map<string, 'parked' | 'just'>();
  // Rows of providers are locked in one order, too.
  const byProvider = settlings.toSorted((a, b) => (a.lease.provider < b.lease.provider ? -1 : 1));
  for (const { lease, settlement, now } of byProvider) {
    const { id, provider } = lease;
    if (accepts(settlement)) {
      const row = await lockProvider(query, provider);
      const more = prove(row.proof, settlement.account);
      if (more) await query(SET_PROOF, [provider, JSON.stringify(more)]);
      await query(CLEAR, [provider]);
    }
    if (!refuses(settlement)) continue;
    const row = await lockProvider(query, provider);
    if (row.parked) {
      parked.set(nameOf(lease), 'parked');
      continue;
    }
    const { credentials, refusals, parks } = lengthen(row.streak, row.proof, settlement.account, id);
    const parking = parks ? [now, now + PROBE_EVERY_MS] : [null, null];
    await query(SET_STREAK, [provider, JSON.stringify(refusals), ...parking, credentials]);
    if (parks) parked.set(nameOf(lease), 'just');
  }
  if (parked.size > 0) await query(PARK, [[...parked.keys()].map((name) => name.split(' ')[0])]);
  return parked;
}

async function lockProvider(query: Query, provider: string) {
  const [row] = await query(STREAK, [provider]);
  const { streak, parked_at: parkedAt, credentials, proof } = row as Row;
  return {
    parked: parkedAt !== null,
    streak: readStreak(credentials, streak),
    proof: readProof(proof),
  };
}

/** Where they have no order, what accepts the credentials may break the row of refusals in the same statement. */
const closingValues =
  (ordered: boolean) =>
  ({ lease, settlement, description, now }: Settling): unknown[] => {
    const { status, reason, cause, dueAt, attempted, repeatable } = settlement;
    return [
      lease.id,
      lease.fence,
      status,
      reason,
      cause,
      dueAt,
      now,
      attempted ? 1 : 0,
      repeatable ? 1 : 0,
      description,
      !ordered && accepts(settlement),
    ];
  };

/** Rows are locked in one order, so that whoever else writes several waits for us and not in a circle with us. */
const CLOSE = {
  name: 'close',
  text: `
    WITH ended AS (
      SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
                           $8::integer[], $9::integer[], $10::bytea[], $11::boolean[])
        AS v (id, fence, status, reason, cause, due_at, now, calls, unknowns, description, accepted)
    ), held AS MATERIALIZED (
      SELECT conversations.seq FROM conversations JOIN ended USING (id, fence) WHERE lease_owner IS NOT NULL
      ORDER BY conversations.seq FOR UPDATE OF conversations
    ), closed AS (
      UPDATE conversations
      SET status = ended.status, reason = ended.reason, cause = ended.cause, next_at = ended.due_at, updated_at = ended.now,
          attempts = attempts + ended.calls, tries = tries + ended.calls,
          unknowns = conversations.unknowns + ended.unknowns, lease_owner = NULL, taken_over = false
      FROM ended, held
      WHERE conversations.seq = held.seq AND conversations.id = ended.id AND conversations.fence = ended.fence
      RETURNING conversations.seq, conversations.id, conversations.fence, provider, ended.description, ended.accepted
    ), described AS (
      INSERT INTO descriptions (seq, description) SELECT seq, description FROM closed WHERE description IS NOT NULL
      ON CONFLICT (seq) DO UPDATE SET description = excluded.description
    ), cleared AS (
      UPDATE providers SET streak = '[]'
      WHERE id IN (SELECT provider FROM closed WHERE accepted) AND streak <> '[]' AND parked_at IS NULL
    )
    SELECT id, fence FROM closed`,
};

/** Without a lease and under its fence, a conversation is as the holder of that lease left it, or later. Who parks a provider does it at one time with its lead. */
const CLOSED_BEFORE = `
  SELECT fence, ${STATE}, coalesce(cause = 'provider', false) AND EXISTS (
           SELECT 1 FROM providers WHERE providers.id = provider AND parked_at = updated_at
         ) AS just_parked
  FROM conversations JOIN unnest($1::text[], $2::integer[]) AS v (id, fence) USING (id, fence)
  WHERE lease_owner IS NULL`;

const CLEAR = {
  name: 'clear_streak',
  text: `UPDATE providers SET streak = '[]' WHERE id = $1 AND streak <> '[]' AND parked_at IS NULL`,
};

/** The provider's row, locked; one that changes nothing where there was none. */
const STREAK = `
  INSERT INTO providers (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET streak = providers.streak
  RETURNING streak, parked_at, credentials, proof`;

const SET_PROOF = 'UPDATE providers SET proof = $2 WHERE id = $1';

const SET_STREAK = 'UPDATE providers SET streak = $2, parked_at = $3, probe_at = $4, credentials = $5 WHERE id = $1';

const PARK = `UPDATE conversations SET status = 'parked', cause = 'provider', next_at = NULL WHERE id = ANY ($1)`;
