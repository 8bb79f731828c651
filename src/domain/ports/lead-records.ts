import type { Conversation, Lead, Status } from '../lead.ts';
import type { AttemptFacts, Cause } from './delivery-queue.ts';

/** Selects conversations: all given conditions have to hold. Times are milliseconds since the epoch. */
export type Filter = {
  readonly ids?: readonly string[];
  readonly status?: readonly Status[];
  readonly cause?: readonly Cause[];
  readonly site?: string;
  readonly partner?: string;
  readonly provider?: string;
  /** Only test leads, or none of them. */
  readonly test?: boolean;
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
  /** A call ended with an unknown outcome, or a delivered lead is sent again. It stays true over releases. */
  readonly mayHaveArrived: boolean;
  /** Whether a process attempts it now. */
  readonly leased: boolean;
  /** The personal data is gone: by retention, by erasure, or because the number was suppressed when the lead came. */
  readonly erased: boolean;
};

/** The most recent attempts that a lead keeps. A retry schedule has fewer; releases and probes of a parked account add to it. */
export const ATTEMPTS_KEPT = 100;
/** The most recent audit entries that the history of a lead shows. */
export const AUDITED_SHOWN = 100;

/** An attempt of a lead's history. Such rows are removed together with the lead's personal data. */
export type PastAttempt = AttemptFacts & {
  /** Counts the calls of the lead from 1. */
  readonly number: number;
  readonly at: number;
  /** When the retry schedule wanted the next try; absent if none followed by itself. */
  readonly dueAt?: number;
  /** The provider's own words; absent if there were none, or if no configured key opens them. */
  readonly description?: string;
};

/**
 * A record with the lead and the provider's own words; both are absent if erased or unreadable.
 * - `pastAttempts`: oldest first, without the delivery of a lead by its first call
 * - `audited`: what operators did with this lead, oldest first
 */
export type LeadDetails = LeadRecord & {
  readonly lead?: Lead;
  readonly description?: string;
  readonly pastAttempts: readonly PastAttempt[];
  readonly audited: readonly AuditEntry[];
};

/** Which page of a list: at most `limit` items after the cursor `after`. */
export type PageRequest = { readonly limit: number; readonly after?: string };

/** A page of a list. `next` is the cursor of the following page; the last page has none. */
export type Page<Item> = { readonly items: readonly Item[]; readonly next?: string };

export type ConsentRecord = {
  readonly id: string;
  readonly test?: true;
  readonly site: string;
  readonly at: number;
  readonly text?: string;
  readonly version?: string;
  readonly pageUrl?: string;
  readonly origin?: string;
  /** No configured key opens the lead, so its consent is not known. */
  readonly unreadable?: true;
};

export type AuditEntry = {
  readonly at: number;
  /** `cli:<user>`, or the name of an operator. */
  readonly actor: string;
  readonly action:
    | 'replay'
    | 'release'
    | 'retry'
    | 'erase'
    | 'reveal'
    | 'suppress'
    | 'unsuppress'
    | 'consent_export'
    | 'rewrap'
    | 'look_up'
    /** An entry of the configuration was stored or removed. */
    | 'configure';
  readonly count: number;
  /** What the action was applied to, without personal data: a filter or an id. */
  readonly detail: string;
};

/** Conversations that are not final, and the parked providers. */
export type OpenCounts = {
  readonly byStatus: Readonly<Record<'queued' | 'held' | 'unknown' | 'parked', number>>;
  /** When the oldest `queued` lead was stored; absent if none is queued. A lead is not regarded while its first call is made. */
  readonly oldestQueuedAt?: number;
  readonly parkedProviders: readonly string[];
};

export type Stats = Omit<OpenCounts, 'byStatus'> & {
  readonly byStatus: Readonly<Record<Status, number>>;
  readonly suppressions: number;
  /** Test leads of any status; they are in no other count. */
  readonly testLeads: number;
};

/**
 * Conversations as operators see them. Every method of the ports of this file rejects with `StorageUnavailable`, and every
 * list also with `InvalidCursor`.
 */
export interface LeadRecords {
  /** Newest first. */
  list(filter: Filter, page: PageRequest): Promise<Page<LeadRecord>>;
  count(filter: Filter): Promise<number>;
  show(id: string): Promise<LeadDetails | undefined>;
  /** As `show`, and writes the audit entry in the same transaction: personal data is looked at. */
  reveal(id: string, audit: AuditEntry): Promise<LeadDetails | undefined>;
}

export interface RequeueStore {
  /**
   * Queues conversations to be sent (again): due at once, with a fresh retry schedule. `mayHaveArrived` stays true. Leased,
   * queued and erased conversations are left alone; a filter without a status selects only those that wait for a person. At
   * most `limit` a call, oldest first; gives the ids that were queued. Their number goes into the audit entry, which is
   * written in the same transaction and left out if nothing was queued. From then on a released suspect counts on the
   * counters of its number and its site of that day, and no longer on those of suspects.
   */
  requeue(filter: Filter, limit: number, audit: AuditEntry): Promise<readonly string[]>;
  /**
   * Makes queued conversations due at once; their place in the retry schedule stays. Leased conversations and those that are
   * due already are left alone; gives the ids that changed. The audit entry is written as for `requeue`.
   */
  retry(ids: readonly string[], audit: AuditEntry): Promise<readonly string[]>;
}

export interface ConsentStore {
  /** Conversations with consent, and those that no key opens, oldest first, as long as their personal data is stored. */
  consents(filter: Filter, page: PageRequest): Promise<Page<ConsentRecord>>;
  /** How many conversations `consents` gives on all pages. */
  countConsents(filter: Filter): Promise<number>;
  /**
   * Notes for some conversations of earlier versions whether they came with a consent, so that `consents` need not decrypt
   * them. Gives the cursor of the following ones; `undefined` at the end.
   */
  flagConsents(cursor?: string): Promise<string | undefined>;
}

/** What conversations are counted by. */
export const DIMENSIONS = ['provider', 'status', 'cause', 'message', 'site'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

/** How many conversations agree in these. A dimension without a value is absent. */
export type Tally = { readonly [Name in Dimension]?: string } & { readonly count: number };

/**
 * Conversations of an account that wait for the same cause after the same message of the provider. `oldestAt`: when the oldest of
 * them was stored; absent if all are in their first call.
 */
export type WaitingGroup = Tally & { readonly oldestAt?: number };

export interface StatsStore {
  /** Counts by the given dimensions, most first, without test leads, as all counts of this port. A message has no text until leads of several numbers got it. */
  tallies(by: readonly Dimension[]): Promise<readonly Tally[]>;
  /** All conversations that are not final, by account, status, cause and message; most first. */
  waiting(): Promise<readonly WaitingGroup[]>;

  /** Both are quick however many leads are stored. */
  stats(): Promise<Stats>;
  openCounts(): Promise<OpenCounts>;
}

export interface AuditStore {
  /** Newest first. */
  audit(page: PageRequest): Promise<Page<AuditEntry>>;
  record(audit: AuditEntry): Promise<void>;
}

/** Selects conversations of one partner: all given conditions have to hold. Times are milliseconds since the epoch. */
export type PartnerFilter = {
  readonly partner: string;
  readonly status?: Status;
  /** Only test leads, or none of them. */
  readonly test?: boolean;
  /** The partner's own id, exactly. Several leads may have the same. */
  readonly reference?: string;
  /** Stored at or after. */
  readonly since?: number;
  /** Stored before. */
  readonly until?: number;
};

/** A conversation as the partner that sent its lead sees it. */
export type PartnerRecord = Conversation & {
  /** Absent if the partner sent none, or if it was erased with the lead. */
  readonly reference?: string;
  /** A call ended with an unknown outcome, or a delivered lead is sent again. */
  readonly mayHaveArrived: boolean;
};

export interface PartnerRecords {
  /**
   * The conversations of a partner, newest first, from an index: a page costs what it holds. The cursor is the id of the last
   * conversation of a page. Rejects with `StorageUnavailable`, and with `InvalidCursor` for an id that is not the partner's.
   */
  listOfPartner(filter: PartnerFilter, page: PageRequest): Promise<Page<PartnerRecord>>;
}
