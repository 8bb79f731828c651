import type { DatabaseSync } from 'node:sqlite';
import type { OutboxOptions } from '../options.ts';
import type { BatchWriter, Read } from './batch.ts';

/** What the parts of the adapter share: one connection, one batch writer, one reader. */
export type Store = OutboxOptions & {
  readonly database: DatabaseSync;
  readonly writer: BatchWriter;
  readonly read: Read;
  /** Resolves when no byte that was removed is left in the write-ahead log. @throws StorageUnavailable as `emptyLog` */
  readonly emptyLog: () => Promise<void>;
};

/** `unknowns` counts since the last release; `may_have_arrived` keeps what was counted before. */
export const MAY_HAVE_ARRIVED = '(may_have_arrived = 1 OR unknowns > 0)';

/** Conditions of partial indexes, spelled as there: SQLite uses such an index only for its very condition. */
export const IS_WAITING = "(status = 'held' OR status = 'unknown' OR status = 'parked')";
export const IS_PARKED = "status = 'parked' AND cause = 'provider'";
/** All that wait, but not for their first call: leads that it delivers are not indexed. */
export const WAITS_LONGER = `(${IS_WAITING.slice(1, -1)} OR (status = 'queued' AND (attempts > 0 OR lease_owner IS NULL)))`;
export const IS_FINAL = "(status = 'delivered' OR status = 'rejected')";

/** Shelves of the index of numbers: so many leads, one after the other, lie together in it (`migrations.ts`). */
const SHELF_BITS = 10;
export const shelfOf = (seq: number): number => Math.floor(seq / 2 ** SHELF_BITS);

/**
 * Selects `seq` of the leads of a number in a range of shelves. The index holds only the first byte of a hash, and a million
 * leads have a thousand shelves, which take some 20 ms to look through. The values are the first and the last shelf, and twice
 * the hash.
 */
export const SEQS_OF_NUMBER = `
  WITH RECURSIVE shelves (shelf) AS (SELECT ? UNION ALL SELECT shelf + 1 FROM shelves WHERE shelf < ?)
  SELECT seq FROM shelves CROSS JOIN leads
  ON seq >> ${SHELF_BITS} = shelf AND substr(phone_hash, 1, 1) = substr(?, 1, 1) AND phone_hash = ?`;

/** A condition on `suppressions`: its index holds two bytes of a hash. `hash` appears twice. */
export const isHashOfNumber = (hash: string): string =>
  `substr(suppressions.phone_hash, 1, 2) = substr(${hash}, 1, 2) AND suppressions.phone_hash = ${hash}`;

/** A condition on `counters`. The values are the day, the hash of the number or else the key, and the key. */
export const IS_COUNTER = 'day = ? AND substr(coalesce(phone_hash, key), 1, 2) = substr(?, 1, 2) AND key = ?';

/** Removes an idempotency record. Deleting the row would move others. */
export const BLANK_REQUEST =
  'UPDATE requests SET key = NULL, fingerprint = NULL, expires_at = NULL, phone_hash = NULL WHERE seq = ?';
