import { type KeyStore, SEALED_COLUMNS } from '../../domain/ports/key-store.ts';
import type { AuditStore } from '../../domain/ports/lead-records.ts';

/** Values wrapped anew in one transaction: few enough that accepting new leads never waits long for the lock. */
const CHUNK = 500;

export type RewrapResult = {
  /** Keys that were wrapped anew. */
  readonly rewrapped: number;
  /** Values that still need another key than `DATA_KEY`, or are sealed in the former format. */
  readonly remaining: number;
  /** How many of those do not open where they are stored, so that no further run changes them. */
  readonly refused: number;
  /** Values whose key is not configured. */
  readonly unknown: number;
  /** Values that are stored without encryption. */
  readonly plain: number;
};

/**
 * Wraps the key of every stored value anew with `DATA_KEY`, bound to its conversation, while gateways run. It can be interrupted
 * and run again: values that are done stay done.
 *
 * @param options `onProgress` gets how many of the values that were found at the beginning are done, and their number
 */
export async function rewrapKeys(
  store: KeyStore & Pick<AuditStore, 'record'>,
  {
    actor,
    now,
    onProgress = () => undefined,
  }: { actor: string; now: () => number; onProgress?: (done: number, total: number) => void },
): Promise<RewrapResult> {
  await store.sealBound();
  const before = await store.sealedCounts();
  const total = before.former + before.previous;
  let rewrapped = 0;
  let refused = 0;
  for (const column of SEALED_COLUMNS) {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page = await store.rewrap(column, after, CHUNK);
      rewrapped += page.changed;
      refused += page.refused;
      if (page.changed > 0) onProgress(Math.min(rewrapped, total), total);
      after = page.next;
    }
  }
  if (rewrapped > 0)
    await store.record({ at: now(), actor, action: 'rewrap', count: rewrapped, detail: 'keys of stored values' });
  const { former, previous, unknown, plain } = await store.sealedCounts();
  return { rewrapped, remaining: former + previous, refused, unknown, plain };
}
