import { DAY_MS, MINUTE_MS } from '../lib/clock.ts';
/** When a site answers, in the time of one place. */
export type OpeningHours = {
  /** IANA name. */
  readonly timeZone: string;
  /** Spans of each weekday, Sunday first, in order and without overlap. */
  readonly week: readonly (readonly Span[])[];
  /** Days without any span, as `2026-12-25`. */
  readonly closedOn: ReadonlySet<string>;
};

/** Minutes of the clock since midnight, from 0 to 1440. */
export type Span = readonly [from: number, to: number];

/** Times are milliseconds since the epoch. Without `until` or `next` there is no end, or no opening, in sight. */
export type Opening =
  | { readonly open: true; readonly until?: number }
  /** `daysAhead` counts days of the calendar in the site's own zone. */
  | { readonly open: false; readonly next?: number; readonly daysAhead?: number };

/** Beyond this many days of closure nothing is told of the next opening. */
const DAYS_AHEAD = 60;
/** A site that is open without a break for this long has no end that is worth telling. */
const LONG_MS = 7 * DAY_MS;

/** Whether a site is open, until when, or when it opens next. Spans that touch, also at midnight, are one. */
export function openingAt(hours: OpeningHours, now: number): Opening {
  const { timeZone, week, closedOn } = hours;
  // As if the place were in UTC: its midnight.
  const today = Math.floor((now + offsetMs(timeZone, now)) / DAY_MS) * DAY_MS;
  let until: number | undefined;
  for (let ahead = 0; ahead <= DAYS_AHEAD; ahead++) {
    const day = today + ahead * DAY_MS;
    if (closedOn.has(new Date(day).toISOString().slice(0, 10))) continue;
    for (const [from, to] of week[new Date(day).getUTCDay()] ?? []) {
      const start = instantOf(timeZone, day + from * MINUTE_MS);
      const end = instantOf(timeZone, day + to * MINUTE_MS);
      if (until !== undefined ? start > until : start > now) {
        return until === undefined ? { open: false, next: start, daysAhead: ahead } : { open: true, until };
      }
      if (end > now) until = end;
    }
    if (until !== undefined && until - now > LONG_MS) return { open: true };
  }
  return until === undefined ? { open: false } : { open: true, until };
}

/** The instant at which the clocks of a zone show a time, which is given as if in UTC. A time that clocks skip is the one after it. */
function instantOf(timeZone: string, clock: number): number {
  const early = clock - offsetMs(timeZone, clock - DAY_MS);
  const late = clock - offsetMs(timeZone, clock + DAY_MS);
  // On a day without a change both are the same. A time that comes twice counts the first time.
  return early + offsetMs(timeZone, early) === clock ? early : late + offsetMs(timeZone, late) === clock ? late : early;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** What the clocks of a zone are ahead of UTC, in milliseconds. */
function offsetMs(timeZone: string, instant: number): number {
  let clock = clocks.get(timeZone);
  if (!clock) {
    clock = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    clocks.set(timeZone, clock);
  }
  const parts = Object.fromEntries(clock.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}
