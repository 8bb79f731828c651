import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import type { Lead } from '../domain/lead.ts';
import type { LeadRecords } from '../domain/ports/lead-records.ts';

/** A lead as it is stored. `key` is null if the lead is not encrypted (no `DATA_KEY`, outside production only). */
export type SealedLead = { readonly key: Buffer | null; readonly data: Buffer };

export interface Vault {
  seal(lead: Lead): SealedLead;
  /** @throws VaultError if no configured key opens it, or if it was altered */
  open(sealed: SealedLead): Lead;
  /** Seals a short text (the provider's own words) with its own key, which the result contains. */
  sealText(text: string): Buffer;
  openText(data: Buffer): string;
}

/** The lead cannot be read: its key is not configured, or the bytes were altered. */
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
/** Each data key encrypts once, so all of them can use the same nonce. */
const ONLY_NONCE = Buffer.alloc(NONCE);

/**
 * Encryption at rest: each lead has its own data key, wrapped by `DATA_KEY` (both AES-256-GCM, with a random 96-bit nonce for
 * each wrapping). Destroying the wrapped key destroys the lead, and a key rotation rewrites no lead.
 *
 * @param keys 32 bytes each: the first one seals, all of them open
 */
export function createVault(keys: readonly Buffer[]): Vault {
  const byId = new Map(keys.map((key) => [keyId(key).toString('hex'), createSecretKey(key)]));
  const [current] = keys;
  if (!current) return plainVault();
  const currentId = keyId(current);
  const wrapping = createSecretKey(current);

  const wrap = (dataKey: Buffer): Buffer => {
    const nonce = randomBytes(NONCE);
    return Buffer.concat([currentId, nonce, encrypt(wrapping, nonce, dataKey)]);
  };
  const unwrap = (wrapped: Buffer): KeyObject => {
    const key = byId.get(wrapped.subarray(0, KEY_ID).toString('hex'));
    if (!key) throw new VaultError('It was sealed with a DATA_KEY that is not configured.');
    const nonce = wrapped.subarray(KEY_ID, KEY_ID + NONCE);
    return createSecretKey(decrypt(key, nonce, wrapped.subarray(KEY_ID + NONCE)));
  };
  const sealBytes = (plain: Buffer): { key: Buffer; data: Buffer } => {
    const dataKey = randomBytes(32);
    return { key: wrap(dataKey), data: encrypt(createSecretKey(dataKey), ONLY_NONCE, plain) };
  };
  const openBytes = (wrapped: Buffer, data: Buffer): string => decrypt(unwrap(wrapped), ONLY_NONCE, data).toString();

  return {
    seal: (lead) => sealBytes(Buffer.from(JSON.stringify(lead))),
    open({ key, data }) {
      return JSON.parse(key ? openBytes(key, data) : data.toString());
    },
    sealText(text) {
      const { key, data } = sealBytes(Buffer.from(text));
      return Buffer.concat([key, data]);
    },
    openText: (data) => openBytes(data.subarray(0, WRAPPED), data.subarray(WRAPPED)),
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

function encrypt(key: KeyObject, nonce: Buffer, plain: Buffer): Buffer {
  const cipher = createCipheriv(CIPHER, key, nonce);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(key: KeyObject, nonce: Buffer, sealed: Buffer): Buffer {
  try {
    const decipher = createDecipheriv(CIPHER, key, nonce);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
    return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - TAG)), decipher.final()]);
  } catch (error) {
    throw new VaultError('It was altered or sealed with another key.', { cause: error });
  }
}

/** How many of the newest leads are searched for one whose personal data is still stored. */
const NEWEST = 100;

/** Whether the configured keys open the stored leads, judged by the newest lead whose personal data is still stored. */
export type KeysVerdict =
  | { readonly kind: 'opens' }
  | { readonly kind: 'nothing_to_open' }
  | { readonly kind: 'does_not_open'; readonly id: string };

/** @throws StorageUnavailable */
export async function tryKeys(store: Pick<LeadRecords, 'list' | 'show'>): Promise<KeysVerdict> {
  const { items } = await store.list({}, { limit: NEWEST });
  const kept = items.find(({ erased }) => !erased);
  if (!kept) return { kind: 'nothing_to_open' };
  const details = await store.show(kept.id);
  // The lead may have been erased between the two queries.
  if (!details || details.erased || details.lead) return { kind: 'opens' };
  return { kind: 'does_not_open', id: kept.id };
}
