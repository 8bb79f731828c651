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
};

export type AuditEntry = {
  readonly at: number;
  /** `cli:<user>` or `admin`. */
  readonly actor: string;
  readonly action: 'replay' | 'release' | 'erase' | 'reveal' | 'suppress' | 'unsuppress' | 'consent_export';
  readonly count: number;
  /** What was meant, in words that tell no personal data: a filter, an id, the start of a hash. */
  readonly detail: string;
};

export type Stats = {
  readonly byStatus: Readonly<Record<Status, number>>;
  /** When the longest waiting `queued` lead was stored; absent where none is queued. */
  readonly oldestQueuedAt?: number;
  readonly suppressions: number;
  readonly parkedProviders: readonly string[];
};

/** What operators, retention and erasure need of a store. Every change comes with its audit entry, in the same transaction. */
export interface RecordStore {
  list(filter: Filter, page: { limit: number; after?: string }): Promise<LeadPage>;
  count(filter: Filter): Promise<number>;
  show(id: string): Promise<LeadDetails | undefined>;
  /** As `show`, leaving an audit entry: personal data was looked at. */
  reveal(id: string, audit: AuditEntry): Promise<LeadDetails | undefined>;
  /**
   * Queues conversations to be sent (again), due at once, with a fresh schedule. Leased, queued and erased ones are left
   * alone. At most `limit` a call, oldest first; gives the ids that were queued.
   */
  requeue(filter: Filter, limit: number, audit: AuditEntry): Promise<readonly string[]>;
  /**
   * Removes every trace of a number: leads, texts, hashes, counters, idempotency records; also from the write-ahead log
   * and from free pages. What was not final becomes `rejected` with reason `other`, and an attempt under way can no longer
   * settle. Gives how many conversations were erased. Resolves only when no byte is left.
   */
  erase(phoneHash: Uint8Array, options: { phone: string; now: number; audit: AuditEntry }): Promise<number>;
  /** Conversations with consent, oldest first, of those whose personal data is still there. */
  consents(
    filter: Filter,
    page: { limit: number; after?: string },
  ): Promise<{ items: readonly ConsentRecord[]; next?: string }>;
  stats(): Promise<Stats>;
  /** Removes the personal data of leads that became final before `before`, at most `limit` a call; gives how many. */
  expire(before: number, limit: number): Promise<number>;
  /** Removes idempotency records that are over and counters of days that are past; gives how many. */
  purge(now: number, limit: number): Promise<number>;
  /** Newest first. */
  audit(page: { limit: number; after?: string }): Promise<{ items: readonly AuditEntry[]; next?: string }>;
  record(audit: AuditEntry): Promise<void>;
}
