import type { RequeueStore } from '../../domain/ports/lead-records.ts';
import { openTo, type Selection } from './selection.ts';

/** Leads a transaction: few enough that taking in new ones never waits long for the lock. */
const CHUNK = 500;

/**
 * Queues the selected leads, oldest first, to be sent by a running gateway. A lead whose state has changed since it was
 * selected is left alone, so nothing is sent that the operator did not see in the preview.
 *
 * @param options `actor` for the audit, `onProgress` told how many of the selection are done
 * @returns how many were queued
 */
export async function send(
  store: RequeueStore,
  selection: Selection,
  {
    actor,
    now,
    onProgress = () => undefined,
  }: { actor: string; now: () => number; onProgress?: (done: number) => void },
): Promise<number> {
  const { action, words } = selection;
  const ids = selection.ids.toReversed();
  let queued = 0;
  for (let from = 0; from < ids.length; from += CHUNK) {
    const chunk = ids.slice(from, from + CHUNK);
    const audit = { at: now(), actor, action, count: chunk.length, detail: words };
    queued += (await store.requeue({ ids: chunk, status: openTo(action) }, chunk.length, audit)).length;
    onProgress(Math.min(from + CHUNK, ids.length));
  }
  return queued;
}
