import { createHmac, createSecretKey } from 'node:crypto';
import type { Lead } from './types.ts';

/**
 * Keyed hashes (HMAC-SHA-256 with `HASH_KEY`, 128 bits kept) of what has to be found again without being readable:
 * numbers, addresses, idempotency keys. Each purpose has its own prefix, so that hashes of different columns cannot be joined.
 */
export interface Hashing {
  /** A consumer's number, the same over all sites: suppression and erasure find it by this. */
  phone(e164: string): Buffer;
  /** The counter of one number at one site. */
  phoneCap(site: string, e164: string): Buffer;
  siteCap(site: string): Buffer;
  /** The counter of one visitor (site and address block). */
  visitorCap(site: string, address: string): Buffer;
  /** An `Idempotency-Key` in its scope: the partner, or the site. */
  idempotencyKey(scope: string, key: string): Buffer;
  /** A request without a key: the same caller, address and lead are the same request. */
  keylessRequest(scope: string, address: string, fingerprint: Buffer): Buffer;
  /** The validated lead itself. */
  fingerprint(lead: Lead): Buffer;
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
    return createHmac('sha256', key)
      .update([purpose, ...text].join('\0'))
      .digest()
      .subarray(0, 16);
  };
  const siteCaps = new Map<string, Buffer>();
  return {
    phone: (e164) => hash('phone', e164),
    phoneCap: (site, e164) => hash('phone-cap', site, e164),
    siteCap(site) {
      // Sites come from the configuration: few, and the same for every lead.
      const known = siteCaps.get(site) ?? hash('site-cap', site);
      siteCaps.set(site, known);
      return known;
    },
    visitorCap: (site, address) => hash('visitor-cap', site, address),
    idempotencyKey: (scope, key) => hash('idempotency', scope, key),
    keylessRequest: (scope, address, fingerprint) => hash('keyless', scope, address, fingerprint),
    fingerprint: (lead) => hash('lead', JSON.stringify(canonical(lead))),
    credentials: (providerId, username, password) =>
      hash('credentials', String(providerId), username, password).toString('base64url'),
  };
}

/** The same lead whatever the order of its names. The origin is no part of it: it is a header, and of the scope's making. */
function canonical({ origin: _origin, listing, ...lead }: Lead): unknown {
  const sorted =
    typeof listing === 'object' ? Object.entries(listing).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) : listing;
  return [Object.entries(lead).sort(([a], [b]) => (a < b ? -1 : 1)), sorted];
}
