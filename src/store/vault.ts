import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomFillSync,
} from 'node:crypto';
import type { Lead } from '../domain/lead.ts';
import type { SealedColumn } from '../domain/ports/key-store.ts';

/** A lead as it is stored. `key` is null if the lead is not encrypted (no `DATA_KEY`, outside production only). */
export type SealedLead = { readonly key: Buffer | null; readonly data: Buffer };

/** The column that a ciphertext belongs to. */
export type Column = SealedColumn;
/** A column of short texts: the provider's latest words, its words about each attempt, and the secrets of a stored entry. */
export type TextColumn = Exclude<Column, 'lead'>;

/**
 * How a value is sealed.
 * - `bound`: to its conversation and its column, so that it opens nowhere else
 * - `former`: to neither, as before the bound format; replicas of that release cannot open a bound value (docs/adr/0027)
 */
export type SealFormat = 'bound' | 'former';

/**
 * The key that a stored value needs.
 * - `current`: `DATA_KEY`, and it is bound
 * - `former`: `DATA_KEY`, in the former format
 * - `previous`: a key of `DATA_KEY_PREVIOUS`
 * - `unknown`: a key that is not configured
 */
export type NeededKey = 'current' | 'former' | 'previous' | 'unknown';

/** `id` is the conversation's: a value that another conversation or column sealed is refused. */
export interface Vault {
  seal(id: string, lead: Lead, format?: SealFormat): SealedLead;
  /** @throws VaultError if no configured key opens it, if it was altered or moved, or if it is plain although keys are configured */
  open(id: string, sealed: SealedLead): Lead;
  /** Seals a short text (the provider's own words) with its own key, which the result contains. */
  sealText(id: string, column: TextColumn, text: string, format?: SealFormat): Buffer;
  openText(id: string, column: TextColumn, data: Buffer): string;
  /** @param head the first `KEY_ID_BYTES` or more of a wrapped key */
  neededKey(head: Uint8Array): NeededKey;
  /**
   * Wraps the data key at the beginning of `value` anew with the current key, bound to its place. The rest of the value and its
   * length stay as they are, so a store can overwrite it in place.
   *
   * @param value a lead's wrapped key, or a whole text
   * @returns `undefined` if that changes nothing, or if no configured key opens it there
   */
  rewrap(id: string, column: Column, value: Buffer): Buffer | undefined;
}

/** The lead cannot be read: its key is not configured, or the bytes were altered or moved. */
export class VaultError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'VaultError';
  }
}

const CIPHER = 'aes-256-gcm';
/** The length of the name of a key and a format at the beginning of a wrapped key. */
export const KEY_ID_BYTES = 4;
const NONCE = 12;
const TAG = 16;
/** Key id, nonce, the wrapped 32-byte data key and its tag. */
const WRAPPED = KEY_ID_BYTES + NONCE + 32 + TAG;
/** Each data key encrypts once, so all of them can use the same nonce. */
const ONLY_NONCE = Buffer.alloc(NONCE);
const NOTHING = Buffer.alloc(0);

/** A configured key in one format. */
type Wrapping = { readonly key: KeyObject; readonly format: SealFormat; readonly needed: NeededKey };

/**
 * Encryption at rest: each lead has its own data key, wrapped by `DATA_KEY` (both AES-256-GCM, with a random 96-bit nonce for
 * each wrapping). Destroying the wrapped key destroys the lead, and a key rotation rewrites no lead.
 *
 * The wrapping authenticates the id of the conversation and the column. A data key opens one ciphertext only, so this binds the
 * ciphertext too: whoever can write to the database cannot show one lead's data under another lead.
 *
 * @param keys 32 bytes each: the first one seals, all of them open
 */
export function createVault(keys: readonly Buffer[]): Vault {
  const [current] = keys;
  if (!current) return plainVault();
  const byId = new Map<string, Wrapping>();
  for (const bytes of keys.toReversed()) {
    const key = createSecretKey(bytes);
    const neededIn = (format: SealFormat): NeededKey => {
      if (bytes !== current) return 'previous';
      return format === 'bound' ? 'current' : 'former';
    };
    for (const format of ['former', 'bound'] as const)
      byId.set(keyId(bytes, format).toString('hex'), { key, format, needed: neededIn(format) });
  }
  const currentKey = createSecretKey(current);
  const currentIds = { bound: keyId(current, 'bound'), former: keyId(current, 'former') };

  const wrappingOf = (head: Uint8Array): Wrapping | undefined =>
    byId.get(Buffer.from(head.subarray(0, KEY_ID_BYTES)).toString('hex'));
  const wrap = (dataKey: Buffer, place: Buffer, format: SealFormat): Buffer => {
    const nonce = randomBytes(NONCE);
    const bound = format === 'bound' ? place : NOTHING;
    return Buffer.concat([currentIds[format], nonce, encrypt(currentKey, nonce, dataKey, bound)]);
  };
  const unwrap = (wrapped: Buffer, place: Buffer): Buffer => {
    const wrapping = wrappingOf(wrapped);
    if (!wrapping) throw new VaultError('It was sealed with a DATA_KEY that is not configured.');
    const nonce = wrapped.subarray(KEY_ID_BYTES, KEY_ID_BYTES + NONCE);
    const bound = wrapping.format === 'bound' ? place : NOTHING;
    return decrypt(wrapping.key, nonce, wrapped.subarray(KEY_ID_BYTES + NONCE), bound);
  };
  const sealBytes = (plain: Buffer, place: Buffer, format: SealFormat): { key: Buffer; data: Buffer } => {
    const dataKey = randomBytes(32);
    return { key: wrap(dataKey, place, format), data: encrypt(createSecretKey(dataKey), ONLY_NONCE, plain, NOTHING) };
  };
  const openBytes = (wrapped: Buffer, data: Buffer, place: Buffer): string =>
    decrypt(createSecretKey(unwrap(wrapped, place)), ONLY_NONCE, data, NOTHING).toString();

  return {
    seal: (id, lead, format = 'bound') => sealBytes(Buffer.from(JSON.stringify(lead)), placeOf(id, 'lead'), format),
    open(id, { key, data }) {
      if (!key) throw new VaultError('It is stored without encryption, and a DATA_KEY is configured.');
      return JSON.parse(openBytes(key, data, placeOf(id, 'lead')));
    },
    sealText(id, column, text, format = 'bound') {
      const { key, data } = sealBytes(Buffer.from(text), placeOf(id, column), format);
      return Buffer.concat([key, data]);
    },
    openText: (id, column, data) => openBytes(data.subarray(0, WRAPPED), data.subarray(WRAPPED), placeOf(id, column)),
    neededKey: (head) => wrappingOf(head)?.needed ?? 'unknown',
    rewrap(id, column, value) {
      const needed = wrappingOf(value)?.needed;
      if (needed === undefined || needed === 'current') return undefined;
      const place = placeOf(id, column);
      try {
        return Buffer.concat([
          wrap(unwrap(value.subarray(0, WRAPPED), place), place, 'bound'),
          value.subarray(WRAPPED),
        ]);
      } catch (error) {
        if (error instanceof VaultError) return undefined;
        throw error;
      }
    },
  };
}

function plainVault(): Vault {
  return {
    seal: (_id, lead) => ({ key: null, data: Buffer.from(JSON.stringify(lead)) }),
    open(_id, { key, data }) {
      if (key) throw new VaultError('It is encrypted, and no DATA_KEY is configured.');
      return JSON.parse(data.toString());
    },
    sealText: (_id, _column, text) => Buffer.from(text),
    openText: (_id, _column, data) => data.toString(),
    neededKey: () => 'unknown',
    rewrap: () => undefined,
  };
}

const pool = Buffer.alloc(8 * 1024);
let used = pool.length;

/**
 * Cryptographically strong random bytes, at most a few hundred a call. One system call fills the pool for a hundred leads. Each
 * byte is given out once and then wiped from the pool.
 */
export function randomBytes(size: number): Buffer {
  if (used + size > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = Buffer.from(pool.subarray(used, used + size));
  pool.fill(0, used, used + size);
  used += size;
  return bytes;
}

/** The name of a key in a format. It differs by format, so that a value says which one it has and both have the same length. */
function keyId(key: Buffer, format: SealFormat): Buffer {
  const purpose = format === 'bound' ? 'text-connect-gateway bound data key' : 'text-connect-gateway data key';
  return createHash('sha256').update(purpose).update(key).digest().subarray(0, KEY_ID_BYTES);
}

/** The additional authenticated data of a wrapping. No id contains a space. */
function placeOf(id: string, column: Column): Buffer {
  return Buffer.from(`${column} ${id}`);
}

function encrypt(key: KeyObject, nonce: Buffer, plain: Buffer, place: Buffer): Buffer {
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG });
  cipher.setAAD(place);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** Takes a tag of 16 bytes only: GCM's shorter tags are far easier to forge. */
function decrypt(key: KeyObject, nonce: Buffer, sealed: Buffer, place: Buffer): Buffer {
  try {
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG });
    decipher.setAAD(place);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
    return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - TAG)), decipher.final()]);
  } catch (error) {
    throw new VaultError('It was altered or moved, or sealed with another key.', { cause: error });
  }
}
