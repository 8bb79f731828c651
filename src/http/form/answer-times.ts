import { openingAt } from '../../domain/opening-hours.ts';
import type { SiteForm } from '../../domain/site.ts';
import type { Words } from '../../words/languages.ts';

const MINUTES_PER_HOUR = 60;
const MINUTES_PER_DAY = 1440;

/**
 * Says when an answer may be expected: while the site is open, how soon and until when; else from when on.
 *
 * @param now milliseconds since the epoch
 * @returns undefined where the site tells neither
 */
export function answerOf(
  { answerMinutes, hours }: Pick<SiteForm, 'answerMinutes' | 'hours'>,
  words: Words,
  locale: string,
  now: number,
): { readonly open: boolean; readonly text: string } | undefined {
  const soon = answerMinutes && words.answerTime.replace('{time}', duration(answerMinutes, locale));
  if (!hours) return soon ? { open: true, text: soon } : undefined;
  const { timeZone } = hours;
  const opening = openingAt(hours, now);
  if (opening.open) {
    const end = opening.until && words.openUntil.replace('{time}', clockTime(opening.until, locale, timeZone));
    const text = [soon, end].filter(Boolean).join(' ');
    return text ? { open: true, text } : undefined;
  }
  const { next, daysAhead = 0 } = opening;
  if (next === undefined) return { open: false, text: words.closed };
  return {
    open: false,
    text: words.closedUntil
      .replace('{day}', dayOf(next, daysAhead, words, locale, timeZone))
      .replace('{time}', clockTime(next, locale, timeZone)),
  };
}

function duration(minutes: number, locale: string): string {
  const [unit, size] =
    minutes % MINUTES_PER_DAY === 0
      ? (['day', MINUTES_PER_DAY] as const)
      : minutes % MINUTES_PER_HOUR === 0
        ? (['hour', MINUTES_PER_HOUR] as const)
        : (['minute', 1] as const);
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(minutes / size);
}

/** With the zone, because visitors may be in another. */
function clockTime(instant: number, locale: string, timeZone: string): string {
  const options = { hour: 'numeric', minute: '2-digit', timeZone, timeZoneName: 'short' } as const;
  return new Intl.DateTimeFormat(locale, options).format(instant);
}

/** "today", "tomorrow", "on Monday", "on December 28". */
function dayOf(instant: number, ahead: number, { onDay }: Words, locale: string, timeZone: string): string {
  if (ahead < 2) return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(ahead, 'day');
  const options = ahead < 7 ? ({ weekday: 'long' } as const) : ({ day: 'numeric', month: 'long' } as const);
  return onDay.replace('{day}', new Intl.DateTimeFormat(locale, { ...options, timeZone }).format(instant));
}
