import type { Outcome } from './deliver.ts';
import { toJson } from './json.ts';
import type { Lead } from './lead.ts';

/** Pages can ask to keep unsent leads in `localStorage`, one entry per lead, for at most a week. */
const PREFIX = 'text-us:';
const LASTS_MS = 7 * 86_400_000;

/** Keys that this tab is sending, for pages without locks between tabs: on plain http, in a sandbox. */
const underWay = new Set<string>();

type Entry = { readonly lead: Lead; readonly at: number };

/** Stores a lead, if the page has storage with enough space. */
export function keep(lead: Lead, now: number): void {
  try {
    localStorage.setItem(PREFIX + lead.key, toJson({ lead, at: now } satisfies Entry));
  } catch {
    // `isKept` reports the result.
  }
}

/** Whether the lead with this key is stored on the device. */
export function isKept(key: string): boolean {
  return !!read(PREFIX + key);
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // Without storage no lead was kept.
  }
}

/**
 * Sends the kept leads of a gateway, each by one tab only. A lead that the gateway stored or finally refused is removed.
 *
 * @param now milliseconds since the epoch
 */
export async function sendKept(base: string, now: number, send: (lead: Lead) => Promise<Outcome>): Promise<void> {
  for (const lead of keptFor(base, now)) {
    await withTabLock(lead.key, async () => {
      // Another tab may have sent it in the meantime.
      if (isKept(lead.key) && isOver(await send(lead))) forget(lead.key);
    });
  }
}

/** Whether sending a lead again cannot change its result. */
export function isOver(outcome: Outcome): boolean {
  return outcome.kind === 'safe' || (outcome.kind === 'refused' && outcome.answer.status !== 429);
}

/**
 * Runs `work` unless another tab runs it for the same lead. With a signal it waits for the other tab until the signal fires;
 * without one it does nothing then. Gives the result of the work; `undefined` if the work did not run.
 */
export async function withTabLock<T>(
  key: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T | undefined> {
  let begun = false;
  try {
    const how: LockOptions = signal ? { signal } : { ifAvailable: true };
    return await navigator.locks.request(PREFIX + key, how, async (lock) => {
      begun = !!lock;
      return lock ? work() : undefined;
    });
  } catch (error) {
    if (begun) throw error;
    // Either the wait was stopped, or the page has no locks or may not use them.
    if (signal?.aborted) return undefined;
  }
  if (!signal && underWay.has(key)) return undefined;
  underWay.add(key);
  return work().finally(() => underWay.delete(key));
}

function keptFor(base: string, now: number): Lead[] {
  try {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
    return names.flatMap((name) => {
      const entry = read(name);
      if (entry && now - entry.at < LASTS_MS) return entry.lead?.base === base ? entry.lead : [];
      localStorage.removeItem(name);
      return [];
    });
  } catch {
    return [];
  }
}

function read(name: string): Entry | undefined {
  try {
    return JSON.parse(localStorage.getItem(name) ?? '');
  } catch {
    return undefined;
  }
}
