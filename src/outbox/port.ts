import type { Use } from '../conversation/screening.ts';
import type { Conversation, Lead, RejectionReason, Status } from '../conversation/types.ts';
import type { AuditEntry, RecordStore } from './records.ts';

/**
 * The durable store of leads, as the rooms that use it see it: each port is what one of them needs. Every method rejects
 * with `StorageUnavailable` when the storage cannot be trusted right now; then nothing was stored. Times are
 * milliseconds since the epoch.
 */

/**
 * The right to attempt one conversation. It is over when it was settled, or when another fence was handed out. Until then
 * nobody changes what it tells of the conversation, so that settling has nothing to look up.
 */
export type Lease = {
  readonly id: string;
  readonly fence: number;
  readonly provider: string;
  /** Calls made before it. */
  readonly attempts: number;
  readonly createdAt: number;
};

/** Why a conversation waits for a person, or was never sent: one stable word for operators. */
export type Cause =
  | 'phone_cap'
  | 'site_cap'
  | 'suspect'
  | 'suppressed'
  | 'refused'
  | 'schedule'
  | 'provider'
  | 'unreadable'
  | 'repeats'
  | 'erased';

/** Counters that a lead is counted on, by UTC day. Past `max` it is held, past ten times `max` refused; a visitor is refused at once. */
export type Cap = { readonly kind: 'phone' | 'site' | 'visitor'; readonly key: Uint8Array; readonly max: number };

/** What makes two requests the same one. All values are keyed hashes: nothing here tells who wrote. */
export type RequestKey = {
  /** Hash of the scope and the `Idempotency-Key`, or of scope, address and lead where there is none. */
  readonly key: Uint8Array;
  /** Hash of the lead; another one under the same key is a mistake of the caller. */
  readonly fingerprint: Uint8Array;
  readonly expiresAt: number;
};

/**
 * How a new lead starts: with the caller waiting for its attempt, later, behind a provider that needs a person, or as a
 * suspect that a person has to release.
 */
export type Start =
  | { readonly kind: 'leased' }
  | { readonly kind: 'due'; readonly at: number }
  | { readonly kind: 'parked' }
  | { readonly kind: 'held' };

export type Intake = {
  readonly lead: Lead;
  readonly phoneHash: Uint8Array;
  readonly request: RequestKey;
  readonly caps: readonly Cap[];
  readonly start: Start;
  /** What the lead uses up: used before, nothing is stored. */
  readonly uses?: readonly Use[];
};

/** A request that is already known: its lead as it is now, or `reused` where it brought another lead. */
export type Known =
  | { readonly kind: 'known'; readonly conversation: Conversation; readonly underWay: boolean }
  | { readonly kind: 'reused' };

export type Accepted =
  | Known
  /** Stored. Without a lease it waits: held, parked, due later, or rejected because its number is suppressed. */
  | { readonly kind: 'stored'; readonly conversation: Conversation; readonly lease?: Lease }
  /** Ten times over a cap, or a visitor over the day's maximum: nothing was stored. */
  | { readonly kind: 'over'; readonly cap: Cap['kind'] }
  /** Another lead used that up before: nothing was stored. */
  | { readonly kind: 'used'; readonly use: Use['kind'] };

/** What taking leads in needs. */
export interface IntakeStore {
  /** Looks a request up without storing anything. */
  lookup(request: RequestKey, now: number): Promise<Known | undefined>;
  /**
   * In one transaction: is the request known, is something used a second time, is the number suppressed, which caps are
   * reached, and the lead stored.
   * Resolves only after the commit is on disk.
   */
  accept(intake: Intake, now: number): Promise<Accepted>;
  /** How many leads of this UTC day were counted on the counter with that key. */
  counted(key: Uint8Array, now: number): Promise<number>;
}

/** Where an attempt leaves a conversation. */
export type Settlement = {
  readonly status: Status;
  readonly reason?: RejectionReason;
  readonly cause?: Cause;
  /** When a `queued` conversation is tried again; set exactly for those. */
  readonly dueAt?: number;
  /** The provider's own words, for operators; it goes with the lead's personal data. */
  readonly description?: string;
  /** Whether a call was made: only those count as attempts and as steps of the schedule. */
  readonly attempted: boolean;
  /** Whether the call may have arrived without our knowing. */
  readonly repeatable?: boolean;
  /** What the answer said of the provider's credentials, where it said anything. */
  readonly credentials?: 'refused' | 'accepted';
  /** What the call logged in with. Set where `credentials` are still the ones in use: of others nothing is concluded. */
  readonly account?: Account;
};

export type Account = {
  /** Hash of the credentials. */
  readonly credentials: string;
  /** Whom the lead was for, as one word. */
  readonly target: string;
};

export type Settled = {
  readonly conversation: Conversation;
  /** This answer was one refusal too many (`streak.ts`): the provider is parked from now on. */
  readonly parkedProvider: boolean;
};

/** A leased conversation that somebody has to attempt. */
export type Claim = {
  readonly lease: Lease;
  readonly lead: Lead;
  /** Calls since it was stored or last released: its place in the retry schedule. */
  readonly tries: number;
  /** Calls since then whose outcome nobody knows. */
  readonly unknowns: number;
  /** As of a `LeadRecord`: a release does not make it false. */
  readonly mayHaveArrived: boolean;
  /** The previous owner died holding it: whether it was sent is unknown. */
  readonly expired: boolean;
  /** Its number is suppressed: it must not be sent. */
  readonly suppressed: boolean;
};

/** What delivering needs. */
export interface Queue {
  /**
   * Leases up to `limit` conversations of these providers that are due, longest due first, each provider its share. While
   * `probing` whether a region is back, those come first whose earlier calls say least against themselves.
   * What waits for a suppressed number has no lead: its turn ends it as `rejected` after one more attempt, and nobody is given it.
   */
  claim(request: {
    providers: readonly string[];
    limit: number;
    now: number;
    probing?: boolean;
  }): Promise<readonly Claim[]>;
  /** Leases the parked conversation of a parked provider that was not tried for longest, to find out whether its credentials work again. */
  claimProbe(provider: string, now: number): Promise<Claim | undefined>;
  /** Extends leases that are still ours; those that are not are left alone. */
  renew(leases: readonly Lease[], now: number): Promise<void>;
  /** Records how a lease ended. A stale lease changes nothing and gives `undefined`. */
  settle(lease: Lease, settlement: Settlement, now: number): Promise<Settled | undefined>;
  /** When the next conversation of these providers is due, or a lease on one runs out. */
  nextDue(providers: readonly string[]): Promise<number | undefined>;
  /** Names of all providers that some conversation is queued or leased for. */
  providersWithWork(): Promise<readonly string[]>;
}

/** A provider account as the store knows it, shared by all processes. */
export type ProviderState = {
  readonly id: string;
  readonly parkedAt: number;
  /** When the next probe is due. */
  readonly probeAt: number;
  /** Hash of the credentials that were refused; others release everything. */
  readonly credentials: string;
};

/** What parking a provider needs. */
export interface ProviderStore {
  parked(): Promise<readonly ProviderState[]>;
  /** Puts a probe that is due at `now` off until `probeAt`; gives whether it was: of all who ask at once, one is told so, and may probe. */
  postponeProbe(provider: string, now: number, probeAt: number): Promise<boolean>;
  /** Parks queued conversations of a parked provider, at most `limit` at a time; gives how many. */
  parkQueued(provider: string, limit: number, now: number): Promise<number>;
  /** The provider is in use again. */
  unpark(provider: string, now: number): Promise<void>;
  /** Queues conversations that only waited for a provider which is no longer parked, at most `limit` at a time. */
  releaseWaiting(provider: string, limit: number, now: number): Promise<number>;
}

/** The storage is full, read-only, locked, damaged or gone: nothing was stored, and the caller should try again later. */
export class StorageUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageUnavailable';
  }
}

export type Suppression = { readonly phoneHash: Buffer; readonly createdAt: number };

/** Numbers that must never be sent, known by their keyed hash alone. What changes the list leaves its audit entry, in the same transaction. */
export interface SuppressionStore {
  /** Gives whether it is new. */
  suppress(phoneHash: Uint8Array, audit: AuditEntry): Promise<boolean>;
  /**
   * Gives whether it was there. Resolves only when its hash is in no byte of the storage.
   *
   * @throws StorageUnavailable as `erase`: the removal stands then, and calling again finishes it
   */
  unsuppress(phoneHash: Uint8Array, audit: AuditEntry): Promise<boolean>;
  suppressions(): Promise<readonly Suppression[]>;
}

/** Everything that an adapter provides; each room takes only the part that it needs. */
export interface Outbox extends IntakeStore, Queue, ProviderStore, SuppressionStore, RecordStore {
  find(id: string): Promise<Conversation | undefined>;
  /** Whether its hashes are made with the key of this check value. Whoever asks first decides. */
  isHashedWith(check: Uint8Array): Promise<boolean>;
  /** Resolves when a write succeeded just now. */
  ready(): Promise<void>;
  /** Calls `wake` when another process left work to do, until `close`; a store that nobody else works on never does. */
  watch(wake: () => void): void;
  /** Commits what is under way and lets go of the storage. */
  close(): Promise<void>;
}
