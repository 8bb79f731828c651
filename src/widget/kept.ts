import type { Outcome } from './deliver.ts';
import type { Lead } from './lead.ts';

/** Unsent leads of pages that ask for it lie in `localStorage`, an entry each, for a week at most. */
const PREFIX = 'text-us:';
const LASTS_MS = 7 * 86_400_000;

/** Keys that this tab is sending, for pages without locks between tabs: on plain http, in a sandbox. */
const underWay = new Set<string>();

type Entry = { readonly lead: Lead; readonly at: number };

/** Stores a lead, where the browser has room and storage for this page. */
export function keep(lead: Lead, now: number): void {
  try {
    localStorage.setItem(PREFIX + lead.key, JSON.stringify({ lead, at: now } satisfies Entry));
  } catch {
    // `isKept` tells.
  }
}

/** Whether the lead with this key lies on the device. */
export function isKept(key: string): boolean {
  return !!read(PREFIX + key);
}

export function forget(key: string): void {
  try {
    localStorage.removeItem(PREFIX + key);
  } catch {
    // Where there is no storage, nothing was kept.
  }
}

/**
 * Sends what is kept for a gateway, each lead by one tab only. What the gateway took or refused for good is forgotten.
 *
 * @param now milliseconds since the epoch
 */
export async function sendKept(base: string, now: number, send: (lead: Lead) => Promise<Outcome>): Promise<void> {
  for (const lead of keptFor(base, now)) {
    await withTabLock(lead.key, async () => {
      // Another tab may have sent it meanwhile.
      if (isKept(lead.key) && isOver(await send(lead))) forget(lead.key);
    });
  }
}

/** Whether nothing more can become of a lead by sending it again. */
export function isOver(outcome: Outcome): boolean {
  return outcome.kind === 'safe' || (outcome.kind === 'refused' && outcome.answer.status !== 429);
}

/**
 * Runs `work` while no other tab does so for the same lead. With a signal it waits for that until the signal fires; without
 * one it leaves the lead to the other. What comes of the work; nothing where it was not begun.
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
    // Stopped while it waited; else the page has no locks, or may not use them.
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
