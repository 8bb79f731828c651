import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max/es6';
import type { Phone } from './lead.ts';
import { plainSpelling, readings } from './phone-spelling.ts';
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
  requireTextable(number);
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

  if (plain?.isValid()) {
    if (distinctValid([plain, ...rivals.map(parse)]).length > 1) throw ambiguous();
    return plain;
  }
  // A number that is possible in the site's country may be of a new range: only a spelling that says more outweighs it.
  const repaired = distinctValid(repairs.map(parse));
  if (repaired.length > 1 || (repaired.length === 1 && !misspelled && plain?.isPossible())) throw ambiguous();
  if (repaired[0]) return repaired[0];
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

function requireTextable(number: PhoneNumber): void {
  const type = number.getType();
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
