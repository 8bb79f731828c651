import { getCountryCallingCode, getExampleNumber, isSupportedCountry, Metadata } from 'libphonenumber-js/max/es6';
import examples from 'libphonenumber-js/mobile/examples';

/** How numbers of a country are written there. */
export type PhoneHints = {
  /** Without a plus. */
  readonly callingCode: string;
  /** A mobile number that nobody has. */
  readonly placeholder: string;
  /** A pattern of all digits that are typed, and what they are replaced by. No replacement adds, drops or moves a digit. */
  readonly formats: readonly (readonly [pattern: string, replacement: string])[];
};

/** Not declared by the library's types. */
type NumberingPlan = {
  formats(): {
    pattern(): string;
    format(): string;
    leadingDigitsPatterns(): string[];
    nationalPrefixFormattingRule(): unknown;
  }[];
};

/** Longer ones tell land lines of single towns apart, whose numbers stay as they are typed. */
const LONGEST_PATTERN = 200;

const known = new Map<string, PhoneHints>();

/** @param country ISO 3166-1 alpha-2; one that the phone library does not know has no hints */
export function phoneHints(country: string): PhoneHints | undefined {
  if (!isSupportedCountry(country)) return undefined;
  const found = known.get(country);
  if (found) return found;
  const metadata = new Metadata();
  metadata.selectNumberingPlan(country);
  const plan = metadata.numberingPlan as NumberingPlan | undefined;
  const hints = {
    callingCode: getCountryCallingCode(country),
    placeholder: getExampleNumber(country, examples)?.formatNational() ?? '',
    formats: (plan?.formats() ?? []).flatMap((format): [string, string][] => {
      // Where a plan has no such rule, the library gives another value.
      const rule = String(format.nationalPrefixFormattingRule());
      const replacement = format.format().replace('$1', () => (rule.includes('$1') ? rule : '$1'));
      const prefix = /\d*(?=\$1)/.exec(replacement.replace(/[^\d$]/g, ''))?.[0] ?? '';
      const leading = format.leadingDigitsPatterns().at(-1);
      const pattern = `^${prefix}${leading === undefined ? '' : `(?=${leading})`}${format.pattern()}$`;
      return pattern.length <= LONGEST_PATTERN && keepsDigits(replacement, prefix) ? [[pattern, replacement]] : [];
    }),
  };
  known.set(country, hints);
  return hints;
}

/** Whether a replacement has the prefix and then every group once, in order. */
function keepsDigits(replacement: string, prefix: string): boolean {
  const groups = replacement.replace(/[^\d$]/g, '').slice(prefix.length);
  return groups === '$1$2$3$4$5$6'.slice(0, groups.length);
}

/** A mobile number that the plan of a country has as an example, with its calling code; `undefined` where it has none. */
export function exampleNumber(country: string): string | undefined {
  return isSupportedCountry(country) ? getExampleNumber(country, examples)?.number : undefined;
}
