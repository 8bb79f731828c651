import { loadChunk } from './chunks.ts';
import { en } from './messages/en.ts';
import type { TextUsText, TextUsTexts } from './types.ts';

export type AllTexts = Readonly<Record<TextUsText, string>>;

/** The button's own label stands on the page before a click, and so before anything may be loaded. */
const LABELS: Readonly<Record<string, string>> = {
  es: 'Escríbanos',
  fr: 'Écrivez-nous',
  de: 'Schreiben Sie uns',
  ar: 'راسلنا',
};

const loaded: Record<string, TextUsTexts> = {};

/** The primary subtag, `fr` of `fr-CA`. */
export function primary(lang: string): string {
  return lang.toLowerCase().split('-', 1)[0] ?? '';
}

/** Fetches a language's texts once. Where there are none, or they cannot be had, English stays. */
export async function loadTexts(lang: string): Promise<void> {
  const code = primary(lang);
  if (LABELS[code]) loaded[code] ??= (await loadChunk<{ texts: TextUsTexts }>(code)).texts;
}

/** All texts in the best language that is loaded, with those of `changes` replaced, the last one first. */
export function textsFor(lang: string, ...changes: readonly (TextUsTexts | null | undefined)[]): AllTexts {
  const code = primary(lang);
  const texts = Object.assign({ ...en }, LABELS[code] && { button: LABELS[code] }, loaded[code], ...changes);
  texts.heading ||= texts.button;
  return texts;
}

/** The language of an element, as far as the page says, else the browser's. Always one that `Intl` takes. */
export function languageOf(element: HTMLElement): string {
  const named = element.lang || (element.closest('[lang]') ?? document.documentElement).getAttribute('lang');
  try {
    return Intl.getCanonicalLocales(named || navigator.language)[0] ?? 'en';
  } catch {
    return 'en';
  }
}

/** Which way a language is written, where we know it. */
export function directionOf(lang: string): 'ltr' | 'rtl' {
  return /^(ar|dv|fa|he|ps|ur|yi)$/.test(primary(lang)) ? 'rtl' : 'ltr';
}

/** Seconds from now in words: "in 2 minutes". */
export function whenIn(seconds: number, lang: string): string {
  const words = (size: number, unit: 'second' | 'minute' | 'hour'): string =>
    new Intl.RelativeTimeFormat(lang).format(Math.ceil(seconds / size), unit);
  return seconds < 60 ? words(1, 'second') : seconds < 3600 ? words(60, 'minute') : words(3600, 'hour');
}
