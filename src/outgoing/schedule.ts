import type { QuietTime } from '../domain/notification.ts';

/** Failures in a row, without a success between them, after which a destination is left alone for a while. */
const FAILURES_TO_PAUSE = 3;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;
/** The part of a delay that is random, so that many messages do not come back at the same moment. */
const JITTER = 0.2;

/**
 * When a message is tried again.
 *
 * @param attempts tries that failed, at least one
 * @param scheduleS delays in seconds; the last one is repeated
 * @param retryAfterMs what the receiver asked for; the later of both times applies
 * @param random from 0 to 1
 */
export function nextTry(
  attempts: number,
  scheduleS: readonly number[],
  { now, random, retryAfterMs = 0 }: { readonly now: number; readonly random: number; readonly retryAfterMs?: number },
): number {
  const delayS = scheduleS[Math.min(attempts, scheduleS.length) - 1] ?? 60;
  const delayMs = delayS * 1_000 * (1 - JITTER / 2 + JITTER * random);
  return now + Math.round(Math.max(delayMs, retryAfterMs));
}

/** How a destination answered lately. While it is paused, by the clock that never jumps, its messages wait and use up no try. */
export type Health = { readonly failures: number; readonly pausedUntil: number };

export const HEALTHY: Health = { failures: 0, pausedUntil: 0 };

/** The health after a failed try: from the third failure in a row on it is paused, longer each time. */
export function afterFailure({ failures }: Health, now: number): Health {
  const more = failures + 1;
  if (more < FAILURES_TO_PAUSE) return { failures: more, pausedUntil: 0 };
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(more - FAILURES_TO_PAUSE, 10), LONGEST_PAUSE_MS);
  return { failures: more, pausedUntil: now + pauseMs };
}

/** Whether a time of the day, as clocks in the time zone show it, is within the quiet time. Equal ends mean the whole day. */
export function isQuiet({ from, to, timeZone }: QuietTime, now: number): boolean {
  const minute = minuteOfDay(timeZone, now);
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes since midnight, from 0 to 1439. */
function minuteOfDay(timeZone: string, now: number): number {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en', { timeZone, hour: 'numeric', minute: 'numeric', hourCycle: 'h23' });
  formats.set(timeZone, format);
  const parts = format.formatToParts(now);
  const numberOf = (type: 'hour' | 'minute'): number => Number(parts.find((part) => part.type === type)?.value);
  return numberOf('hour') * 60 + numberOf('minute');
}
