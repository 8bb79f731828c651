import { createHmac, createSecretKey } from 'node:crypto';
import type { Lead } from '../domain/lead.ts';
import { canonicalNumber } from '../domain/phone.ts';
import type { ProviderAccount } from '../domain/provider.ts';

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
