import type { QuietTime } from '../domain/notification.ts';

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
