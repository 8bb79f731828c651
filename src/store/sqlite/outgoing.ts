import type { DatabaseSync } from 'node:sqlite';
import type { OutgoingMessage, OutgoingQueue } from '../../domain/ports/outgoing-queue.ts';
import {
  columnsOf,
  countsByDestination,
  DESTINATION_STATES,
  DUE_DESTINATIONS,
  EXPIRED,
  IS_FIRST,
  notedOf,
  toDestinationState,
  toDueDestination,
  toOutgoingClaim,
} from '../outgoing.ts';
import type { Store } from './database.ts';

/** Stores a message inside the transaction under way. */
export function prepareEnqueue(database: DatabaseSync): (message: OutgoingMessage) => void {
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
