import { hash, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../domain/refusal.ts';
import type { Partner } from '../domain/site.ts';

/** `Bearer` and a token of RFC 6750, section 2.1. Keys are far shorter than this bound on what is hashed. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]{1,512}=*)$/i;

/**
 * Who a present `Authorization` header belongs to. It alone decides: a browser's rules are no fallback for a wrong key.
 * Every hash is compared, in constant time, so that nothing can be told from how long a refusal takes.
 *
 * @throws Refusal `invalid_api_key`
 */
export function createPartnerCheck(partners: ReadonlyMap<string, Partner>): (authorization: string) => Partner {
  const keys = [...partners.values()].flatMap((partner) => partner.keyHashes.map((keyHash) => ({ keyHash, partner })));
  return (authorization) => {
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) throw new Refusal('invalid_api_key', 'Authorization is not of the form "Bearer <key>".');
    const presented = hash('sha256', token, 'buffer');
    let found: Partner | undefined;
    for (const { keyHash, partner } of keys) if (timingSafeEqual(keyHash, presented)) found = partner;
    if (!found) throw new Refusal('invalid_api_key', 'This key is not, or no longer, the key of a partner.');
    return found;
  };
}
