import type { LoadChunk } from './chunks.ts';
import { primary } from './language.ts';
import { en } from './messages/en.ts';
import type { TextUsText, TextUsTexts } from './types.ts';

export type AllTexts = Readonly<Record<TextUsText, string>>;

/** Languages whose texts are loaded. */
export const loaded: Record<string, TextUsTexts> = { en };

/** Loads the texts of a language that the button speaks, once. If that fails, English is used. @param code a primary subtag */
export async function loadTexts(code: string, load: LoadChunk): Promise<void> {
  loaded[code] ??= (await load<{ texts: TextUsTexts }>(code)).texts;
}

/** Gives all texts in the best loaded language, replaced by those of `changes`; the last change has priority. */
export function textsFor(lang: string, ...changes: readonly (TextUsTexts | null | undefined)[]): AllTexts {
  const texts = Object.assign({ ...en }, loaded[primary(lang)], ...changes);
  texts.heading ||= texts.button;
  return texts;
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
