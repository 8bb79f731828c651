import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  type NumberType,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max/es6';
import type { Phone } from './lead.ts';
import { Refusal } from './refusal.ts';

const POINTER = '/consumer/phone';
const EXAMPLE = 'write it as (404) 555-1212 or, with its country, +1 404 555 1212';

/**
 * Reads a consumer's number in any spelling that has exactly one reading, and never gives another number than the one
 * that was typed. A valid number is taken as it reads. A known misspelling is repaired where exactly one valid number
 * results. A plain text that is possible but not valid is taken as typed, since the library's tables lag behind new ranges.
 *
 * @param text as the visitor typed it
 * @param country ISO 3166-1 alpha-2: how a number without a calling code is read
 * @param allowed the site's countries; the number must possibly belong to one of them
 * @throws Refusal `invalid_phone` when it is no number, has several readings, an extension, or is a premium-rate or
 *   personal number; `country_not_allowed` when it can belong to none of the allowed countries
 */
export function parsePhone(text: string, country: string, allowed: ReadonlySet<string>): Phone {
  const number = read(text, toCountryCode(country));
  const { country: likely } = number;
  if (!(likely && allowed.has(likely)) && !number.getPossibleCountries().some((candidate) => allowed.has(candidate))) {
    throw new Refusal(
      'country_not_allowed',
      `Belongs to a country that this site does not serve; it serves ${[...allowed].join(', ')}.`,
      { pointer: POINTER },
    );
  }
  return { e164: number.number, callingCode: number.countryCallingCode, national: number.nationalNumber };
}

/**
 * Gives one spelling of a number that can be dialled in two, for comparing numbers: an Argentine mobile number is the same
 * with and without the 9 behind the calling code.
 */
export function canonicalNumber(e164: string): string {
  return e164.replace(/^\+549(?=\d{10}$)/, '+54');
}

function read(text: string, country: CountryCode): PhoneNumber {
  const spelling = plainSpelling(text);
  const parse = (candidate: string): PhoneNumber | undefined =>
    withoutCarrierCode(candidate, parsePhoneNumberFromString(candidate, { defaultCountry: country, extract: false }));
  const plain = parse(spelling);
  if (plain?.ext !== undefined) throw invalid('Has an extension, and a text cannot be sent to one; leave it out.');
  const { rivals, repairs, misspelled } = readings(spelling, country, getCountryCallingCode(country));

  // A number of a known type is valid. Asking for both would find the type twice, at 5 µs.
  const type = plain?.getType();
  if (plain && (type !== undefined || plain.isValid())) {
    if (rivals.length > 0 && distinctValid([plain, ...rivals.map(parse)]).length > 1) throw ambiguous();
    requireTextable(type);
    return plain;
  }
  // A number that is possible in the site's country may be of a new range: only a spelling that says more outweighs it.
  const repaired = distinctValid(repairs.map(parse));
  if (repaired.length > 1 || (repaired.length === 1 && !misspelled && plain?.isPossible())) throw ambiguous();
  if (repaired[0]) {
    requireTextable(repaired[0].getType());
    return repaired[0];
  }
  if (!plain) throw invalid(`Is not a phone number; ${EXAMPLE}.`);
  // A zero in brackets that the library itself took for a trunk prefix leaves one reading.
  const isOneReading = rivals.length > 0 && rivals.every((rival) => parse(rival)?.number === plain.number);
  if (misspelled && !isOneReading) throw invalid(`Cannot be read as one number; ${EXAMPLE}.`);
  if (!plain.isPossible()) throw invalid(`Has too few or too many digits to be a number of its country; ${EXAMPLE}.`);
  return plain;
}

/**
 * Drops a number from which the library took more than a trunk prefix although the calling code was written: it then took
 * leading digits for the code of a carrier, and what is left is another number. A trunk prefix has two digits at most.
 */
function withoutCarrierCode(text: string, number: PhoneNumber | undefined): PhoneNumber | undefined {
  if (!number || !text.startsWith('+')) return number;
  const typed = text.replace(/\D/g, '').slice(number.countryCallingCode.length);
  const isTaken = typed.endsWith(number.nationalNumber) && typed.length - number.nationalNumber.length <= 2;
  // Argentina's 15 becomes a 9 behind the calling code: the library moves digits there, and loses none.
  return isTaken || number.ext !== undefined || number.countryCallingCode === '54' ? number : undefined;
}

function distinctValid(numbers: readonly (PhoneNumber | undefined)[]): PhoneNumber[] {
  const valid = numbers.filter(
    (number): number is PhoneNumber => number?.isValid() === true && number.ext === undefined,
  );
  return valid.filter((number, at) => valid.findIndex((other) => other.number === number.number) === at);
}

function requireTextable(type: NumberType): void {
  if (type === 'PREMIUM_RATE') throw invalid('Is a premium-rate number; give a mobile number.');
  // A personal number (070 in the United Kingdom) forwards calls at the caller's cost, and takes no text messages.
  if (type === 'PERSONAL_NUMBER') throw invalid('Is a personal forwarding number; give a mobile number.');
}

function ambiguous(): Refusal {
  return invalid('Can be read as several numbers; write it with its country, as in +1 404 555 1212.');
}

function invalid(detail: string): Refusal {
  return new Refusal('invalid_phone', detail, { pointer: POINTER });
}

function toCountryCode(country: string): CountryCode {
  if (isSupportedCountry(country)) return country;
  throw new Refusal('invalid_request', 'Is not a country of ISO 3166-1; use two capital letters such as US.', {
    pointer: '/consumer/country',
  });
}

/**
 * Words that people write around their number. A label says nothing of the number; any other letter makes the text no
 * number (a vanity number has several readings, and `x` or `ext` begins an extension).
 */
const LABEL_WORDS = [
  'tel|tél|telephone|téléphone|telefon|telefone|teléfono|telefono|telefoon|fon|phone|ph|fono',
  'cell|cell ?phone|cellular|cellulare|cel|celular|cellulaire|mobile|mobil|mob|móvil|movil|portable|handy|gsm',
  'text|sms|whatsapp|home|work|privat|number|num|no|nr|nummer|número|numero|numéro|n°',
].join('|');
const LABEL = `(?:my )?(?:${LABEL_WORDS})(?: (?:${LABEL_WORDS}))?`;
/** `Cell: 404…`, `Tel. 404…`, `m: 404…`, `(cell) 404…`, `mobile 404…`. */
const LEADING_LABEL = new RegExp(
  `^(?:\\((?:${LABEL}|[cmhpt])\\)|(?:${LABEL})(?![\\p{L}])|[cmhpt](?=[.:]))[.:#-]*\\s*`,
  'iu',
);
/** `404… (cell)`, `404… cell`, `404… - mobile`, `404… (c)`. */
const TRAILING_LABEL = new RegExp(`[\\s-]*(?:\\((?:${LABEL}|[cmhpt])\\)|(?<![\\p{L}])(?:${LABEL}))[.:]?$`, 'iu');

/** Most numbers come so: there is nothing to take away but blanks. A plus within the text may belong to a calling code in brackets. */
const NOTHING_AROUND = /^\+?[\d ().-]+$/;
/** Bullets and dots that separate groups of digits, beside those that the phone library knows. */
const SEPARATORS = /[•·∙‧⋅‣●|_]/gu;
/** A spreadsheet writes an apostrophe before a number that it shall keep as text. */
const TEXT_MARK = /^['‘’`´]+/u;
/** A calling code in brackets with its plus, as in `(+44) 7400 123456`. */
const BRACKETED_CODE = /^\(\s*\+\s*(\d{1,3})\s*\)/;

/** A zero in brackets behind a calling code, as in `+48 (0) 512 345 678`. */
const BRACKETED_ZERO = /^(\+[\d\s]+)\(\s*0\s*\)/;
/** A number that went through a spreadsheet as a decimal: it has no plus. */
const DECIMAL = /^\d[\d\s]*[.,]0$/;
const TRAILING_DECIMAL = /[.,]0$/;
/** The prefixes of ten Mexican digits until 2019: 1 behind the calling code, 044, 045 and 01 at home. */
const OLD_MEXICAN = /^(?:(?:\+|00)?521|044|045|01)(\d{10})$/;
/**
 * Calling codes of countries without a trunk zero whose people still write it: Poland dropped it in this century. Elsewhere
 * a zero that no number of the country can have is no habit, and the text is refused.
 */
const DROPPED_TRUNK_ZERO: ReadonlySet<string> = new Set(['48']);

/** Other ways to read a text beside the plain one. */
type Readings = {
  /** Readings as good as the plain one where that is valid: if they give another valid number, the text has several readings. */
  readonly rivals: readonly string[];
  /** The readings after a known misspelling is undone. */
  readonly repairs: readonly string[];
  /** Whether the text shows a trace of a misspelling, so that its digits alone are not what was meant. */
  readonly misspelled: boolean;
};

/**
 * Takes away what surrounds a number and has no meaning: invisible format characters (direction marks, soft hyphens), the
 * scheme `tel:`, a spreadsheet's apostrophe, a label, brackets around the calling code. Digits of every script become ASCII.
 */
function plainSpelling(text: string): string {
  if (NOTHING_AROUND.test(text)) return text.trim();
  return toAsciiDigits(text.replace(/\p{Cf}/gu, ''))
    .replace(SEPARATORS, ' ')
    .trim()
    .replace(TEXT_MARK, '')
    .replace(/^tel:(?=[+\d])/i, '')
    .replace(LEADING_LABEL, '')
    .replace(TRAILING_LABEL, '')
    .trim()
    .replace(BRACKETED_CODE, '+$1');
}

/** Finds the other readings of a text that `plainSpelling` gave, for a site whose own country has that calling code. */
function readings(text: string, country: string, callingCode: string): Readings {
  const digits = text.replace(/\D/g, '');
  const hasPlus = text.startsWith('+');
  const rivals: string[] = [];
  const repairs: string[] = [];
  let misspelled = false;

  // The site's own calling code without its plus may also be the beginning of a national number.
  if (!hasPlus && digits.startsWith(callingCode)) rivals.push(`+${digits}`);
  const zero = BRACKETED_ZERO.exec(text);
  if (zero) {
    const without = text.replace(BRACKETED_ZERO, '$1');
    const code = zero[1]?.replace(/\D/g, '') ?? '';
    // Where numbers may also begin with the zero (Italy), both are readings of the same text.
    rivals.push(without);
    if (DROPPED_TRUNK_ZERO.has(code)) repairs.push(without);
    misspelled = true;
  }
  if (TRAILING_DECIMAL.test(text)) {
    misspelled = true;
    const whole = text.slice(0, -2);
    rivals.push(whole);
    if (DECIMAL.test(text)) repairs.push(whole, `+${whole.replace(/\D/g, '')}`);
  } else if (!hasPlus && /^[\d\s().-]+$/.test(text)) {
    repairs.push(`+${digits}`);
  }
  const mexican = OLD_MEXICAN.exec(`${hasPlus ? '+' : ''}${digits}`)?.[1];
  if (mexican !== undefined && (country === 'MX' || hasPlus)) {
    repairs.push(`+52${mexican}`);
    misspelled = true;
  }
  return { rivals, repairs, misspelled };
}

/** Decimal digits stand in runs of ten from zero to nine (Unicode, category Nd), so that a digit's value is its place in them. */
function toAsciiDigits(text: string): string {
  return text.replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = digit.codePointAt(0) ?? 0;
    let start = code;
    while (/\p{Nd}/u.test(String.fromCodePoint(start - 1))) start -= 1;
    return String((code - start) % 10);
  });
}
