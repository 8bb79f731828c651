import type { TextUsListing } from './types.ts';

/** Tells the page's author what was changed. The pointer is one of the API: `/listing/price`. */
export type Warn = (pointer: string, message: string) => void;

const MAX_NAMES = 32;
const MAX_NAME = 64;
const MAX_VALUE = 256;
const MAX_LISTING = 2000;

/** Characters that XML 1.0 cannot carry, half surrogate pairs among them: the gateway refuses them. */
const IMPOSSIBLE = /[^\t\n\r -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;

/**
 * Makes a text one that the gateway takes: without control characters and half emojis, and of at most `most` code points. A vertical
 * tab or form feed, with which word processors break lines, becomes a space.
 */
export function cleanText(text: string, most: number, warn?: (message: string) => void): string {
  const clean = text.replace(/[\v\f]/g, ' ').replace(IMPOSSIBLE, '');
  if (clean !== text) warn?.('loses its control characters');
  const points = [...clean];
  if (points.length <= most) return clean;
  warn?.(`is cut to ${most} characters`);
  return points.slice(0, most).join('');
}

/** Gives the two letters of a country for `us` or `UK`; undefined for anything else. */
export function cleanCountry(country: string, warn: Warn): string | undefined {
  try {
    const { region = '' } = new Intl.Locale(`und-${country.trim()}`);
    if (/^[A-Z]{2}$/.test(region)) return region;
  } catch {
    // Not the form of a country.
  }
  warn('/consumer/country', 'is no country; left out');
  return undefined;
}

/** Gives a listing that the gateway takes, or undefined if nothing is left of it. */
export function cleanListing(listing: unknown, warn: Warn): TextUsListing | undefined {
  if (listing === null || listing === undefined) return undefined;
  if (typeof listing !== 'object') {
    return cleanText(String(listing), MAX_LISTING, (message) => warn('/listing', message)) || undefined;
  }
  const kept = new Map<string, string | number | boolean>();
  for (const [given, value] of Object.entries(listing)) {
    const pointer = `/listing/${given.replace(/~/g, '~0').replace(/\//g, '~1')}`;
    const say = (message: string): void => warn(pointer, message);
    const clean = cleanValue(value, say);
    if (clean === '') continue;
    const name = cleanText(given, MAX_NAME, say);
    if (clean === undefined || !name.trim() || kept.has(name)) say('has no name or value; left out');
    else if (kept.size === MAX_NAMES) say(`is beyond ${MAX_NAMES} names; left out`);
    else kept.set(name, clean);
  }
  // `fromEntries` makes an own property of every name, `__proto__` too.
  return kept.size ? Object.fromEntries([...kept]) : undefined;
}

/** Lists become their items, other objects their JSON. */
function cleanValue(value: unknown, say: (message: string) => void): string | number | boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return undefined;
    // JSON rounds integers beyond this, so the gateway takes them as text only.
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? String(value) : value;
  }
  const text = textOf(value);
  return text === undefined ? undefined : cleanText(text, MAX_VALUE, say);
}

function textOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.map(textOf).filter(Boolean).join(', ') || undefined;
  if (typeof value === 'object' && value) {
    try {
      return JSON.stringify(value);
    } catch {
      return undefined;
    }
  }
  return value === null || /^(undefined|function|symbol)$/.test(typeof value) ? undefined : String(value);
}

/** Parts of a lead that come from the page and that a lead can do without. */
const OPTIONAL = /^\/(page|listing|placementId|consumer\/country)(?![^/])/;

type Body = Readonly<Record<string, unknown>>;

/**
 * Gives the body without what the gateway refused, if that is only what the page said beside the visitor's own words: a lead is
 * worth more. Otherwise undefined.
 */
export function withoutRefused(body: Body, errors: unknown, warn: Warn): Body | undefined {
  const pointers = Array.isArray(errors) ? errors.map(({ pointer }) => String(pointer)) : [];
  if (!pointers.length || !pointers.every((pointer) => OPTIONAL.test(pointer))) return undefined;
  const rest: Record<string, unknown> = { ...body };
  for (const pointer of pointers) {
    const [, name = '', member = ''] = pointer.split('/');
    if (name === 'consumer') rest.consumer = { ...Object(body.consumer), [member]: undefined };
    else rest[name] = undefined;
    warn(pointer, 'is refused by the gateway; left out');
  }
  return rest;
}
