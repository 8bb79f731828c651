import { type Clock, HOUR_MS, MINUTE_MS } from '../lib/clock.ts';

/** Errors of requests that a change of the configuration mends. Refused origins are counted by site (`admin/site-news.ts`). */
const MENDED_BY_SETTINGS: ReadonlySet<string> = new Set(['target_not_allowed', 'invalid_api_key']);
/** So many within an hour are no single mistake; the same as in deploy/monitoring/alerts.yml. */
const OFTEN = 50;

/** Requests that this process refused, by the code of the error. */
export interface RefusedRequests {
  count(code: string): void;
  /** Each code that was counted, and since when it has been refused often; `undefined` if it is not. */
  look(): readonly { readonly code: string; readonly since: number | undefined }[];
}

export function createRefusedRequests(clock: Clock): RefusedRequests {
  const codes = new Map<string, { readonly minutes: Map<number, number>; since: number | undefined }>();
  return {
    count(code) {
      if (!MENDED_BY_SETTINGS.has(code)) return;
      const known = codes.get(code) ?? { minutes: new Map(), since: undefined };
      const minute = Math.floor(clock.monotonic() / MINUTE_MS);
      known.minutes.set(minute, (known.minutes.get(minute) ?? 0) + 1);
      codes.set(code, known);
    },
    look() {
      const oldest = Math.floor((clock.monotonic() - HOUR_MS) / MINUTE_MS);
      return [...codes].map(([code, known]) => {
        for (const minute of known.minutes.keys()) if (minute <= oldest) known.minutes.delete(minute);
        const total = [...known.minutes.values()].reduce((sum, count) => sum + count, 0);
        known.since = total > OFTEN ? (known.since ?? clock.now()) : undefined;
        return { code, since: known.since };
      });
    },
  };
}

/** A receiver is told of after so many failures in a row that last for so long: a program that is deployed is back sooner. */
const FAILURES = 4;
const FAILING_MS = 10 * MINUTE_MS;
/** A receiver without a try for a day is no longer configured, or nothing waits for it. */
const FORGOTTEN_MS = 24 * HOUR_MS;
/** Receivers that are told of one by one: more of them at once have one cause. */
const MOST_RECEIVERS = 5;

/** Receivers of notifications and callbacks that take no messages, as this process sees it. */
export interface FailingReceivers {
  note(destination: string, delivered: boolean): void;
  /** Each receiver that was tried, and since when it has taken nothing for long; `undefined` if it takes messages. */
  look(): readonly { readonly destination: string; readonly since: number | undefined }[];
}

export function createFailingReceivers(clock: Clock): FailingReceivers {
  const failing = new Map<string, { failures: number; readonly since: number; readonly at: number; lastAt: number }>();
  const recovered = new Set<string>();
  return {
    note(destination, delivered) {
      if (delivered) {
        if (failing.delete(destination)) recovered.add(destination);
        return;
      }
      const at = clock.monotonic();
      const known = failing.get(destination) ?? { failures: 0, since: clock.now(), at, lastAt: at };
      known.failures += 1;
      known.lastAt = at;
      failing.set(destination, known);
    },
    look() {
      const now = clock.monotonic();
      for (const [destination, { lastAt }] of failing)
        if (now - lastAt >= FORGOTTEN_MS && failing.delete(destination)) recovered.add(destination);
      const well = [...recovered].map((destination) => ({ destination, since: undefined }));
      recovered.clear();
      const lasting = [...failing].filter(([, { failures, at }]) => failures >= FAILURES && now - at >= FAILING_MS);
      const told = lasting.slice(0, MOST_RECEIVERS).map(([destination, { since }]) => ({ destination, since }));
      return [...well, ...told];
    },
  };
}
