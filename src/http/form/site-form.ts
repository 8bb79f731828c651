import { openingAt } from '../../domain/opening-hours.ts';
import { phoneHints } from '../../domain/phone-hints.ts';
import type { Site, SiteForm } from '../../domain/site.ts';
import { defined } from '../../lib/values.ts';
import { DIALOG_WORDS, type Language, spoken, WORDS, type Words } from '../../words/languages.ts';
import type { Issued } from '../screening/form-guard.ts';

export type SiteFormOptions = {
  /** A language tag. Where neither we nor the site speak it, the texts are in `otherwise`. */
  readonly lang: string | undefined;
  readonly otherwise?: Language;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

/** The public view of a site's form. */
export function siteFormBody(site: Site, { lang: asked, otherwise = 'en', now }: SiteFormOptions, issued: Issued) {
  const { form } = site;
  // Java and PHP write `es_MX`.
  const wanted = (asked ?? '').replaceAll('_', '-');
  const found = textsOf(form, wanted.toLowerCase());
  const language = spoken(wanted) ?? otherwise;
  const lang = spoken(wanted) || found ? wanted : otherwise;
  const { consent: consentText = site.consentText, ...own } = found ?? {};
  const texts = {
    ...DIALOG_WORDS[language],
    ...(form.listingHeading && { heading: '{listing}' }),
    ...own,
    ...(consentText !== undefined && { consent: consentText }),
  };
  return defined({
    site: site.key,
    country: site.country,
    countries: [...site.countries],
    placementId: site.placementId,
    consent: defined({
      required: site.consentRequired,
      text: consentText,
      version: site.consentVersion,
      notice: form.textingNotice ? texts.rates : undefined,
    }),
    fields: form.name ? { ...form.fields, firstName: 'hidden', lastName: 'hidden', name: form.name } : form.fields,
    lang,
    texts,
    questionFirst: form.questionFirst || undefined,
    confirmNumber: form.confirmNumber || undefined,
    answer: answerOf(form, { ...WORDS[language], ...own }, localeOf(lang, language), now),
    links: form.links,
    phoneCountries: form.phone && phoneCountries(site, form.phone, localeOf(lang, language)),
    minFillS: form.minFillS,
    ...issued,
  });
}

/** The site's texts in a language, else in the language without its region. */
function textsOf({ texts }: SiteForm, lang: string): { readonly [name: string]: string } | undefined {
  return texts.get(lang) ?? texts.get(lang.split('-', 1)[0] ?? '');
}

/** Times and names are written as in the region of a tag, if that is one. */
function localeOf(lang: string, language: Language): string {
  try {
    return spoken(lang) === language ? (Intl.getCanonicalLocales(lang)[0] ?? language) : language;
  } catch {
    return language;
  }
}

type PhoneOptions = NonNullable<SiteForm['phone']>;

/** The site's own country, and the others behind it where visitors may choose. */
function phoneCountries(site: Site, { placeholder, format, countryPicker }: PhoneOptions, locale: string) {
  const names = new Intl.DisplayNames([locale], { type: 'region' });
  const { compare } = new Intl.Collator(locale);
  const others = countryPicker ? [...site.countries].filter((country) => country !== site.country) : [];
  const named = others.map((country) => ({ country, name: names.of(country) ?? country }));
  const first = { country: site.country, name: names.of(site.country) ?? site.country };
  return [first, ...named.sort((one, other) => compare(one.name, other.name))].flatMap(({ country, name }) => {
    const hints = phoneHints(country);
    if (!hints) return [];
    return defined({
      country,
      name,
      callingCode: hints.callingCode,
      placeholder: placeholder ? hints.placeholder : undefined,
      formats: format ? hints.formats : undefined,
    });
  });
}

const MINUTES_PER_HOUR = 60;
const MINUTES_PER_DAY = 1440;

/**
 * Says when an answer may be expected: while the site is open, how soon and until when; else from when on.
 *
 * @param now milliseconds since the epoch
 * @returns undefined where the site tells neither
 */
function answerOf(
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
