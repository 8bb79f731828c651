import type { Outcome } from './deliver.ts';
import type { Lead } from './lead.ts';

/** Unsent leads of pages that ask for it lie in `localStorage`, an entry each, for a week at most. */
const PREFIX = 'text-us:';
const LASTS_MS = 7 * 86_400_000;

/** Keys that this tab is sending, for browsers (and pages on plain http) without locks between tabs. */
const underWay = new Set<string>();

type Entry = { readonly lead: Lead; readonly at: number };

/** Stores a lead. False where the browser has no room or no storage for this page. */
export function keep(lead: Lead, now: number): boolean {
  try {
    localStorage.setItem(PREFIX + lead.key, JSON.stringify({ lead, at: now } satisfies Entry));
    return true;
  } catch {
    return false;
  }
}

export function forget({ key }: Lead): void {
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
 * @returns whether some are left
 */
export async function sendKept(base: string, now: number, send: (lead: Lead) => Promise<Outcome>): Promise<boolean> {
  for (const lead of keptFor(base, now)) {
    await alone(lead, false, async () => {
      // Another tab may have sent it meanwhile.
      if (read(PREFIX + lead.key) && isOver(await send(lead))) forget(lead);
    });
  }
  return keptFor(base, now).length > 0;
}

/** Whether nothing more can become of a lead by sending it again. */
export function isOver(outcome: Outcome): boolean {
  return outcome.kind === 'safe' || (outcome.kind === 'refused' && outcome.answer.status !== 429);
}

/** Runs `work` while no other tab does so for the same lead: waits for that, or leaves it to the other. */
export async function alone(lead: Lead, wait: boolean, work: () => Promise<void>): Promise<void> {
  if (navigator.locks) {
    await navigator.locks.request(PREFIX + lead.key, { ifAvailable: !wait }, async (lock) => lock && work());
  } else if (wait || !underWay.has(lead.key)) {
    underWay.add(lead.key);
    await work().finally(() => underWay.delete(lead.key));
  }
}

function keptFor(base: string, now: number): Lead[] {
  try {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
    return names.flatMap((name) => {
      const entry = read(name);
      if (entry && now - entry.at < LASTS_MS) return entry.lead.base === base ? entry.lead : [];
      localStorage.removeItem(name);
      return [];
    });
  } catch {
    return [];
  }
}

function read(name: string): Entry | undefined {
  try {
    const entry = JSON.parse(localStorage.getItem(name) ?? '');
    return typeof entry.lead.key === 'string' ? entry : undefined;
  } catch {
    return undefined;
  }
}
