import type { Lease, LeaseStore, Settled, Settlement } from '../../domain/ports/delivery-queue.ts';
import type { Clock } from '../../lib/clock.ts';
import { type Row, STATE, toConversation } from '../rows.ts';
import {
  type AttemptRow,
  acceptsCredentials,
  createRecordedAcceptances,
  type Parking,
  type RecordedAcceptances,
  refusesCredentials,
  toAttemptRow,
  toSettled,
} from '../settle.ts';
import { createBatcher } from './batch.ts';
import { type Query, type Store, toColumns } from './database.ts';
import { retryLostConnection, StorageFault } from './faults.ts';
import { recordAttempts, recordMessages } from './history.ts';
import { recordAnswers } from './providers.ts';

type Settling = {
  readonly lease: Lease;
  readonly settlement: Settlement;
  /** The provider's own words, sealed. */
  readonly description: Buffer | null;
  /** The row that the settlement adds to the lead's history. */
  readonly attempt: AttemptRow | undefined;
  readonly now: number;
};

/**
 * Renewing and ending leases, in batches.
 *
 * @returns with `drain`, which resolves when no lease is being settled any more
 */
export function createLeases(store: Store, clock: Clock, batchMax?: number): LeaseStore & { drain(): Promise<void> } {
  const { database, vault, sealFormat, leaseMs, messageKey } = store;
  const recorded = createRecordedAcceptances();
  // Leases whose settlement may be committed: the next try takes what it finds of them for its own work.
  const maybeSettled = new Set<string>();

  const settleOnce = async (settlings: readonly Settling[], inDoubt: boolean): Promise<(Settled | undefined)[]> => {
    const ordered = needOrder(settlings, recorded);
    const inTransaction =
      ordered || settlings.some(({ settlement, attempt }) => settlement.message !== undefined || attempt !== undefined);
    const settledBefore = (name: string): boolean => inDoubt || maybeSettled.has(name);
    const run = (query: Query) => settleBatch(query, settlings, { settledBefore, ordered, messageKey });
    const settled = await (inTransaction ? database.transaction(run) : run(database.write));
    for (const [index, { lease, settlement }] of settlings.entries()) {
      maybeSettled.delete(nameOf(lease));
      // The answer of a stale lease is not recorded.
      if (settled[index] && acceptsCredentials(settlement)) recorded.add(lease.provider, settlement.account);
    }
    return settled;
  };

  const batcher = createBatcher<Settling, Settled | undefined>(
    (settlings) =>
      retryLostConnection(clock, async (inDoubt) => {
        try {
          return await settleOnce(settlings, inDoubt);
        } catch (error) {
          if (error instanceof StorageFault && error.inDoubt)
            for (const { lease } of settlings) maybeSettled.add(nameOf(lease));
          throw error;
        }
      }),
    { max: batchMax, onCommit: store.onCommit },
  );

  return {
    async renew(leases, now) {
      await database.write(RENEW, [now + leaseMs, leases.map(({ id }) => id), leases.map(({ fence }) => fence)]);
    },
    settle(lease, settlement, now) {
      const { description: text } = settlement;
      const description = text === undefined ? null : vault.sealText(lease.id, 'description', text, sealFormat());
      const attempt = toAttemptRow(lease, settlement, vault, sealFormat());
      return batcher.write({ lease, settlement, description, attempt, now });
    },
    drain: batcher.drain,
  };
}

/** A lease as one word. */
function nameOf({ id, fence }: Pick<Lease, 'id' | 'fence'>): string {
  return `${id} ${fence}`;
}

const nameOfRow = (row: Row): string => nameOf(row as Pick<Lease, 'id' | 'fence'>);

/** Whether the answers have to be recorded in their order: refusals, and acceptances that are not recorded yet. */
function needOrder(settlings: readonly Settling[], recorded: Pick<RecordedAcceptances, 'has'>): boolean {
  return settlings.some(
    ({ lease: { provider }, settlement }) =>
      refusesCredentials(settlement) || (acceptsCredentials(settlement) && !recorded.has(provider, settlement.account)),
  );
}

type Context = {
  /** Whether an earlier try to settle the lease of that name may have been committed. */
  readonly settledBefore: (name: string) => boolean;
  readonly ordered: boolean;
  readonly messageKey: Store['messageKey'];
};

/**
 * Ends leases; gives the result of each, or `undefined` if the lease was stale.
 *
 * @param query of a transaction if they are `ordered`, have messages or add to a history; otherwise one statement writes everything
 */
async function settleBatch(
  query: Query,
  settlings: readonly Settling[],
  { settledBefore, ordered, messageKey }: Context,
): Promise<(Settled | undefined)[]> {
  const closed = new Set((await query(CLOSE, toColumns(settlings, closingValues(ordered), 11))).map(nameOfRow));
  const inDoubt = settlings
    .map(({ lease }) => lease)
    .filter((lease) => !closed.has(nameOf(lease)) && settledBefore(nameOf(lease)));
  const earlier = await closedBefore(query, inDoubt);
  const answers = settlings.filter(({ lease }) => closed.has(nameOf(lease)));
  const said = answers.flatMap(({ lease: { id, provider }, settlement: { message: text }, now }) =>
    text === undefined ? [] : [{ id, provider, text, now }],
  );
  if (said.length > 0) await recordMessages(query, said, messageKey);
  const parked: ReadonlyMap<string, Parking> = ordered ? await recordAnswers(query, answers) : new Map();
  const attempted = answers.flatMap(({ lease: { id }, settlement: { dueAt }, attempt, now }) =>
    attempt === undefined ? [] : [{ attempt, now, dueAt: parked.has(id) ? undefined : dueAt }],
  );
  await recordAttempts(query, attempted);
  return settlings.map(({ lease, settlement, now }) => {
    const name = nameOf(lease);
    if (!closed.has(name)) return earlier.get(name);
    return toSettled(lease, settlement, now, parked.get(lease.id) ?? 'in-use');
  });
}

/** The result of settling these leases, if an earlier try of ours was committed. */
async function closedBefore(query: Query, leases: readonly Lease[]): Promise<Map<string, Settled>> {
  if (leases.length === 0) return new Map();
  const values = toColumns(leases, ({ id, fence }) => [id, fence], 2);
  const rows = await query(CLOSED_BEFORE, values);
  return new Map(
    rows.map((row) => [
      nameOfRow(row),
      { conversation: toConversation(row), parkedProvider: row.just_parked as boolean },
    ]),
  );
}

/** If the order does not matter, an answer that accepts the credentials ends the streak of refusals in the same statement. */
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
      !ordered && acceptsCredentials(settlement),
    ];
  };

/** Rows are locked in one order, so that other transactions with several rows wait for this one and never in a circle. */
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
          unknowns = conversations.unknowns + ended.unknowns, message = 0, lease_owner = NULL, taken_over = false
      FROM ended, held
      WHERE conversations.seq = held.seq AND conversations.id = ended.id AND conversations.fence = ended.fence
      RETURNING conversations.seq, conversations.id, conversations.fence, provider, ended.description, ended.accepted,
                ended.status = 'delivered' AND attempts > ended.calls AS late
    ), outdated AS (
      DELETE FROM descriptions USING closed
      WHERE closed.late AND closed.description IS NULL AND descriptions.seq = closed.seq
    ), described AS (
      INSERT INTO descriptions (seq, description) SELECT seq, description FROM closed WHERE description IS NOT NULL
      ON CONFLICT (seq) DO UPDATE SET description = excluded.description
    ), cleared AS (
      UPDATE providers SET streak = '[]'
      WHERE id IN (SELECT provider FROM closed WHERE accepted) AND streak <> '[]' AND parked_at IS NULL
    )
    SELECT id, fence FROM closed`,
};

/**
 * The fence matches and no lease is held: this lease already settled the conversation. A provider is parked at the same time as
 * the lead that parked it.
 */
const CLOSED_BEFORE = `
  SELECT fence, ${STATE}, coalesce(cause = 'provider', false) AND EXISTS (
           SELECT 1 FROM providers WHERE providers.id = provider AND parked_at = updated_at
         ) AS just_parked
  FROM conversations JOIN unnest($1::text[], $2::integer[]) AS v (id, fence) USING (id, fence)
  WHERE lease_owner IS NULL`;

const RENEW = {
  name: 'renew',
  text: `
    UPDATE conversations SET next_at = $1 FROM unnest($2::text[], $3::integer[]) AS v (id, fence)
    WHERE conversations.id = v.id AND conversations.fence = v.fence AND lease_owner IS NOT NULL`,
};
