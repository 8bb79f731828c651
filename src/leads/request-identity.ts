import type { Lead } from '../domain/lead.ts';
import type { RequestKey } from '../domain/ports/lead-store.ts';
import type { Hashing } from './hashing.ts';
import { ENOUGH_BITS, varietyBits } from './key-variety.ts';

/** A network that an address lies in: an IPv4 /24, or an IPv6 /56 or /48. `name` is its first address and its prefix. */
export type Network = { readonly prefix: 24 | 48 | 56; readonly name: string };

/** The scope within which an `Idempotency-Key` means the same request, and what tells requests without a key apart. */
export type IdempotencyScope = {
  /** A partner's back end, or a visitor's browser. */
  readonly kind: 'partner' | 'visitor';
  /** The partner's id, or the site's key. */
  readonly id: string;
  /** IPv4 address or IPv6 /64, normalised. */
  readonly address: string;
  /** The networks above the address, nearest first; absent where no counter needs them. */
  readonly networks?: readonly Network[];
  readonly idempotencyKey?: string;
};

export type RequestIdentity = {
  readonly request: RequestKey;
  readonly keyed: boolean;
  /** The key as a string, for maps in memory. */
  readonly name: string;
};

/** How long an `Idempotency-Key` is remembered: twice the 24 h that are promised, so that no clock makes it less. */
const KEYED_MS = 48 * 3_600_000;
/** How long the same lead from the same place counts as the same click where there is no key. */
const KEYLESS_MS = 600_000;

/**
 * What makes a request the same as an earlier one: its `Idempotency-Key` within its scope, or, without a key, the
 * scope, the address and the lead together. The scope of a visitor's key is the site, because phones change networks. A key that
 * a stranger could guess is scoped by address as well; otherwise the stranger could use it up with another lead.
 */
export function identify(hashing: Hashing, lead: Lead, requester: IdempotencyScope, now: number): RequestIdentity {
  const scope = `${requester.kind}:${requester.id}`;
  const keyed = requester.idempotencyKey !== undefined;
  const key = keyed
    ? hashing.idempotencyKey(scopeOfKey(scope, requester, requester.idempotencyKey), requester.idempotencyKey)
    : hashing.keylessRequest(scope, requester.address, lead);
  // Without a key the lead is part of the key itself: there is nothing left to compare.
  const fingerprint = keyed ? hashing.fingerprint(lead) : key;
  const expiresAt = now + (keyed ? KEYED_MS : KEYLESS_MS);
  return { request: { key, fingerprint, expiresAt }, keyed, name: key.toString('latin1') };
}

/** Keys of sites contain no space. */
function scopeOfKey(scope: string, { kind, address }: IdempotencyScope, key: string): string {
  return kind === 'visitor' && varietyBits(key) < ENOUGH_BITS ? `${scope} ${address}` : scope;
}
