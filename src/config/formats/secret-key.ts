import { DEVELOPMENT_HASH_KEY } from '../defaults.ts';
import type { Mistake } from '../problem.ts';

/** What every rule about keys ends with: how to make one. */
export const MAKE_KEY = 'use a key of its own, as openssl rand -base64 32 prints it';

const BYTES = 32;
/** 32 random bytes hold about 30 different ones; fewer than 8 come up once in 10^27 keys. */
const LEAST_DIFFERENT = 8;

/** A secret key: 32 bytes in base64 (RFC 4648, section 4), and none that somebody could guess. */
export function checkSecretKey(text: string): Mistake | undefined {
  const key = keyBytes(text);
  if (key.length !== BYTES || key.toString('base64') !== text) {
    return { problem: 'is not 32 bytes in base64', fix: MAKE_KEY };
  }
  if (new Set(key).size < LEAST_DIFFERENT) return { problem: 'is no random key', fix: MAKE_KEY };
  if (key.equals(DEVELOPMENT_HASH_KEY)) {
    return { problem: 'is the key for development, which everybody knows', fix: MAKE_KEY };
  }
  return undefined;
}

/** The 32 bytes of a sound key. */
export function keyBytes(text: string): Buffer {
  return Buffer.from(text, 'base64');
}
