import { type Row, toBuffer } from './rows.ts';

/** Groups of messages that an account has at most. Further messages are counted together. */
export const GROUPS_MAX = 200;
/** The group of those further messages. Its key is the hash of no text. */
export const OTHER = { key: Buffer.alloc(0), text: 'other messages' } as const;
/**
 * A text is stored once leads of so many numbers got it. The lead's own values are taken out of it, and what the provider says
 * of one person is said of no two others (docs/adr/0031).
 */
const NUMBERS_TO_SHOW = 3;
/** A group without leads is kept so long, so that none is removed while a lead is being added to it. */
export const UNUSED_MS = 86_400_000;

/** What a lead of one more number changes in its group: the numbers seen so far, or the text if they are enough. */
export type Seen = { readonly numbers: Buffer | null; readonly text: string | null };

/**
 * @param row the group with `numbers`: the first byte of the hash of each number seen so far, which identifies nobody; `text`:
 *   null as long as they are too few. Two numbers with the same byte count as one.
 * @returns `undefined` if nothing changes
 */
export function seenBy(row: Row, phoneHash: Uint8Array | undefined, text: string): Seen | undefined {
  const [byte] = phoneHash ?? [];
  if (row.text !== null || byte === undefined) return undefined;
  const before = row.numbers instanceof Uint8Array ? toBuffer(row.numbers) : Buffer.alloc(0);
  if (before.includes(byte)) return undefined;
  const numbers = Buffer.concat([before, Buffer.of(byte)]);
  return numbers.length < NUMBERS_TO_SHOW ? { numbers, text: null } : { numbers: null, text };
}

/** Removes groups that no lead has any more. The value is the time before which they were last used. */
export const REMOVE_UNUSED =
  'DELETE FROM messages WHERE used_at < $1 AND id NOT IN (SELECT message FROM tallies WHERE n <> 0)';
