import type { LeadRecords } from '../domain/ports/lead-records.ts';

/** So many leads are looked through for one that still has its data. */
const NEWEST = 100;

/** Whether stored leads open with the keys that are configured; the newest that still has its data stands for all. */
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
  // Erased between the two questions.
  if (!details || details.erased || details.lead) return { kind: 'opens' };
  return { kind: 'does_not_open', id: kept.id };
}
