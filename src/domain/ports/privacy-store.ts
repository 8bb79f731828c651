import type { AuditEntry, Page, PageRequest } from './lead-records.ts';

export type Suppression = { readonly phoneHash: Buffer; readonly createdAt: number };

/** Every method of the ports of this file rejects with `StorageUnavailable`. */
export interface ErasureStore {
  /**
   * Removes every trace of a number: leads, texts, hashes, counters and idempotency records, also from the write-ahead log
   * and from free pages. A conversation that was not final becomes `rejected` with reason `other`, and an attempt under way
   * can no longer settle it. Gives how many conversations were erased; the audit entry gets that number, and is written at
   * the end. Resolves only when no byte is left.
   *
   * @throws StorageUnavailable also if another program reads the storage for so long that the removed bytes cannot be
   *   overwritten. The erasure itself is committed then; calling again finishes it.
   */
  erase(phoneHash: Uint8Array, options: { now: number; audit: AuditEntry }): Promise<number>;
}

/** The part of the store that retention uses. */
export interface RetentionStore {
  /** Removes the personal data of leads that became final before `before`, at most `limit` a call; gives how many. */
  expire(before: number, limit: number): Promise<number>;
  /** Removes expired idempotency records and uses, and counters of past days, at most `limit` a call; gives how many. */
  purge(now: number, limit: number): Promise<number>;
  /** Overwrites every byte that `expire` and `purge` removed. @throws StorageUnavailable as `erase` */
  scrub(): Promise<void>;
}

/**
 * Numbers that must never be sent, stored as keyed hashes alone. Each change writes its audit entry in the same transaction.
 */
export interface SuppressionStore {
  /** Gives whether the number is newly suppressed. */
  suppress(phoneHash: Uint8Array, audit: AuditEntry): Promise<boolean>;
  /**
   * Gives whether the number was suppressed. Resolves only when its hash is in no byte of the storage.
   *
   * @throws StorageUnavailable as `erase`: the removal is committed then, and calling again finishes it
   */
  unsuppress(phoneHash: Uint8Array, audit: AuditEntry): Promise<boolean>;
  /** Newest first. Rejects with `InvalidCursor` for a cursor that is none. */
  suppressions(page: PageRequest): Promise<Page<Suppression>>;
}
