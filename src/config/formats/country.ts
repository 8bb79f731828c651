import { isSupportedCountry } from 'libphonenumber-js/max/es6';
import type { Mistake } from '../problem.ts';

/** ISO 3166-1 alpha-2 in capitals, and a country whose numbers we can read. */
export function checkCountry(text: string): Mistake | undefined {
  if (isSupportedCountry(text)) return undefined;
  const meant = text.toUpperCase() === 'UK' ? 'GB' : text.toUpperCase();
  return {
    problem: 'is not a country code',
    fix: isSupportedCountry(meant) ? `write ${meant}` : 'use two capital letters of ISO 3166-1, such as US or GB',
  };
}
