import type { Conversation, Lead } from '../lead.ts';
import type { Lease } from './delivery-queue.ts';

/** Something that one lead may use up and no other: its key is random or a hash, and it cannot be presented after `expiresAt`. */
export type Use = { readonly kind: 'form_token' | 'proof'; readonly key: Uint8Array; readonly expiresAt: number };

/** Facts about a lead beside its content: whether a person should look at it first, and what it uses up. */
export type Screening = { readonly suspect: boolean; readonly uses: readonly Use[] };

/** The leads that the counter of a cap counts: those of a number at one site, of a number at all sites, of a site. */
export type CapKind = 'phone' | 'phone_total' | 'site';

/**
 * A counter of a UTC day that a lead is counted on. A lead beyond `max` is held; a lead beyond ten times `max` is refused. A
 * lead of a visitor, or of a network of visitors, is refused as soon as it exceeds `max`. The store counts a suspect on
 * counters of its own instead of those of its number and site, until it is released.
 */
export type Cap = { readonly kind: CapKind | 'visitor'; readonly key: Uint8Array; readonly max: number };

/** A counter that reached four fifths of its cap (`near`), or is beyond its cap (`reached`) or ten times it (`exceeded`). */
export type CapPressure = { readonly cap: CapKind; readonly level: 'near' | 'reached' | 'exceeded' };

/** The identity of a request. All values are keyed hashes, so they do not reveal who sent it. */
export type RequestKey = {
  /** Hash of the scope and the `Idempotency-Key`; without that header, hash of the scope, the address and the lead. */
  readonly key: Uint8Array;
  /** Hash of the lead. A request with a known key and another fingerprint is a mistake of the caller. */
  readonly fingerprint: Uint8Array;
  readonly expiresAt: number;
};

/**
 * How a new lead starts.
 * - `leased`: attempted at once, while its caller waits for the outcome
 * - `due`: attempted at a later time
 * - `parked`: waits for its parked provider
 * - `held`: a suspect that a person has to release
 */
export type Start =
  | { readonly kind: 'leased' }
  | { readonly kind: 'due'; readonly at: number }
  | { readonly kind: 'parked' }
  | { readonly kind: 'held' };

/** A validated lead that is to be stored, and what the decision about it depends on. */
export type NewLead = {
  readonly lead: Lead;
  readonly phoneHash: Uint8Array;
  readonly request: RequestKey;
  readonly caps: readonly Cap[];
  readonly start: Start;
  /** Form tokens and proofs that the lead uses up. The lead is not stored if one of them was used before. */
  readonly uses?: readonly Use[];
};

/**
 * The request was seen before. `known` carries its conversation as it is now; `underWay` says that another process still
 * attempts it for its waiting caller. `reused`: the same key came with another lead.
 */
export type Known =
  | { readonly kind: 'known'; readonly conversation: Conversation; readonly underWay: boolean }
  | { readonly kind: 'reused' };

export type Accepted =
  | Known
  /** Stored. A conversation without a lease is held, parked or due later. */
  | {
      readonly kind: 'stored';
      readonly conversation: Conversation;
      readonly lease?: Lease;
      /** The number is suppressed: the lead must not be sent, and only its conversation is stored. Set beside a lease. */
      readonly suppressed?: true;
      /** Caps that this lead came near or exceeded; absent if there are none. */
      readonly pressure?: readonly CapPressure[];
    }
  /** A cap was exceeded ten times, or a visitor's maximum of the day once. Nothing was stored. */
  | { readonly kind: 'over'; readonly cap: Cap['kind'] }
  /** Another lead used up that token or proof before. Nothing was stored. */
  | { readonly kind: 'used'; readonly use: Use['kind'] };

/** The part of the store that accepts leads. Every method rejects with `StorageUnavailable`. */
export interface LeadStore {
  /** Looks a request up without storing anything. */
  lookup(request: RequestKey, now: number): Promise<Known | undefined>;
  /**
   * Decides about a lead and stores it, in one transaction: whether the request is known, whether a token or proof was used
   * before, whether the number is suppressed, and which caps are reached. The caps are tested in their order: the first one
   * that refuses the lead is the one that is named. Resolves only after the commit is on disk.
   */
  accept(lead: NewLead, now: number): Promise<Accepted>;
  /** How many leads of this UTC day were counted on the counter with that key. */
  counted(key: Uint8Array, now: number): Promise<number>;
}
