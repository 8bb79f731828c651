import { loadChunk } from './chunks.ts';
import { en } from './messages/en.ts';
import type { TextUsText, TextUsTexts } from './types.ts';

export type AllTexts = Readonly<Record<TextUsText, string>>;

/** The button's own label stands on the page before a click, and so before anything may be loaded. */
export const LABELS: Readonly<Record<string, string>> = {
  es: 'Escríbanos',
  fr: 'Écrivez-nous',
  de: 'Schreiben Sie uns',
  ar: 'راسلنا',
};

/** Languages whose texts are there. */
export const loaded: Record<string, TextUsTexts> = { en };

/** The primary subtag, `fr` of `fr-CA`, of a language as `languageOf` gives it. */
export function primary(lang: string): string {
  return lang.replace(/-.*/, '');
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

/** The language that words are really in: the one asked for if it is among the `known`, or somebody else gave words, else English. */
export function spoken(lang: string, known: object, ...changes: readonly TextUsTexts[]): string {
  return primary(lang) in known || changes.some((texts) => Object.keys(texts)[0]) ? lang : 'en';
}

/** The language of an element, as far as the page says, else the browser's. Always one that `Intl` takes. */
export function languageOf(element: HTMLElement): string {
  const named = element.closest<HTMLElement>('[lang]')?.lang ?? document.documentElement.lang;
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
  const [size, unit] =
    seconds < 60 ? ([1, 'second'] as const) : seconds < 3600 ? ([60, 'minute'] as const) : ([3600, 'hour'] as const);
  return new Intl.RelativeTimeFormat(lang).format(Math.ceil(seconds / size), unit);
}
