import type { Conversation, Lead, Status } from '../conversation/types.ts';
import type { Cause } from './port.ts';

/** Which conversations an operator means; all given parts have to hold. Times are milliseconds since the epoch. */
export type Filter = {
  readonly ids?: readonly string[];
  readonly status?: readonly Status[];
  readonly cause?: readonly Cause[];
  readonly site?: string;
  readonly partner?: string;
  readonly provider?: string;
  /** Stored at or after. */
  readonly since?: number;
  /** Stored before. */
  readonly until?: number;
  readonly phoneHash?: Uint8Array;
};

/** A conversation as operators see it, without personal data. */
export type LeadRecord = Conversation & {
  readonly site: string;
  readonly partner?: string;
  readonly provider: string;
  readonly cause?: Cause;
  /** A call ended without our knowing whether it arrived, or a lead that was delivered is sent again: lasting, over releases too. */
  readonly mayHaveArrived: boolean;
  /** Whether a process is attempting it now. */
  readonly leased: boolean;
  /** Personal data is gone: retention, erasure, or a number that was suppressed when it came. */
  readonly erased: boolean;
};

/** With what the consumer told us and the provider's own words; absent where erased or unreadable. */
export type LeadDetails = LeadRecord & { readonly lead?: Lead; readonly description?: string };

/** A page in order of storing, newest first. `next` is the cursor of the following page. */
export type LeadPage = { readonly items: readonly LeadRecord[]; readonly next?: string };

export type ConsentRecord = {
  readonly id: string;
  readonly site: string;
  readonly at: number;
  readonly text?: string;
  readonly version?: string;
  readonly pageUrl?: string;
  readonly origin?: string;
  /** No configured key opens the lead: whether it came with consent, and with which, cannot be told. */
  readonly unreadable?: true;
};

export type AuditEntry = {
  readonly at: number;
  /** `cli:<user>` or `admin`. */
  readonly actor: string;
  readonly action: 'replay' | 'release' | 'erase' | 'reveal' | 'suppress' | 'unsuppress' | 'consent_export';
  readonly count: number;
  /** What was meant, in words that tell no personal data: a filter, an id. */
  readonly detail: string;
};

/** Leads that are not where they should end, and what holds them up. */
export type OpenCounts = {
  readonly byStatus: Readonly<Record<'queued' | 'held' | 'unknown' | 'parked', number>>;
  /** When the longest waiting `queued` lead was stored; absent where none is queued. */
  readonly oldestQueuedAt?: number;
  readonly parkedProviders: readonly string[];
};

export type Stats = {
  readonly byStatus: Readonly<Record<Status, number>>;
  /** When the longest waiting `queued` lead was stored; absent where none is queued. */
  readonly oldestQueuedAt?: number;
  readonly suppressions: number;
  readonly parkedProviders: readonly string[];
};

/** A cursor that no page of this store gave. */
export class InvalidCursor extends Error {
  constructor() {
    super('The cursor is not one that a page of this list gave.');
    this.name = 'InvalidCursor';
  }
}

/** What operators, retention and erasure need of a store. Every change comes with its audit entry, in the same transaction. */
export interface RecordStore {
  /** @throws InvalidCursor, as all lists */
  list(filter: Filter, page: { limit: number; after?: string }): Promise<LeadPage>;
  count(filter: Filter): Promise<number>;
  show(id: string): Promise<LeadDetails | undefined>;
  /** As `show`, leaving an audit entry: personal data was looked at. */
  reveal(id: string, audit: AuditEntry): Promise<LeadDetails | undefined>;
  /**
   * Queues conversations to be sent (again), due at once, with a fresh schedule; that a call for one may have arrived is
   * not forgotten. Leased, queued and erased ones are left
   * alone, and without a status in the filter only those that wait for a person are meant. At most `limit` a call, oldest
   * first; gives the ids that were queued. The audit entry gets their number; where there were none it is left out.
   */
  requeue(filter: Filter, limit: number, audit: AuditEntry): Promise<readonly string[]>;
  /**
   * Removes every trace of a number: leads, texts, hashes, counters, idempotency records; also from the write-ahead log
   * and from free pages. What was not final becomes `rejected` with reason `other`, and an attempt under way can no longer
   * settle. Gives how many conversations were erased, also in the audit entry. Resolves only when no byte is left.
   *
   * @throws StorageUnavailable also when somebody reads the storage for so long that the log cannot be emptied. The
   *   erasure itself stands then, and calling again finishes it.
   */
  erase(phoneHash: Uint8Array, options: { now: number; audit: AuditEntry }): Promise<number>;
  /** Conversations with consent, or which nobody can read, oldest first, of those whose personal data is still there. */
  consents(
    filter: Filter,
    page: { limit: number; after?: string },
  ): Promise<{ items: readonly ConsentRecord[]; next?: string }>;
  /** Counts everything; may take a while. */
  stats(): Promise<Stats>;
  /** Quick however many leads are stored. */
  openCounts(): Promise<OpenCounts>;
  /** Removes the personal data of leads that became final before `before`, at most `limit` a call; gives how many. */
  expire(before: number, limit: number): Promise<number>;
  /** Removes idempotency records and uses that are over, and counters of days that are past; gives how many. */
  purge(now: number, limit: number): Promise<number>;
  /** Makes sure that no byte is left of what `expire` and `purge` removed. @throws StorageUnavailable as `erase` */
  scrub(): Promise<void>;
  /** Newest first. */
  audit(page: { limit: number; after?: string }): Promise<{ items: readonly AuditEntry[]; next?: string }>;
  record(audit: AuditEntry): Promise<void>;
}
