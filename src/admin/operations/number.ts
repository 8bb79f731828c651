import { getCountries } from 'libphonenumber-js/max/es6';
import { parsePhone } from '../../domain/phone.ts';
import { Refusal } from '../../domain/refusal.ts';
import type { Hashing } from '../../leads/hashing.ts';
import { OperationError } from './error.ts';

/** A number as an operator gives it: with its country code, or with the country that it is to be read in. */
export type GivenNumber = { readonly phone: string; readonly country?: string };

const ANYWHERE: ReadonlySet<string> = new Set(getCountries());

/**
 * The keyed hash of a number that an operator names.
 *
 * @throws OperationError `invalid` when it is no number, or one without a country; the number is not quoted
 */
export function readNumber(hashing: Hashing, { phone, country }: GivenNumber): Buffer {
  if (country === undefined && !/^\s*(tel:)?\s*\+/i.test(phone)) {
    throw new OperationError('invalid', 'phone: write the number with its country code, such as +1 404 555 1212');
  }
  try {
    // A number that begins with + is read by its own country code, whatever the default.
    return hashing.phone(parsePhone(phone, country ?? 'US', ANYWHERE).e164);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new OperationError('invalid', `phone: ${error.message}`);
  }
}
