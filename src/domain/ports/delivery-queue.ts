import type { Conversation, Lead, RejectionReason, Status } from '../lead.ts';
import type { OutcomeClass } from '../provider.ts';

/**
 * The right to attempt one conversation, with its fencing token `fence`. A lease ends when it is settled or when a newer
 * fence is handed out. While a lease runs, only its holder changes the fields repeated here, so settling reads nothing.
 */
export type Lease = {
  readonly id: string;
  readonly fence: number;
  readonly provider: string;
  /** Calls made to the provider before this lease. */
  readonly attempts: number;
  readonly createdAt: number;
};

/** How long a lease lasts unless it is renewed, in milliseconds; far longer than an attempt. */
export const LEASE_MS = 60_000;

/**
 * How far the clocks of two replicas may differ, in milliseconds: half a lease. Beyond that a replica could take over leases
 * that another one still holds.
 */
export function maxClockSkewMs(leaseMs: number): number {
  return leaseMs / 2;
}

/** How long a parked provider is left alone before one lead probes it, in milliseconds. */
export const PROBE_EVERY_MS = 600_000;

/** Why a conversation waits for a person, or was never sent: one stable word for operators. */
export type Cause =
  | 'phone_cap'
  | 'phone_total_cap'
  | 'site_cap'
  | 'suspect'
  | 'suppressed'
  | 'refused'
  | 'schedule'
  | 'provider'
  | 'unreadable'
  | 'repeats'
  | 'erased';

/** The credentials that a call logged in with, and the target that its lead was for. */
export type Account = {
  /** Hash of the credentials. */
  readonly credentials: string;
  /** Serialized target of the lead. */
  readonly target: string;
};

/** What a lead's history keeps of an attempt, besides its time, its next try and the provider's words. */
export type AttemptFacts = {
  readonly outcome: OutcomeClass;
  /** As in an `Outcome`; absent for a delivery. */
  readonly cause?: string;
  /** Absent if no status line arrived. */
  readonly httpStatus?: number;
  /** Absent if the process died during the attempt. */
  readonly durationMs?: number;
};

/** The state in which an attempt leaves a conversation. */
export type Settlement = {
  readonly status: Status;
  readonly reason?: RejectionReason;
  readonly cause?: Cause;
  /** When a `queued` conversation is tried again; set exactly for that status. */
  readonly dueAt?: number;
  /** The provider's own words, for operators; they are removed with the lead's personal data. */
  readonly description?: string;
  /** The provider's words without the lead's values, by which equal messages are counted (`Answer.message`). */
  readonly message?: string;
  /** Whether a call was made. Only calls count as attempts and as steps of the retry schedule. */
  readonly attempted: boolean;
  /** Recorded in the lead's history, unless the first call delivered the lead. */
  readonly facts?: AttemptFacts;
  /** Whether the call may have arrived although its outcome is unknown. */
  readonly repeatable?: boolean;
  /** The answer's verdict on the provider's credentials; absent if it has none. */
  readonly credentials?: 'refused' | 'accepted';
  /** Set if the call used the credentials that are still configured. An answer to other credentials proves nothing. */
  readonly account?: Account;
};

export type Settled = {
  readonly conversation: Conversation;
  /** Whether this answer completed the streak of refusals, so that the provider is parked from now on. */
  readonly parkedProvider: boolean;
};

/** A leased conversation that its holder has to attempt. */
export type Claim = {
  readonly lease: Lease;
  readonly lead: Lead;
  /** Calls since the conversation was stored or last released: its place in the retry schedule. */
  readonly tries: number;
  /** Calls since then whose outcome is unknown. */
  readonly unknowns: number;
  /** As in a `LeadRecord`; a release does not reset it. */
  readonly mayHaveArrived: boolean;
  /** The previous lease ran out, so its owner died: whether the lead was sent is unknown. */
  readonly expired: boolean;
  /** The number is suppressed, so the lead must not be sent. */
  readonly suppressed: boolean;
};

/** The part of the store that the delivery worker uses. Every method of the ports of this file rejects with `StorageUnavailable`. */
export interface DeliveryQueue {
  /**
   * Leases up to `limit` conversations of these providers that are due: those due longest first, an equal share for each
   * provider. With `probing` (an endpoint may be back), conversations with the fewest unknown outcomes come first.
   * A conversation that was stored for a suppressed number has no lead: its turn ends it as `rejected` after one more
   * attempt, and no claim is given for it.
   */
  claim(request: {
    providers: readonly string[];
    limit: number;
    now: number;
    probing?: boolean;
  }): Promise<readonly Claim[]>;
  /** When the next conversation of these providers is due, or when a lease on one runs out. */
  nextDue(providers: readonly string[]): Promise<number | undefined>;
  /** Names of all providers that have a queued or leased conversation. */
  providersWithWork(): Promise<readonly string[]>;
}

/** The part of the store that probes parked providers. */
export interface ProbeQueue {
  /** Leases the parked conversation of a parked provider that was tried least recently, to test the provider's credentials. */
  claimProbe(provider: string, now: number): Promise<Claim | undefined>;
}

/** The part of the store that holders of leases use. */
export interface LeaseStore {
  /** Extends leases that are still held; others are left alone. */
  renew(leases: readonly Lease[], now: number): Promise<void>;
  /** Ends a lease and records how it ended. A stale lease changes nothing and gives `undefined`. */
  settle(lease: Lease, settlement: Settlement, now: number): Promise<Settled | undefined>;
}

/** A parked provider account as the store knows it; all processes share it. */
export type ProviderState = {
  readonly id: string;
  readonly parkedAt: number;
  /** When the next probe is due. */
  readonly probeAt: number;
  /** Hash of the refused credentials. The provider is in use again once other credentials are configured. */
  readonly credentials: string;
};

/** Which providers are parked. Every method of the ports of this file rejects with `StorageUnavailable`. */
export interface ProviderStore {
  parked(): Promise<readonly ProviderState[]>;
  /**
   * Postpones a probe that is due at `now` until `probeAt`. Gives `true` to exactly one of the processes that ask at the same
   * time; that one may probe.
   */
  postponeProbe(provider: string, now: number, probeAt: number): Promise<boolean>;
  /** Puts the provider back into use. */
  unpark(provider: string, now: number): Promise<void>;
}

/** Moves conversations between a provider's queue and its parking. */
export interface ParkedLeadStore {
  /** Parks queued conversations of a parked provider, at most `limit` a call; gives how many. */
  parkQueued(provider: string, limit: number, now: number): Promise<number>;
  /** Queues conversations that waited only for a provider which is back in use, at most `limit` a call; gives how many. */
  releaseWaiting(provider: string, limit: number, now: number): Promise<number>;
}
