import { createHmac, createSecretKey } from 'node:crypto';
import type { Lead } from '../domain/lead.ts';
import { canonicalNumber } from '../domain/phone.ts';

/**
 * Keyed hashes (HMAC-SHA-256 with `HASH_KEY`, 128 bits kept) of what has to be found again without being readable:
 * numbers, addresses, idempotency keys. Each purpose has its own prefix, so that hashes of different columns cannot be joined.
 */
export interface Hashing {
  /** A consumer's number, the same over all sites: suppression and erasure find it by this. */
  phone(e164: string): Buffer;
  /** The counter of one number at one site; `phone` is the number's hash. */
  phoneCap(site: string, phone: Buffer): Buffer;
  siteCap(site: string): Buffer;
  /** The counter of one visitor (site and address block). */
  visitorCap(site: string, address: string): Buffer;
  /** A caller of one limit, in a store that replicas share with others. */
  limit(purpose: string, caller: string): Buffer;
  /** An `Idempotency-Key` in its scope: the partner, or the site. */
  idempotencyKey(scope: string, key: string): Buffer;
  /** A request without a key: the same caller, address and lead are the same request. */
  keylessRequest(scope: string, address: string, lead: Lead): Buffer;
  /** The validated lead itself. */
  fingerprint(lead: Lead): Buffer;
  /** The same for the same `HASH_KEY`, and tells nothing of it: to notice that another one is configured. */
  check(): Buffer;
  /** A provider account's credentials, to notice that they changed. */
  credentials(providerId: number, username: string, password: string): string;
}

export function createHashing(hashKey: Buffer): Hashing {
  // As an object the key is taken over once; as a buffer it would be for every hash, at several times the cost of hashing.
  const key = createSecretKey(hashKey);
  const hash = (purpose: string, ...parts: readonly (string | Buffer)[]): Buffer => {
    // Lengths keep ("ab", "c") and ("a", "bc") apart.
    const text = parts.map((part) =>
      typeof part === 'string' ? `${part.length}:${part}` : part.toString('base64url'),
    );
    // By way of a string: a digest that comes as a buffer has memory of its own outside the heap, at the price of a hash.
    const digest = createHmac('sha256', key)
      .update([purpose, ...text].join('\0'))
      .digest('binary');
    return Buffer.from(digest.slice(0, 16), 'binary');
  };
  // Sites come from the configuration: few, and the same for every lead.
  const siteCaps = new Map<string, Buffer>();
  const siteCap = (site: string): Buffer => {
    const known = siteCaps.get(site) ?? hash('site-cap', site);
    siteCaps.set(site, known);
    return known;
  };
  return {
    phone: (e164) => hash('phone', canonicalNumber(e164)),
    phoneCap: (site, phone) => Buffer.concat([siteCap(site), phone]),
    siteCap,
    visitorCap: (site, address) => hash('visitor-cap', site, address),
    limit: (purpose, caller) => hash('limit', purpose, caller),
    idempotencyKey: (scope, key) => hash('idempotency', scope, key),
    keylessRequest: (scope, address, lead) => hash('keyless', scope, address, canonical(lead)),
    fingerprint: (lead) => hash('lead', canonical(lead)),
    check: () => hash('check'),
    credentials: (providerId, username, password) =>
      hash('credentials', String(providerId), username, password).toString('base64url'),
  };
}

/**
 * The same text for the same lead, whatever the order of its listing's names. The origin is no part of it (it is a header), nor
 * who named the target: spelling out the site's default is the same lead.
 * Every other field of `Lead` has its place here; a field without one would let another lead pass for the same.
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
