import { createHash } from 'node:crypto';
import type { Mistake } from '../problem.ts';

const RULE = 'use sha256: and 64 hexadecimal digits, as printf %s "$KEY" | sha256sum prints them';
const EMPTY = createHash('sha256').digest('hex');

/** A partner's key as its hash. The hash of nothing comes from an unset `$KEY`, and would let in whoever sends no key. */
export function checkKeyHash(text: string): Mistake | undefined {
  if (!/^sha256:[0-9a-f]{64}$/i.test(text)) return { problem: 'is not the SHA-256 of a key', fix: RULE };
  if (text.slice('sha256:'.length).toLowerCase() !== EMPTY) return undefined;
  return { problem: 'is the hash of an empty key', fix: 'set KEY before hashing it' };
}

/** The 32 bytes of a sound entry. */
export function keyHashBytes(text: string): Buffer {
  return Buffer.from(text.slice('sha256:'.length), 'hex');
}
