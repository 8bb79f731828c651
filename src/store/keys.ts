import type { SealedColumn, SealedCounts } from '../domain/ports/key-store.ts';
import type { LeadRecords } from '../domain/ports/lead-records.ts';
import { type Row, toBuffer } from './rows.ts';
import type { Vault } from './vault.ts';

/** Adds up counts of values by the first bytes of their wrapped keys. */
export function toSealedCounts(rows: readonly Row[], vault: Vault): SealedCounts {
  const counts = { current: 0, former: 0, previous: 0, unknown: 0, plain: 0 };
  for (const { head, n } of rows) {
    const needed = head instanceof Uint8Array ? vault.neededKey(head) : 'plain';
    counts[needed] += Number(n);
  }
  return counts;
}

/** A value of a sealed column whose key is to be wrapped anew. */
export type Rewrapped = { readonly seq: number; readonly from: Buffer; readonly to: Buffer };

/**
 * Wraps the keys of one page of a column.
 *
 * @param rows at most `limit`, ascending, with `seq` (the place), `id` (the conversation's) and `value`
 * @returns the values that change, how many do not open where they are stored, and the place to continue after
 */
export function rewrapPage(
  rows: readonly Row[],
  limit: number,
  column: SealedColumn,
  vault: Vault,
): { readonly changes: readonly Rewrapped[]; readonly refused: number; readonly next?: number } {
  const changes: Rewrapped[] = [];
  let refused = 0;
  for (const { seq, id, value } of rows) {
    const from = toBuffer(value as Uint8Array);
    const needed = vault.neededKey(from);
    if (needed === 'current' || needed === 'unknown') continue;
    const to = vault.rewrap(id as string, column, from);
    if (to === undefined) refused += 1;
    else changes.push({ seq: seq as number, from, to });
  }
  const last = rows.at(-1);
  return { changes, refused, ...(last && rows.length === limit && { next: last.seq as number }) };
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
