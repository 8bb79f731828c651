export const LANGUAGES = ['en', 'es', 'fr', 'de', 'ar'] as const;
export type Language = (typeof LANGUAGES)[number];

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

function spoken(tag: string): Language | undefined {
  const primary = tag.toLowerCase().split('-', 1)[0];
  return LANGUAGES.find((language) => language === primary);
}
