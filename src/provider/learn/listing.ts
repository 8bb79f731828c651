import type { Listing } from '../../domain/lead.ts';
import { type ListingFormat, type ListingXml, splitName } from '../../domain/wire.ts';
import { parseXml, trimXml, type XmlElement } from '../xml.ts';
import { isPlaceholder } from './names.ts';

/** What a sample shows of its listing: the format, the names and values, and whether another format would fit as well. */
export type LearntListing = { readonly format: ListingFormat; readonly listing?: Listing; readonly sure: boolean };

/** Finds the format of a listing from the element that holds it. A text that has no form is passed unchanged in every format. */
export function learnListing(element: XmlElement): LearntListing {
  if (element.children.length > 0) return learnElements(element.children, 'elements');
  const text = trimXml(element.text);
  if (isPlaceholder(text)) return { format: 'text', sure: false };
  return (
    learnJson(text) ??
    learnEscaped(text) ??
    learnQuery(text) ??
    learnPairs(text) ?? { format: 'text', listing: text, sure: false }
  );
}

function learnJson(text: string): LearntListing | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    return { format: 'json', listing: JSON.parse(text), sure: true };
  } catch {
    return undefined;
  }
}

/** XML in the text, with a root or as a row of elements. */
function learnEscaped(text: string): LearntListing | undefined {
  if (!/^<[A-Za-z_]/.test(text)) return undefined;
  const parsed = parseXml(`<x>${text.replace(/^<\?[\s\S]*?\?>/, '')}</x>`);
  return 'fault' in parsed ? undefined : learnElements(parsed.children, 'escaped');
}

function learnElements(children: readonly XmlElement[], xml: ListingXml['xml']): LearntListing {
  const [only, ...others] = children;
  if (only !== undefined && others.length === 0 && only.children.length > 0 && !isItem(only)) {
    const { format, ...learnt } = learnElements(only.children, xml);
    return { ...learnt, format: { ...(format as ListingXml), xml, root: only.name } };
  }
  const [first] = children;
  const key = first && placeOf(first, KEY);
  if (first === undefined || key === undefined) return learnNamed(children, xml);
  const value = placeOf(first, VALUE);
  const entries = children.map((item) => [textAt(item, key), textAt(item, value)] as const);
  return withEntries({ xml, item: first.name, key, ...(value !== undefined && { value }) }, entries);
}

function learnNamed(children: readonly XmlElement[], xml: ListingXml['xml']): LearntListing {
  const { prefix } = splitName(children[0]?.name ?? '');
  const entries = children.map(({ local, text }) => [decodeName(local), text] as const);
  return withEntries({ xml, ...(prefix !== '' && { prefix }) }, entries);
}

/** Entries of a generated sample say nothing; without them the comparison uses its own. */
function withEntries(format: ListingXml, entries: readonly (readonly [string, string])[]): LearntListing {
  const isReal = entries.some(([, value]) => !isPlaceholder(value));
  return { format, sure: true, ...(isReal && { listing: Object.fromEntries(entries) }) };
}

const KEY = /^(?:key|name|field|attribute|label)$/i;
const VALUE = /^(?:value|text|content)$/i;

/** Whether an element is one pair, and not an element around all pairs. */
function isItem(element: XmlElement): boolean {
  const key = placeOf(element, KEY);
  return key !== undefined && (key.startsWith('@') || placeOf(element, VALUE) !== undefined);
}

/** Where a part of an item stands: the name of a child, or `@` and that of an attribute. */
function placeOf({ children, attributes }: XmlElement, pattern: RegExp): string | undefined {
  const child = children.find(({ local }) => pattern.test(local));
  const attribute = attributes.find(({ local, uri }) => uri === '' && pattern.test(local));
  return child?.name ?? (attribute && `@${attribute.name}`);
}

function textAt(item: XmlElement, place: string | undefined): string {
  if (place === undefined) return item.text;
  if (!place.startsWith('@')) return item.children.find(({ name }) => name === place)?.text ?? '';
  return item.attributes.find(({ name }) => `@${name}` === place)?.value ?? '';
}

/** Undoes the escapes of `encodeName`. */
function decodeName(name: string): string {
  return name.replace(/_x([\dA-Fa-f]{4})_/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function learnQuery(text: string): LearntListing | undefined {
  if (!/^[^=&\s]+=[^=&\s]*(?:&[^=&\s]+=[^=&\s]*)*$/.test(text) || !/[&%+]/.test(text)) return undefined;
  return { format: 'urlencoded', listing: Object.fromEntries(new URLSearchParams(text)), sure: true };
}

const ASSIGNS = [': ', ' = ', ' - ', ':', '='];
const SEPARATORS = ['; ', ' | ', ', ', '\n', ' / ', '|', ';', ',', '\t'];

/** The pair of marks by which the text falls into most pairs; where several do, the first ones. */
function learnPairs(text: string): LearntListing | undefined {
  let best: { pairs: readonly (readonly string[])[]; assign: string; separator: string } | undefined;
  for (const separator of SEPARATORS) {
    for (const assign of ASSIGNS) {
      const pairs = text.split(separator).map((piece) => splitOnce(piece, assign));
      const isWhole = pairs.every(([name = '', value]) => value !== undefined && /^\S(?:.*\S)?$/.test(name));
      if (isWhole && pairs.length > (best?.pairs.length ?? 0)) best = { pairs, assign, separator };
    }
  }
  if (best === undefined) return undefined;
  const { pairs, assign, separator } = best;
  const sure = pairs.length > 1;
  const isText = assign === ': ' && (separator === '; ' || !sure);
  const listing = Object.fromEntries(pairs.map(([name = '', value = '']) => [name, value]));
  return { format: isText ? 'text' : { assign, separator }, listing, sure };
}

function splitOnce(text: string, mark: string): string[] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + mark.length)];
}
