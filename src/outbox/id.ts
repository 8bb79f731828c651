import { randomBytes } from './random.ts';

/**
 * The time and 128 random bits: unguessable, since the id alone gives the right to read the state. With the time in front,
 * ids of one moment lie together in the index; at random they would cost a page each.
 */
export function newId(now: number): string {
  const bytes = Buffer.alloc(22);
  bytes.writeUIntBE(now, 0, 6);
  randomBytes(16).copy(bytes, 6);
  return `cnv_${bytes.toString('base64url')}`;
}
