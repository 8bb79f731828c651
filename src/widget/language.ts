import type { TextUsTexts } from './types.ts';

/** Labels of the button by language: they are shown before a click, and other texts are loaded only after one. */
export const LABELS: Readonly<Record<string, string>> = {
  en: 'Text us',
  es: 'Escríbanos',
  fr: 'Écrivez-nous',
  de: 'Schreiben Sie uns',
  ar: 'راسلنا',
};

/** Gives the primary subtag of a language tag: `fr` for `fr-CA`. */
export function primary(lang: string): string {
  return lang.replace(/-.*/, '');
}

/** Gives the language of the shown texts: the requested one if it is `known` or the site gave its own texts, else English. */
export function spoken(lang: string, known: object, ...changes: readonly TextUsTexts[]): string {
  return primary(lang) in known || changes.some((texts) => Object.keys(texts)[0]) ? lang : 'en';
}

/** Gives the language that the page declares for an element, also as `es_MX`, else the browser's. `Intl` accepts every result. */
export function languageOf(element: HTMLElement): string {
  const named = element.closest<HTMLElement>('[lang]')?.lang ?? document.documentElement.lang;
  try {
    return Intl.getCanonicalLocales(named.replace(/_/g, '-') || navigator.language)[0] ?? 'en';
  } catch {
    return 'en';
  }
}
