import { createHmac, createSecretKey } from 'node:crypto';
import type { Lead } from '../domain/lead.ts';
import { canonicalNumber } from '../domain/phone.ts';
import type { Cap, CapKind, RequestKey } from '../domain/ports/lead-store.ts';
import { isTestProvider, type ProviderAccount } from '../domain/provider.ts';
import { Refusal } from '../domain/refusal.ts';
import type { DailyMax } from '../domain/site.ts';
import { HOUR_MS, secondsToNextDay } from '../lib/clock.ts';
import { ENOUGH_BITS, varietyBits } from './key-variety.ts';

/**
 * Keyed hashes (HMAC-SHA-256 with `HASH_KEY`, 128 bits kept) of what has to be found again without being readable:
 * numbers, addresses, idempotency keys. Each purpose has its own prefix, so that hashes of different columns cannot be joined.
 */
export interface Hashing {
  /** A consumer's number, the same over all sites: suppression and erasure find it by this. */
  phone(e164: string): Buffer;
  /** The counter of one number at one site; `phone` is the number's hash. */
  phoneCap(site: string, phone: Buffer): Buffer;
  /** The counter of one number over all sites; `phone` is the number's hash. */
  phoneTotalCap(phone: Buffer): Buffer;
  siteCap(site: string): Buffer;
  /** The counter of one visitor, or of one network of visitors, at one site. */
  visitorCap(site: string, address: string): Buffer;
  /** The counter of one requester in a rate limit that replicas share. */
  limit(purpose: string, caller: string): Buffer;
  /** An `Idempotency-Key` within its scope: the partner, the site, or the site and an address. */
  idempotencyKey(scope: string, key: string): Buffer;
  /** A request without a key: the same scope, address and lead are the same request. */
  keylessRequest(scope: string, address: string, lead: Lead): Buffer;
  /** The validated lead. */
  fingerprint(lead: Lead): Buffer;
  /** The signature of a place in a list, which makes it a cursor of that list. */
  cursor(list: string, place: string): Buffer;
  /** A provider's message without the values of its lead. */
  message(text: string): Buffer;
  /** The check value of `HASH_KEY`, which does not reveal the key: shows whether another key is configured. */
  check(): Buffer;
  /** A key for the sessions of the operators' console, the same in every process. */
  sessionKey(): Buffer;
  /** A provider account's credentials: shows whether they have changed. */
  credentials(account: Pick<ProviderAccount, 'providerId' | 'username' | 'password'>): string;
}

export function createHashing(hashKey: Buffer): Hashing {
  // A key object is imported once. A buffer would be imported for every hash, at several times the cost of hashing.
  const key = createSecretKey(hashKey);
  const hash = (purpose: string, ...parts: readonly (string | Buffer)[]): Buffer => {
    // The lengths distinguish ("ab", "c") from ("a", "bc").
    const text = parts.map((part) =>
      typeof part === 'string' ? `${part.length}:${part}` : part.toString('base64url'),
    );
    // A digest as a buffer would allocate memory outside the heap, which costs as much as a hash; a string does not.
    const digest = createHmac('sha256', key)
      .update([purpose, ...text].join('\0'))
      .digest('binary');
    return Buffer.from(digest.slice(0, 16), 'binary');
  };
  // Sites come from the configuration, so there are few of them.
  const siteCaps = new Map<string, Buffer>();
  const siteCap = (site: string): Buffer => {
    const known = siteCaps.get(site) ?? hash('site-cap', site);
    siteCaps.set(site, known);
    return known;
  };
  const allSites = hash('phone-total-cap');
  return {
    phone: (e164) => hash('phone', canonicalNumber(e164)),
    phoneCap: (site, phone) => Buffer.concat([siteCap(site), phone]),
    phoneTotalCap: (phone) => Buffer.concat([allSites, phone]),
    siteCap,
    visitorCap: (site, address) => hash('visitor-cap', site, address),
    limit: (purpose, caller) => hash('limit', purpose, caller),
    idempotencyKey: (scope, key) => hash('idempotency', scope, key),
    keylessRequest: (scope, address, lead) => hash('keyless', scope, address, canonical(lead)),
    fingerprint: (lead) => hash('lead', canonical(lead)),
    cursor: (list, place) => hash('cursor', list, place),
    message: (text) => hash('message', text),
    check: () => hash('check'),
    sessionKey: () => hash('console-session'),
    credentials: ({ providerId, username, password }) =>
      hash('credentials', String(providerId), username, password).toString('base64url'),
  };
}

/**
 * The canonical text of a lead, which does not depend on the order of its listing's names. It leaves out `origin`, which is a
 * header; `reference`, since a partner that sends the same lead again may number it anew, and the consumer is to get one text; and
 * `targetFrom`: naming the site's default target gives the same lead. It has to contain every other field of
 * `Lead`; two leads that differ only in a missing field would count as the same.
 */
function canonical(lead: Lead): string {
  const { site, partner, provider, target, placementId, phone, firstName, lastName, question } = lead;
  const { listing, consent, page } = lead;
  return JSON.stringify([
    site,
    partner,
    provider,
    target,
    placementId,
    phone.e164,
    firstName,
    lastName,
    question,
    typeof listing === 'object' ? Object.entries(listing).sort(([a], [b]) => (a < b ? -1 : 1)) : listing,
    consent?.text,
    consent?.version,
    page?.url,
    page?.title,
  ]);
}

/** A network that an address lies in: an IPv4 /24, or an IPv6 /56 or /48. `name` is its first address and its prefix. */
export type Network = { readonly prefix: 24 | 48 | 56; readonly name: string };

/** The scope within which an `Idempotency-Key` means the same request, and the address that distinguishes requests without a key. */
export type IdempotencyScope = {
  /** A partner's back end, or a visitor's browser. */
  readonly kind: 'partner' | 'visitor';
  /** The partner's id, or the site's key. */
  readonly id: string;
  /** IPv4 address or IPv6 /64, normalised. */
  readonly address: string;
  /** The networks above the address, nearest first; absent where no counter needs them. */
  readonly networks?: readonly Network[];
  /** The requester sends tests; they share nothing with its real requests. */
  readonly test?: boolean;
  readonly idempotencyKey?: string;
};

export type RequestIdentity = {
  readonly request: RequestKey;
  readonly keyed: boolean;
  /** The key as a string, for maps in memory. */
  readonly name: string;
};

/** How long an `Idempotency-Key` is remembered: twice the 24 h that are promised, so that no clock makes it less. */
const KEYED_MS = 48 * HOUR_MS;
/** How long the same lead from the same place counts as the same click where there is no key. */
const KEYLESS_MS = 600_000;

/**
 * What makes a request the same as an earlier one: its `Idempotency-Key` within its scope, or, without a key, the
 * scope, the address and the lead together. The scope of a visitor's key is the site, because phones change networks. A key that
 * a stranger could guess is scoped by address as well; otherwise the stranger could use it up with another lead.
 */
export function identify(hashing: Hashing, lead: Lead, requester: IdempotencyScope, now: number): RequestIdentity {
  const scope = `${requester.test ? 'test ' : ''}${requester.kind}:${requester.id}`;
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

/** The daily maxima of a lead's counters. */
export type DailyMaxima = DailyMax & { readonly phoneTotal: number; readonly visitor: number };

/** How many times a visitor's daily maximum the visitors of a network have together, by the length of its prefix. */
const NETWORK_FACTORS: Readonly<Record<Network['prefix'], number>> = { 24: 16, 48: 16, 56: 4 };

/**
 * The daily counters that a lead is counted on. Those of the visitor and of its networks come first: a requester that is beyond
 * its own maximum is told nothing of the number or the site. A partner's lead is not counted by address, because the address of
 * its back end stands for many visitors.
 */
export function capsFor(
  hashing: Hashing,
  maxima: DailyMaxima,
  { site: key, provider }: Lead,
  phoneHash: Buffer,
  requester: IdempotencyScope,
): readonly Cap[] {
  const test = isTestProvider(provider);
  const { phone, phone_total, site: ofSite } = capKeys(hashing, key, phoneHash, test);
  const site = countedSite(key, test);
  return [
    ...(requester.kind === 'visitor' ? visitorCaps(hashing, maxima, site, requester) : []),
    { kind: 'phone', key: phone, max: maxima.phone },
    { kind: 'phone_total', key: phone_total, max: maxima.phoneTotal },
    { kind: 'site', key: ofSite, max: maxima.site },
  ];
}

/** A network has at most half of the site's cap, so that no single one uses it up, and never less than one visitor has. */
function visitorCaps(
  hashing: Hashing,
  { visitor, site: ofSite }: DailyMaxima,
  site: string,
  { address, networks = [] }: IdempotencyScope,
): readonly Cap[] {
  const half = Math.floor(ofSite / 2);
  return [
    { kind: 'visitor', key: hashing.visitorCap(site, address), max: visitor },
    ...networks.map(
      ({ name, prefix }): Cap => ({
        kind: 'visitor',
        key: hashing.visitorCap(site, name),
        max: Math.max(visitor, Math.min(visitor * NETWORK_FACTORS[prefix], half)),
      }),
    ),
  ];
}

/** The name under which leads of a site are counted. Keys of sites contain no space. */
export function countedSite(site: string, test: boolean | undefined): string {
  return test ? `test ${site}` : site;
}

/** The keys of the counters of a lead's number and site. Test leads have counters of their own. */
export function capKeys(
  hashing: Hashing,
  site: string,
  phoneHash: Buffer,
  test = false,
): Readonly<Record<CapKind, Buffer>> {
  const counted = countedSite(site, test);
  return {
    phone: hashing.phoneCap(counted, phoneHash),
    phone_total: test ? hashing.phoneCap(countedSite('', test), phoneHash) : hashing.phoneTotalCap(phoneHash),
    site: hashing.siteCap(counted),
  };
}

/** The refusal of a lead beyond ten times the cap of its number or site, or beyond the daily maximum of a visitor or network. */
export function overCap(kind: Cap['kind'], now: number): Refusal {
  const retryAfterS = secondsToNextDay(now);
  switch (kind) {
    case 'phone':
    case 'phone_total':
      return new Refusal('phone_limit_reached', 'Too many requests for this number today.', { retryAfterS });
    case 'site':
      return new Refusal('site_limit_reached', 'Too many requests for this site today.', { retryAfterS });
    case 'visitor':
      return new Refusal('rate_limited', 'Too many requests from this address or its network today.', { retryAfterS });
  }
}
