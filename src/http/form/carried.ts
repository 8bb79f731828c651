import { isXmlText } from '../../domain/draft.ts';
import { LISTING_PREFIX } from '../schemas/lead-form.ts';
import { TEXT_PAGE_QUERY } from '../schemas/text-page.ts';
import type { Entry } from './decode.ts';

/** A posted form in the shape of the JSON body, valid or not. */
export type Posted = {
  readonly consumer?: Readonly<Record<string, unknown>>;
  readonly consent?: { readonly text?: unknown };
  readonly listing?: unknown;
  readonly [name: string]: unknown;
};

/**
 * Fields of the address that the form carries along. Others, such as those of trackers, are left out. What the schema would refuse
 * later is shortened or left out as well: a visitor could do nothing about it, and the lead would be lost.
 */
export function carriedByQuery(query: Readonly<Record<string, unknown>>): Entry[] {
  const texts = Object.entries(query).flatMap(([name, value]): Entry[] =>
    typeof value === 'string'
      ? [[name, value.replace(/[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')]]
      : [],
  );
  const own = texts.filter(([name]) => Object.hasOwn(TEXT_PAGE_QUERY.properties, name) && name !== 'listing');
  const named = texts.filter(
    ([name]) => name.startsWith(LISTING_PREFIX) && isListingName(name.slice(LISTING_PREFIX.length)),
  );
  const whole = texts.filter(([name]) => name === 'listing');
  return [
    ...own.filter(([name, value]) => name !== 'placementId' || isPlacement(value)),
    ...named.slice(0, MAX_NAMES).map(([name, value]): Entry => [name, shorten(value, MAX_VALUE)]),
    // A listing is given in one of the two ways.
    ...(named.length > 0 ? [] : whole.map(([name, value]): Entry => [name, shorten(value, MAX_LISTING)])),
  ];
}

const MAX_NAMES = 32;
const MAX_NAME = 64;
const MAX_VALUE = 256;
const MAX_LISTING = 2000;

function isListingName(name: string): boolean {
  return isXmlText(name) && name.trim() !== '' && [...name].length <= MAX_NAME;
}

function isPlacement(value: string): boolean {
  return /^[1-9][0-9]{0,9}$/.test(value) && Number(value) < 2 ** 31;
}

function shorten(text: string, most: number): string {
  return [...text].slice(0, most).join('');
}

/** The same fields out of a form that comes back, beside its extras. */
export function carriedByForm({ listing, ...posted }: Posted): Entry[] {
  const own = ['advertiserId', 'merchantId', 'placementId'].map((name) => [name, posted[name]] as const);
  const named = typeof listing === 'object' ? Object.entries(Object(listing)) : [];
  return [
    ...own,
    ...named.map(([name, value]) => [`${LISTING_PREFIX}${name}`, value] as const),
    ['listing', typeof listing === 'string' ? listing : undefined] as const,
  ].flatMap(([name, value]): Entry[] => (value === undefined ? [] : [[name, String(value)]]));
}
