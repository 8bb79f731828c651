import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max/es6';
import type { Phone } from './lead.ts';
import { Refusal } from './refusal.ts';

const POINTER = '/consumer/phone';
const EXAMPLE = 'write it as (404) 555-1212 or, with its country, +1 404 555 1212';

/**
 * Reads a consumer's number in any spelling.
 *
 * @param text as the visitor typed it; direction marks and other invisible format characters are dropped
 * @param country ISO 3166-1 alpha-2: how a number without a country code is read
 * @param allowed the site's countries; the number must possibly belong to one of them
 * @throws Refusal `invalid_phone` when it is no number, impossible, premium-rate or has an extension;
 *   `country_not_allowed` when it can belong to none of the allowed countries
 */
export function parsePhone(text: string, country: string, allowed: ReadonlySet<string>): Phone {
  const spelled = text
    .replace(/\p{Cf}/gu, '')
    .trim()
    .replace(/^tel:/i, '');
  const number = parsePhoneNumberFromString(spelled, { defaultCountry: toCountryCode(country), extract: false });
  if (!number) throw invalid(`Is not a phone number; ${EXAMPLE}.`);
  if (number.ext !== undefined) throw invalid('Has an extension, and a text cannot be sent to one; leave it out.');
  if (!number.isPossible()) throw invalid(`Has too few or too many digits to be a number of its country; ${EXAMPLE}.`);
  if (number.getType() === 'PREMIUM_RATE') throw invalid('Is a premium-rate number; give a mobile number.');
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

function invalid(detail: string): Refusal {
  return new Refusal('invalid_phone', detail, { pointer: POINTER });
}

function toCountryCode(country: string): CountryCode {
  if (isSupportedCountry(country)) return country;
  throw new Refusal('invalid_request', 'Is not a country of ISO 3166-1; use two capital letters such as US.', {
    pointer: '/consumer/country',
  });
}
