import type { WireProfile } from '../config/settings.ts';
import type { Listing } from '../conversation/types.ts';

/**
 * The text of `ListingDetails`. A listing that is a text is passed as it is, in every format; named values become
 * `name: value; name: value`, a JSON object or a urlencoded query. Gives `undefined` when nothing is named.
 */
export function listingDetails(listing: Listing, format: WireProfile['listingFormat']): string | undefined {
  if (typeof listing === 'string') return listing;
  const entries = Object.entries(listing);
  if (entries.length === 0) return undefined;
  switch (format) {
    case 'text':
      return entries.map(([name, value]) => `${name}: ${value}`).join('; ');
    case 'json':
      return JSON.stringify(listing);
    case 'urlencoded':
      return new URLSearchParams(entries.map(([name, value]): [string, string] => [name, String(value)])).toString();
  }
}
