import * as ar from './ar.ts';
import * as de from './de.ts';
import * as en from './en.ts';
import * as es from './es.ts';
import * as fr from './fr.ts';

export const LANGUAGES = ['en', 'es', 'fr', 'de', 'ar'] as const;
export type Language = (typeof LANGUAGES)[number];

/** All words of a language by their names; no name is in both groups. */
export type Words = en.DialogWords & en.PageWords;

/** What the button's dialog says, by language. */
export const DIALOG_WORDS: Readonly<Record<Language, en.DialogWords>> = {
  en: en.dialog,
  es: es.dialog,
  fr: fr.dialog,
  de: de.dialog,
  ar: ar.dialog,
};

/** Everything that visitors read, by language. */
export const WORDS: Readonly<Record<Language, Words>> = {
  en: { ...en.dialog, ...en.page },
  es: { ...es.dialog, ...es.page },
  fr: { ...fr.dialog, ...fr.page },
  de: { ...de.dialog, ...de.page },
  ar: { ...ar.dialog, ...ar.page },
};

/** The first of these that we speak: what the form says, then what the browser prefers (RFC 9110, section 12.5.4), then English. */
export function languageOf(lang: string | undefined, acceptLanguage: string | undefined): Language {
  const wanted = [lang ?? '', ...preferred(acceptLanguage ?? '')];
  return wanted.map(spoken).find((language) => language !== undefined) ?? 'en';
}

function preferred(acceptLanguage: string): string[] {
  return acceptLanguage
    .split(',')
    .map((range) => {
      const [tag = '', ...parameters] = range.split(';');
      const q = parameters.map((parameter) => /^\s*q=([0-9.]+)\s*$/i.exec(parameter)?.[1]).find(Boolean);
      return { tag: tag.trim(), weight: q === undefined ? 1 : Number(q) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((one, other) => other.weight - one.weight)
    .map(({ tag }) => tag);
}

/** The language of a tag such as `es-MX` or `es_MX`, if we speak it. */
export function spoken(tag: string): Language | undefined {
  const primary = tag.toLowerCase().split(/[-_]/, 1)[0];
  return LANGUAGES.find((language) => language === primary);
}
