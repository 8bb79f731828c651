import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Lead } from '../conversation/types.ts';

/** A lead as it lies on disk. Without `key` it is not encrypted (no `DATA_KEY`, outside production only). */
export type SealedLead = { readonly key: Buffer | null; readonly data: Buffer };

export interface Vault {
  seal(lead: Lead): SealedLead;
  /** @throws VaultError when no key that we hold opens it, or when it was altered */
  open(sealed: SealedLead): Lead;
  /** Seals a short text (the provider's own words) under its own key, in one piece. */
  sealText(text: string): Buffer;
  openText(data: Buffer): string;
}

/** The lead cannot be read: the key that sealed it is gone, or the bytes were changed. */
export class VaultError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'VaultError';
  }
}

const CIPHER = 'aes-256-gcm';
const KEY_ID = 4;
const NONCE = 12;
const TAG = 16;
/** Key id, nonce, the wrapped 32-byte data key and its tag. */
const WRAPPED = KEY_ID + NONCE + 32 + TAG;

/**
 * Encryption at rest with a data key a lead (AES-256-GCM, random 96-bit nonces), wrapped by `DATA_KEY`: whoever destroys
 * the wrapped key has destroyed the lead, and a key rotation touches no lead.
 *
 * @param keys 32 bytes each; the first one seals, all of them open
 */
export function createVault(keys: readonly Buffer[]): Vault {
  const byId = new Map(keys.map((key) => [keyId(key).toString('hex'), key]));
  const [current] = keys;
  if (!current) return plainVault();
  const currentId = keyId(current);

  const unwrap = (wrapped: Buffer): Buffer => {
    const key = byId.get(wrapped.subarray(0, KEY_ID).toString('hex'));
    if (!key) throw new VaultError('It was sealed with a DATA_KEY that is not configured.');
    return decrypt(key, wrapped.subarray(KEY_ID));
  };
  const sealBytes = (plain: Buffer): { key: Buffer; data: Buffer } => {
    const dataKey = randomBytes(32);
    return { key: Buffer.concat([currentId, encrypt(current, dataKey)]), data: encrypt(dataKey, plain) };
  };

  return {
    seal: (lead) => sealBytes(Buffer.from(JSON.stringify(lead))),
    open({ key, data }) {
      return JSON.parse((key ? decrypt(unwrap(key), data) : data).toString());
    },
    sealText(text) {
      const { key, data } = sealBytes(Buffer.from(text));
      return Buffer.concat([key, data]);
    },
    openText: (data) => decrypt(unwrap(data.subarray(0, WRAPPED)), data.subarray(WRAPPED)).toString(),
  };
}

function plainVault(): Vault {
  return {
    seal: (lead) => ({ key: null, data: Buffer.from(JSON.stringify(lead)) }),
    open({ key, data }) {
      if (key) throw new VaultError('It is encrypted, and no DATA_KEY is configured.');
      return JSON.parse(data.toString());
    },
    sealText: (text) => Buffer.from(text),
    openText: (data) => data.toString(),
  };
}

function keyId(key: Buffer): Buffer {
  return createHash('sha256').update('text-connect-gateway data key').update(key).digest().subarray(0, KEY_ID);
}

function encrypt(key: Buffer, plain: Buffer): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(CIPHER, key, nonce);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: Buffer, sealed: Buffer): Buffer {
  try {
    const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
    return Buffer.concat([decipher.update(sealed.subarray(NONCE, sealed.length - TAG)), decipher.final()]);
  } catch (error) {
    throw new VaultError('It was altered or sealed with another key.', { cause: error });
  }
}
