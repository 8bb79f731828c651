import type { AlertStore, CallbackStore, OutgoingMessage, OutgoingQueue } from '../../domain/ports/outgoing-queue.ts';
import {
  columnsOf,
  countsByDestination,
  DESTINATION_STATES,
  DUE_DESTINATIONS,
  EXPIRED,
  IS_FIRST,
  notedOf,
  sameSubscribers,
  toDestinationState,
  toDueDestination,
  toOutgoingClaim,
  toReportedCondition,
  toToldAlert,
} from '../outgoing.ts';
import { type Query, type Store, toColumns } from './database.ts';

const WIDTH = 7;

/** The values of `ENQUEUE`. */
function enqueueValues(messages: readonly OutgoingMessage[]): unknown[][] {
  return toColumns(messages, columnsOf, WIDTH);
}

/** The queue of outgoing messages. */
export function createOutgoing({ database, owner, leaseMs }: Store): OutgoingQueue {
  return {
    async enqueue(messages) {
      await database.write(ENQUEUE, enqueueValues(messages));
    },
    async dueDestinations() {
      return (await database.read(DUE)).map(toDueDestination);
    },
    async claimOutgoing(destination, limit, now) {
      const rows = await database.write(CLAIM, [owner, now + leaseMs, destination, now, limit]);
      return rows.toSorted((a, b) => Number(a.seq) - Number(b.seq)).map(toOutgoingClaim);
    },
    async settleOutgoing({ id, fence }, result, now) {
      const { deliveredAt, failedAt, failure } = notedOf(result, now);
      const noted = [id, fence, now, deliveredAt, failedAt, failure];
      const rows =
        result.kind === 'postponed'
          ? await database.write(POSTPONE, [...noted, result.dueAt])
          : await database.write(REMOVE, noted);
      return rows.length === 1;
    },
    async dropExpired(now, limit) {
      return countsByDestination(await database.write(EXPIRE, [now, limit, EXPIRED]));
    },
    async destinationStates() {
      return (await database.read(DESTINATION_STATES)).map(toDestinationState);
    },
  };
}

/** Arrays of the columns, as `enqueueValues` gives them. */
const ENQUEUE = {
  name: 'enqueue',
  text: `
    INSERT INTO outgoing (id, destination, ordering, body, created_at, expires_at, next_at)
    SELECT id, destination, ordering, body, created_at, expires_at, due_at
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[]) WITH ORDINALITY
      AS v (id, destination, ordering, body, created_at, expires_at, due_at, n)
    ORDER BY n ON CONFLICT (id) DO NOTHING`,
};

const DUE = { name: 'due_destinations', text: DUE_DESTINATIONS };

const CLAIM = {
  name: 'claim_outgoing',
  text: `
    WITH due AS (
      SELECT one.seq FROM outgoing AS one
      WHERE one.destination = $3 AND one.next_at <= $4 AND ${IS_FIRST}
      ORDER BY one.next_at, one.seq LIMIT $5 FOR UPDATE OF one SKIP LOCKED
    )
    UPDATE outgoing SET lease_owner = $1, next_at = $2, fence = fence + 1
    FROM due WHERE outgoing.seq = due.seq RETURNING outgoing.*`,
};

/** Notes the result of `ended` for its destination. */
const NOTE = `
  INSERT INTO outgoing_results AS noted (destination, delivered_at, failed_at, failure)
  SELECT destination, $4::bigint, $5::bigint, $6::text FROM ended
  ON CONFLICT (destination) DO UPDATE SET delivered_at = coalesce(excluded.delivered_at, noted.delivered_at),
                                          failed_at = coalesce(excluded.failed_at, noted.failed_at),
                                          failure = coalesce(excluded.failure, noted.failure)`;

/** The messages behind one move with it, so that looking for the next due message does not pass over them again and again. */
const moveFollowers = (to: string): string => `
  UPDATE outgoing SET next_at = ${to} FROM ended
  WHERE outgoing.destination = ended.destination AND outgoing.ordering = ended.ordering AND outgoing.seq > ended.seq
    AND outgoing.lease_owner IS NULL`;

const REMOVE = {
  name: 'remove_outgoing',
  text: `
    WITH ended AS (
      DELETE FROM outgoing WHERE id = $1 AND fence = $2 AND lease_owner IS NOT NULL RETURNING seq, destination, ordering
    ), moved AS (${moveFollowers('$3::bigint')}), noted AS (${NOTE})
    SELECT seq FROM ended`,
};

const POSTPONE = {
  name: 'postpone_outgoing',
  text: `
    WITH ended AS (
      UPDATE outgoing SET next_at = $7, attempts = attempts + 1, lease_owner = NULL
      WHERE id = $1 AND fence = $2 AND lease_owner IS NOT NULL AND $3::bigint IS NOT NULL
      RETURNING seq, destination, ordering
    ), moved AS (${moveFollowers('$7')}), noted AS (${NOTE})
    SELECT seq FROM ended`,
};

const EXPIRE = `
  WITH ended AS (
    DELETE FROM outgoing WHERE seq IN (
      SELECT seq FROM outgoing WHERE expires_at <= $1 AND (lease_owner IS NULL OR next_at <= $1)
      ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING destination
  ), noted AS (
    INSERT INTO outgoing_results AS noted (destination, failed_at, failure)
    SELECT DISTINCT destination, $1::bigint, $3::text FROM ended
    ON CONFLICT (destination) DO UPDATE SET failed_at = excluded.failed_at, failure = excluded.failure
  )
  SELECT destination FROM ended`;

/** What operators were told, and which conditions the processes see. */
export function createAlerts({ database, owner }: Store): AlertStore {
  /** Enqueues the message if the statement changed a row, in one transaction. */
  const tellIf = (
    message: Parameters<AlertStore['tellCleared']>[0]['message'],
    change: (query: Query) => ReturnType<Query>,
  ): Promise<boolean> =>
    database.transaction(async (query) => {
      if ((await change(query)).length === 0) return false;
      await query(ENQUEUE, enqueueValues([message]));
      return true;
    });

  return {
    async told() {
      return (await database.read(TOLD)).map(toToldAlert);
    },
    tell: ({ condition, target, message, toldBefore }, now) =>
      tellIf(message, (query) =>
        toldBefore === undefined
          ? query(FIRST, [condition, target, now])
          : query(REMIND, [condition, target, now, toldBefore]),
      ),
    tellCleared: ({ condition, target, message }) => tellIf(message, (query) => query(CLEAR, [condition, target])),
    report: (conditions, now, forgetBefore) =>
      database.transaction(async (query) => {
        await query(FORGET, [owner, forgetBefore]);
        const columns = toColumns(conditions, ({ condition, since }) => [condition, since], 2);
        await query(REPORT, [...columns, owner, now]);
      }),
    async reported(seenAfter) {
      return (await database.read(REPORTED, [seenAfter])).map(toReportedCondition);
    },
  };
}

const TOLD = 'SELECT condition, target, since, told_at FROM told ORDER BY condition, target';

const FIRST = `
  INSERT INTO told (condition, target, since, told_at) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING RETURNING target`;

const REMIND = `
  UPDATE told SET told_at = $3 WHERE condition = $1 AND target = $2 AND told_at <= $4 RETURNING target`;

const CLEAR = 'DELETE FROM told WHERE condition = $1 AND target = $2 RETURNING target';

const FORGET = 'DELETE FROM reported WHERE reporter = $1 OR seen_at < $2';

const REPORT = `
  INSERT INTO reported (condition, reporter, since, seen_at)
  SELECT condition, $3, since, $4 FROM unnest($1::text[], $2::bigint[]) AS v (condition, since)`;

const REPORTED = `
  SELECT condition, min(since) AS since FROM reported WHERE seen_at >= $1 GROUP BY condition ORDER BY condition`;

/** The receivers of changes of leads. Triggers store the messages (`migrations.ts`). */
export function createCallbacks({ database }: Store): CallbackStore {
  return {
    async subscribe(subscribers) {
      if (
        sameSubscribers(
          await database.read('SELECT destination, partner, site FROM subscribers WHERE NOT stored'),
          subscribers,
        )
      )
        return;
      await database.transaction(async (query) => {
        // Other replicas wait: two that replace the rows at once would insert the same ones.
        await query('LOCK TABLE subscribers IN SHARE ROW EXCLUSIVE MODE');
        await query('DELETE FROM subscribers WHERE NOT stored');
        await query(
          `INSERT INTO subscribers (destination, partner, site) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
           ON CONFLICT (destination) DO UPDATE SET partner = excluded.partner, site = excluded.site, stored = false`,
          toColumns(subscribers, ({ destination, partner, site }) => [destination, partner, site], 3),
        );
      });
    },
  };
}

/** Stores the messages about erased conversations, inside the transaction under way. */
export async function storeErasedCallbacks(query: Query, seqs: readonly unknown[]): Promise<void> {
  await query('SELECT store_callbacks($1, true)', [seqs]);
}
