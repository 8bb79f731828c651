import { loadChunk } from './chunks.ts';
import { en } from './messages/en.ts';
import type { TextUsText, TextUsTexts } from './types.ts';

export type AllTexts = Readonly<Record<TextUsText, string>>;

/** Labels of the button in all languages: they are shown before a click, and parts are loaded only after one. */
export const LABELS: Readonly<Record<string, string>> = {
  es: 'Escríbanos',
  fr: 'Écrivez-nous',
  de: 'Schreiben Sie uns',
  ar: 'راسلنا',
};

/** Languages whose texts are loaded. */
export const loaded: Record<string, TextUsTexts> = { en };

/** Gives the primary subtag of a language tag: `fr` for `fr-CA`. */
export function primary(lang: string): string {
  return lang.replace(/-.*/, '');
}

/** Loads the texts of a language once. Without such texts, or if loading fails, English is used. */
export async function loadTexts(lang: string): Promise<void> {
  const code = primary(lang);
  if (LABELS[code]) loaded[code] ??= (await loadChunk<{ texts: TextUsTexts }>(code)).texts;
}

/** Gives all texts in the best loaded language, replaced by those of `changes`; the last change has priority. */
export function textsFor(lang: string, ...changes: readonly (TextUsTexts | null | undefined)[]): AllTexts {
  const code = primary(lang);
  const texts = Object.assign({ ...en }, LABELS[code] && { button: LABELS[code] }, loaded[code], ...changes);
  texts.heading ||= texts.button;
  return texts;
}

/** Gives the language of the shown texts: the requested one if it is `known` or the site gave its own texts, else English. */
export function spoken(lang: string, known: object, ...changes: readonly TextUsTexts[]): string {
  return primary(lang) in known || changes.some((texts) => Object.keys(texts)[0]) ? lang : 'en';
}

/** Gives the language that the page declares for an element, else the browser's. `Intl` accepts every result. */
export function languageOf(element: HTMLElement): string {
  const named = element.closest<HTMLElement>('[lang]')?.lang ?? document.documentElement.lang;
  try {
    return Intl.getCanonicalLocales(named || navigator.language)[0] ?? 'en';
  } catch {
    return 'en';
  }
}

/** Gives the writing direction of a language, if it is known. */
export function directionOf(lang: string): 'ltr' | 'rtl' {
  return /^(ar|dv|fa|he|ps|ur|yi)$/.test(primary(lang)) ? 'rtl' : 'ltr';
}

/** Formats a number of seconds as a time from now: "in 2 minutes". */
export function whenIn(seconds: number, lang: string): string {
  const [size, unit] =
    seconds < 60 ? ([1, 'second'] as const) : seconds < 3600 ? ([60, 'minute'] as const) : ([3600, 'hour'] as const);
  return new Intl.RelativeTimeFormat(lang).format(Math.ceil(seconds / size), unit);
}
