import { escapePointer } from '../lib/escape.ts';
import type { Listing } from './lead.ts';
import { Refusal } from './refusal.ts';
import { optionalText, requireXmlText } from './text.ts';

/**
 * The listing as it is stored: blank texts are absent, everything else is unchanged.
 * @throws Refusal `invalid_request` for a name or text that XML cannot carry, a blank name, or an integer beyond 2^53,
 *   which JSON has already rounded
 */
export function draftListing(listing: Listing | undefined): Listing | undefined {
  if (listing === undefined || typeof listing === 'string') return optionalText(listing, '/listing');
  const kept = Object.entries(listing).filter(([name, value]) => keeps(name, value));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function keeps(name: string, value: string | number | boolean): boolean {
  const pointer = `/listing/${escapePointer(name)}`;
  requireXmlText(name, '/listing');
  if (name.trim() === '') throw new Refusal('invalid_request', 'Has a blank name; name every value.', { pointer });
  if (typeof value === 'string') return optionalText(value, pointer) !== undefined;
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new Refusal('invalid_request', 'Is too large an integer to arrive unchanged; send it as text.', { pointer });
  }
  return true;
}
