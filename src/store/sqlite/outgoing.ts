import type { DatabaseSync } from 'node:sqlite';
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
import type { Store } from './database.ts';

/** Stores a message inside the transaction under way. */
function prepareEnqueue(database: DatabaseSync): (message: OutgoingMessage) => void {
  const insert = database.prepare(
    `INSERT INTO outgoing (id, destination, ordering, body, created_at, expires_at, next_at) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO NOTHING`,
  );
  return (message) => void insert.run(...columnsOf(message));
}

/** The queue of outgoing messages. */
export function createOutgoing({ database, writer, read, owner, leaseMs }: Store): OutgoingQueue {
  const enqueue = prepareEnqueue(database);
  const due = database.prepare(DUE_DESTINATIONS);
  const states = database.prepare(DESTINATION_STATES);
  const claim = database.prepare(
    `UPDATE outgoing SET lease_owner = ?, next_at = ?, fence = fence + 1
     WHERE seq IN (SELECT one.seq FROM outgoing AS one
                   WHERE one.destination = ? AND one.next_at <= ? AND ${IS_FIRST} ORDER BY one.next_at, one.seq LIMIT ?)
     RETURNING *`,
  );
  const remove = database.prepare('DELETE FROM outgoing WHERE id = ? AND fence = ? AND lease_owner = ?');
  const postpone = database.prepare(
    `UPDATE outgoing SET next_at = ?, attempts = attempts + 1, lease_owner = NULL
     WHERE id = ? AND fence = ? AND lease_owner = ?`,
  );
  // The messages behind one move with it, so that looking for the next due message does not pass over them again and again.
  const moveFollowers = database.prepare(
    'UPDATE outgoing SET next_at = ? WHERE destination = ? AND ordering = ? AND lease_owner IS NULL',
  );
  const note = database.prepare(
    `INSERT INTO outgoing_results (destination, delivered_at, failed_at, failure) VALUES (?, ?, ?, ?)
     ON CONFLICT (destination) DO UPDATE SET delivered_at = coalesce(excluded.delivered_at, delivered_at),
                                             failed_at = coalesce(excluded.failed_at, failed_at),
                                             failure = coalesce(excluded.failure, failure)`,
  );
  const expire = database.prepare(
    `DELETE FROM outgoing WHERE seq IN (
       SELECT seq FROM outgoing WHERE expires_at <= ? AND (lease_owner IS NULL OR next_at <= ?) ORDER BY expires_at LIMIT ?)
     RETURNING destination`,
  );

  return {
    enqueue: (messages) =>
      writer.write(() => {
        for (const message of messages) enqueue(message);
      }),
    dueDestinations: () => read(() => due.all().map(toDueDestination)),
    claimOutgoing: (destination, limit, now) =>
      writer.write(() =>
        claim
          .all(owner, now + leaseMs, destination, now, limit)
          .toSorted((a, b) => Number(a.seq) - Number(b.seq))
          .map(toOutgoingClaim),
      ),
    settleOutgoing: ({ id, fence, destination, ordering }, result, now) =>
      writer.write(() => {
        const nextAt = result.kind === 'postponed' ? result.dueAt : now;
        const { changes } =
          result.kind === 'postponed' ? postpone.run(nextAt, id, fence, owner) : remove.run(id, fence, owner);
        if (changes === 0) return false;
        if (ordering !== undefined) moveFollowers.run(nextAt, destination, ordering);
        const { deliveredAt, failedAt, failure } = notedOf(result, now);
        note.run(destination, deliveredAt, failedAt, failure);
        return true;
      }),
    dropExpired: (now, limit) =>
      writer.write(() => {
        const counts = countsByDestination(expire.all(now, now, limit));
        for (const destination of counts.keys()) note.run(destination, null, now, EXPIRED);
        return counts;
      }),
    destinationStates: () => read(() => states.all().map(toDestinationState)),
  };
}

/** What operators were told, and which conditions the processes see. */
export function createAlerts({ database, writer, read, owner }: Store): AlertStore {
  const enqueue = prepareEnqueue(database);
  const told = database.prepare('SELECT condition, target, since, told_at FROM told ORDER BY condition, target');
  const insert = database.prepare(
    'INSERT INTO told (condition, target, since, told_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const remind = database.prepare('UPDATE told SET told_at = ? WHERE condition = ? AND target = ? AND told_at <= ?');
  const clear = database.prepare('DELETE FROM told WHERE condition = ? AND target = ?');
  const forgetOwn = database.prepare('DELETE FROM reported WHERE reporter = ?');
  const forgetOld = database.prepare('DELETE FROM reported WHERE seen_at < ?');
  const report = database.prepare('INSERT INTO reported (condition, reporter, since, seen_at) VALUES (?, ?, ?, ?)');
  const reported = database.prepare(
    'SELECT condition, min(since) AS since FROM reported WHERE seen_at >= ? GROUP BY condition ORDER BY condition',
  );

  return {
    told: () => read(() => told.all().map(toToldAlert)),
    tell: ({ condition, target, message, toldBefore }, now) =>
      writer.write(() => {
        const { changes } =
          toldBefore === undefined
            ? insert.run(condition, target, now, now)
            : remind.run(now, condition, target, toldBefore);
        if (changes === 0) return false;
        enqueue(message);
        return true;
      }),
    tellCleared: ({ condition, target, message }) =>
      writer.write(() => {
        if (clear.run(condition, target).changes === 0) return false;
        enqueue(message);
        return true;
      }),
    report: (conditions, now, forgetBefore) =>
      writer.write(() => {
        forgetOwn.run(owner);
        forgetOld.run(forgetBefore);
        for (const { condition, since } of conditions) report.run(condition, owner, since, now);
      }),
    reported: (seenAfter) => read(() => reported.all(seenAfter).map(toReportedCondition)),
  };
}

/** The receivers of changes of leads. Triggers store the messages (`migrations.ts`). */
export function createCallbacks({ database, writer, read }: Store): CallbackStore {
  const stored = database.prepare('SELECT destination, partner, site FROM subscribers WHERE stored = 0');
  const clear = database.prepare('DELETE FROM subscribers WHERE stored = 0');
  const insert = database.prepare('INSERT OR REPLACE INTO subscribers (destination, partner, site) VALUES (?, ?, ?)');
  return {
    async subscribe(subscribers) {
      if (sameSubscribers(await read(() => stored.all()), subscribers)) return;
      await writer.write(() => {
        clear.run();
        for (const { destination, partner, site } of subscribers)
          insert.run(destination, partner ?? null, site ?? null);
      });
    },
  };
}

/** Gives a function that stores the messages about an erased conversation, inside the transaction under way. */
export function prepareErasedCallbacks(database: DatabaseSync): (seq: number, now: number) => void {
  const insert = database.prepare(
    `INSERT INTO outgoing (id, destination, ordering, body, created_at, expires_at, next_at)
     SELECT id, destination, ordering,
       json_object('type', 'conversation.erased', 'timestamp', json_extract(data, '$.updatedAt'), 'data', json(data)),
       ?1, ?1 + 259200000, ?1
     FROM callbacks WHERE seq = ?2`,
  );
  return (seq, now) => void insert.run(now, seq);
}
