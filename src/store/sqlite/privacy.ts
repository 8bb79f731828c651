import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StorageUnavailable } from '../../domain/ports/outbox.ts';
import type { ErasureStore, RetentionStore, SuppressionStore } from '../../domain/ports/privacy-store.ts';
import { dayOf } from '../../lib/clock.ts';
import { cutPage, placeBefore, toSuppression } from '../rows.ts';
import { REMOVE_UNUSED, UNUSED_MS } from '../settle.ts';
import type { Wait } from './batch.ts';
import { BLANK_REQUEST, IS_FINAL, isHashOfNumber, SEQS_OF_NUMBER, type Store, shelfOf } from './database.ts';
import { BLANK_ATTEMPTS } from './history.ts';
import { prepareErasedCallbacks } from './outgoing.ts';
import { prepareAudit } from './records.ts';
import { collect, type Slice, slicesDown, slicesUp } from './slices.ts';

/** How long readers of other programs may keep the write-ahead log from being emptied, and how often it is tried. */
export const EMPTY_LOG_WITHIN_MS = 60_000;
const EMPTY_LOG_POLL_MS = 20;

/** Leads that one transaction erases; each takes some 50 µs. */
const ERASED_AT_ONCE = 200;

/**
 * Erases in steps, so that no statement stops the event loop for long: a number is looked for slice by slice, and its leads are
 * blanked in several transactions. The last one also takes leads that came meanwhile, and writes the audit entry. If the process
 * ends before, the operator gets no answer and erases again.
 */
export function createErasure({ database, writer, read, emptyLog }: Store): ErasureStore {
  const writeAudit = prepareAudit(database);
  const removePersonal = prepareRemovePersonal(database);
  const newest = database.prepare('SELECT max(seq) AS seq FROM leads');
  const ofNumber = database.prepare(SEQS_OF_NUMBER);
  const stop = database.prepare(
    `UPDATE conversations SET status = 'rejected', reason = 'other', cause = 'erased', updated_at = ?,
                              next_at = NULL, lease_owner = NULL, fence = fence + 1
     WHERE seq = ? AND NOT ${IS_FINAL}`,
  );
  const blankRequest = database.prepare(BLANK_REQUEST);
  const removeHashes = prepareRemoveHashes(database);
  const storeCallbacks = prepareErasedCallbacks(database);

  const newestSeq = (): number => (newest.get()?.seq as number | null) ?? 0;
  const seqsIn = ({ low, high }: Slice, phoneHash: Uint8Array): number[] =>
    ofNumber.all(shelfOf(low), shelfOf(high - 1), phoneHash, phoneHash).map(({ seq }) => seq as number);
  const eraseLeads = (seqs: readonly number[], now: number): void => {
    for (const seq of seqs) {
      stop.run(now, seq);
      // With the reference, which is removed next.
      storeCallbacks(seq, now);
      removePersonal(seq);
      blankRequest.run(seq);
    }
  };

  return {
    async erase(phoneHash, { now, audit }) {
      const searched = await read(newestSeq);
      const found = await collect(read, slicesUp(searched), Number.POSITIVE_INFINITY, (slice) =>
        seqsIn(slice, phoneHash),
      );
      for (let from = 0; from < found.length; from += ERASED_AT_ONCE) {
        await writer.write(() => eraseLeads(found.slice(from, from + ERASED_AT_ONCE), now));
      }
      const erased = await writer.write(() => {
        // Also leads of the shelf that was being filled, which may have come after it was searched. The others are blank by now.
        const later = seqsIn({ low: Math.max(1, searched), high: newestSeq() + 1 }, phoneHash);
        eraseLeads(later, now);
        removeHashes(phoneHash);
        const count = found.length + later.length;
        writeAudit({ ...audit, count });
        return count;
      });
      await emptyLog();
      return erased;
    },
  };
}

/** Gives a function that removes the requests of suppressed leads and the counters of a number, in the transaction under way. */
function prepareRemoveHashes(database: DatabaseSync): (phoneHash: Uint8Array) => void {
  const requests = database.prepare(
    'SELECT seq FROM requests WHERE substr(phone_hash, 1, 1) = substr(?, 1, 1) AND phone_hash = ?',
  );
  const blankRequest = database.prepare(BLANK_REQUEST);
  const removePersonal = prepareRemovePersonal(database);
  const counters = database.prepare(
    `WITH RECURSIVE days (day) AS (
       SELECT min(day) FROM counters WHERE day IS NOT NULL
       UNION ALL
       SELECT (SELECT min(day) FROM counters WHERE day > days.day) FROM days WHERE days.day IS NOT NULL
     )
     SELECT place FROM days CROSS JOIN counters USING (day)
     WHERE substr(coalesce(phone_hash, key), 1, 2) = substr(?, 1, 2) AND phone_hash = ?`,
  );
  const blankCounter = database.prepare(`${BLANK_COUNTERS} WHERE place = ?`);
  return (phoneHash) => {
    for (const { seq } of requests.all(phoneHash, phoneHash)) {
      removePersonal(seq as number);
      blankRequest.run(seq as number);
    }
    for (const { place } of counters.all(phoneHash, phoneHash)) blankCounter.run(place as number);
  };
}

/** Removes counters. Deleting the rows would move others. */
const BLANK_COUNTERS = 'UPDATE counters SET day = NULL, key = NULL, phone_hash = NULL';

export function createRetention({ database, writer, emptyLog }: Store): RetentionStore {
  const removePersonal = prepareRemovePersonal(database);
  const expired = database.prepare(
    `SELECT seq FROM conversations WHERE ${IS_FINAL} AND personal = 1 AND updated_at < ?
     ORDER BY updated_at LIMIT ?`,
  );
  const expiredReferences = database.prepare(
    'SELECT seq FROM lead_references WHERE suppressed_at < ? ORDER BY suppressed_at LIMIT ?',
  );
  const expiredRequests = database.prepare(
    'SELECT seq FROM requests WHERE expires_at <= ? ORDER BY expires_at LIMIT ?',
  );
  const blankRequest = database.prepare(BLANK_REQUEST);
  const purgeUses = database.prepare(
    'DELETE FROM uses WHERE key IN (SELECT key FROM uses WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)',
  );
  const purgeCounters = database.prepare(
    `${BLANK_COUNTERS} WHERE place IN (SELECT place FROM counters WHERE day < ? LIMIT ?)`,
  );
  const purgeTallies = database.prepare('DELETE FROM tallies WHERE n = 0');
  const purgeMessages = database.prepare(REMOVE_UNUSED.replace('$1', '?'));
  return {
    expire(before, limit) {
      return writer.write(() => {
        const rows = expired.all(before, limit);
        rows.push(...expiredReferences.all(before, limit - rows.length));
        for (const { seq } of rows) removePersonal(seq as number);
        return rows.length;
      });
    },
    purge(now, limit) {
      return writer.write(() => {
        const requests = expiredRequests.all(now, limit);
        for (const { seq } of requests) blankRequest.run(seq as number);
        const removed = requests.length + Number(purgeUses.run(now, limit - requests.length).changes);
        purgeTallies.run();
        purgeMessages.run(now - UNUSED_MS);
        return removed + Number(purgeCounters.run(dayOf(now), limit - removed).changes);
      });
    },
    scrub: emptyLog,
  };
}

export function createSuppressions({ database, writer, read, emptyLog }: Store): SuppressionStore {
  const writeAudit = prepareAudit(database);
  const insert = database.prepare('INSERT INTO suppressions (phone_hash, created_at) VALUES (?, ?)');
  const find = database.prepare(`SELECT place FROM suppressions WHERE ${isHashOfNumber('?')}`);
  // Deleting the row would move others.
  const blank = database.prepare('UPDATE suppressions SET phone_hash = NULL, created_at = NULL WHERE place = ?');
  const newest = database.prepare('SELECT max(place) AS place FROM suppressions');
  const list = database.prepare(
    `SELECT place AS seq, phone_hash, created_at FROM suppressions
     WHERE place >= ? AND place < ? AND phone_hash IS NOT NULL ORDER BY place DESC LIMIT ?`,
  );
  return {
    suppress: (phoneHash, audit) =>
      writer.write(() => {
        if (find.get(phoneHash, phoneHash)) return false;
        insert.run(phoneHash, audit.at);
        writeAudit(audit);
        return true;
      }),
    async unsuppress(phoneHash, audit) {
      const found = await writer.write(() => {
        const row = find.get(phoneHash, phoneHash);
        if (!row) return false;
        blank.run(row.place as number);
        writeAudit(audit);
        return true;
      });
      await emptyLog();
      return found;
    },
    async suppressions({ limit, after }) {
      const last = await read(() => (newest.get()?.place as number | null) ?? 0);
      const rows = await collect(read, slicesDown(last, placeBefore(after)), limit + 1, ({ low, high }, missing) =>
        list.all(low, high, missing),
      );
      return cutPage(rows, limit, toSuppression);
    },
  };
}

/**
 * Gives a function that removes the personal data of a conversation, inside the transaction under way. Rows are blanked and not
 * deleted: a deletion makes SQLite move other leads between pages, which leaves copies of them behind.
 */
function prepareRemovePersonal(database: DatabaseSync): (seq: number) => void {
  const statements = [
    'UPDATE conversations SET personal = 0, message = 0, reference_hash = NULL WHERE seq = ?',
    'UPDATE leads SET phone_hash = NULL, lead_key = NULL, lead = NULL WHERE seq = ?',
    'UPDATE descriptions SET description = NULL WHERE seq = ? AND description IS NOT NULL',
    'UPDATE lead_references SET reference = NULL, suppressed_at = NULL WHERE seq = ? AND reference IS NOT NULL',
    BLANK_ATTEMPTS,
  ].map((sql) => database.prepare(sql));
  return (seq) => {
    for (const statement of statements) statement.run(seq);
  };
}

/**
 * Copies the write-ahead log into the database file and truncates it. Until then the log holds pages as they were before.
 *
 * @throws StorageUnavailable if a reader keeps the log in use for a minute
 */
export async function emptyLog(database: DatabaseSync, wait: Wait = setTimeout): Promise<void> {
  const checkpoint = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  for (let waited = 0; isBusy(checkpoint); waited += EMPTY_LOG_POLL_MS) {
    if (waited >= EMPTY_LOG_WITHIN_MS) {
      throw new StorageUnavailable('Another program reads the database, so its write-ahead log cannot be emptied.');
    }
    await new Promise<void>((resume) => wait(resume, EMPTY_LOG_POLL_MS));
  }
}

/** Runs by itself and not among the queries of its turn: a checkpoint cannot run inside a transaction. */
function isBusy(checkpoint: StatementSync): boolean {
  try {
    return checkpoint.get()?.busy !== 0;
  } catch (error) {
    throw new StorageUnavailable('The write-ahead log could not be emptied.', { cause: error });
  }
}
