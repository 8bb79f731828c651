import type { Listing } from '../domain/lead.ts';
import type { ListingFormat, ListingXml } from '../domain/wire.ts';
import { encodeName, escaped, escapedAttribute } from './markup.ts';

type Entry = readonly [name: string, value: string | number | boolean];

/**
 * The text of `ListingDetails`. A listing that is a text is passed as it is, in every format. Named values become
 * `name: value; name: value`, a JSON object, a urlencoded query, pairs with other marks, or XML. Gives `undefined` for a
 * listing without values.
 */
export function listingDetails(listing: Listing, format: ListingFormat): string | undefined {
  if (typeof listing === 'string') return listing;
  const entries = Object.entries(listing);
  if (entries.length === 0) return undefined;
  if (typeof format === 'object') {
    return 'xml' in format ? xmlOf(entries, format) : pairsOf(entries, format.assign, format.separator);
  }
  switch (format) {
    case 'text':
      return pairsOf(entries, ': ', '; ');
    case 'json':
      return JSON.stringify(listing);
    case 'urlencoded':
      return new URLSearchParams(entries.map(([name, value]): [string, string] => [name, String(value)])).toString();
  }
}

/** The content of `ListingDetails` as markup: the text, escaped, or the elements of a listing that is written as such. */
export function listingMarkup(listing: Listing, format: ListingFormat): string | undefined {
  const content = listingDetails(listing, format);
  const isMarkup = typeof listing !== 'string' && typeof format === 'object' && 'xml' in format;
  return content === undefined || (isMarkup && format.xml === 'elements') ? content : escaped(content);
}

function pairsOf(entries: readonly Entry[], assign: string, separator: string): string {
  return entries.map(([name, value]) => `${name}${assign}${value}`).join(separator);
}

function xmlOf(entries: readonly Entry[], format: ListingXml): string {
  const { root } = format;
  const content = entries
    .map((entry) => (format.item === undefined ? named(entry, format) : item(entry, format)))
    .join('');
  return root === undefined ? content : `<${root}>${content}</${root}>`;
}

function named([name, value]: Entry, { prefix }: ListingXml): string {
  const tag = `${prefix === undefined ? '' : `${prefix}:`}${encodeName(name)}`;
  return `<${tag}>${escaped(String(value))}</${tag}>`;
}

function item([name, value]: Entry, { item: tag = 'Item', key, value: place }: ListingXml): string {
  let attributes = '';
  let content = '';
  for (const [at, text] of [
    [key, name],
    [place, String(value)],
  ] as const) {
    if (at?.startsWith('@')) attributes += ` ${at.slice(1)}="${escapedAttribute(text)}"`;
    else if (at !== undefined) content += `<${at}>${escaped(text)}</${at}>`;
  }
  if (place === undefined) content += escaped(String(value));
  return `<${tag}${attributes}>${content}</${tag}>`;
}
