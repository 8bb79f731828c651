import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Use } from '../../domain/ports/lead-store.ts';
import { Refusal } from '../../domain/refusal.ts';
import type { PageIdentity } from '../access.ts';

/** How long a visitor may take to fill in a form, in milliseconds: two hours. */
export const TOKEN_LASTS_MS = 7_200_000;

const TIME_BYTES = 6;
const NONCE_BYTES = 10;
const ID_BYTES = TIME_BYTES + NONCE_BYTES;
const MAC_BYTES = 16;
/** 32 bytes in base64url, without padding. */
const SHAPE = /^[A-Za-z0-9_-]{43}$/;

/** What a sound token says: its age in milliseconds, and what the lead that carries it uses up. */
export type CheckedToken = { readonly ageMs: number; readonly use: Use };

export interface FormTokens {
  /** A token for one lead of this page to this site. */
  issue(site: string, page: PageIdentity): string;
  /** @throws Refusal `form_token_invalid` for one that is forged, altered, over, or of another site or page */
  check(token: string, site: string, page: PageIdentity): CheckedToken;
}

/**
 * Signed form tokens: 6 bytes of time, 10 random ones, and 16 of an HMAC-SHA-256 over them, the site and the page. Site and page
 * are no part of the token: who presents it has to come from them.
 *
 * @param hashKey `HASH_KEY`; the key of tokens is derived from it, so that no hash of anything else is ever a signature
 * @param now milliseconds since the epoch
 * @param random cryptographically strong random bytes
 */
export function createFormTokens(hashKey: Buffer, now: () => number, random: (size: number) => Buffer): FormTokens {
  const derived = hkdfSync('sha256', hashKey, '', 'text-connect-gateway form token', 32);
  const key = createSecretKey(Buffer.from(derived));
  const sign = (id: Buffer, site: string, page: PageIdentity): Buffer =>
    createHmac('sha256', key)
      .update(id)
      .update(JSON.stringify([site, page]))
      .digest()
      .subarray(0, MAC_BYTES);
  return {
    issue(site, page) {
      const id = Buffer.alloc(ID_BYTES);
      // The time in front keeps used ones of one moment together in the store's index.
      id.writeUIntBE(now(), 0, TIME_BYTES);
      random(NONCE_BYTES).copy(id, TIME_BYTES);
      return Buffer.concat([id, sign(id, site, page)]).toString('base64url');
    },
    check(token, site, page) {
      const bytes = Buffer.from(SHAPE.test(token) ? token : '', 'base64url');
      const id = bytes.subarray(0, ID_BYTES);
      const mac = sign(id, site, page);
      // The text is compared too: its last character has bits that no byte holds.
      if (bytes.length !== ID_BYTES + MAC_BYTES || bytes.toString('base64url') !== token) throw invalid(FOREIGN);
      if (!timingSafeEqual(bytes.subarray(ID_BYTES), mac)) throw invalid(FOREIGN);
      const issuedAt = id.readUIntBE(0, TIME_BYTES);
      const ageMs = now() - issuedAt;
      if (ageMs >= TOKEN_LASTS_MS) throw invalid('Is older than two hours; get a new one.');
      return { ageMs, use: { kind: 'form_token', key: Buffer.from(id), expiresAt: issuedAt + TOKEN_LASTS_MS } };
    },
  };
}

/** One text for every fault, so that a forger learns nothing from it. */
const FOREIGN = 'Is not one that this gateway made for this site and page; get a new one.';

function invalid(detail: string): Refusal {
  return new Refusal('form_token_invalid', detail, { pointer: '/formToken' });
}
