import { Refusal } from '../../domain/refusal.ts';
import { FORM_EXTRAS, FORM_PLACES, IGNORED_NAME, LISTING_PREFIX } from '../schemas/lead-form.ts';
import type { Entry } from './decode.ts';

type ExtraName = keyof typeof FORM_EXTRAS;

/** What a form says beside its lead; absent where it is blank. */
export type FormExtras = { readonly [Name in ExtraName]?: string };

/** A form in the shape of the JSON body, still to be held to its schema, and what it says beside that. */
export type ReadForm = { readonly lead: Record<string, unknown>; readonly extras: FormExtras };

/**
 * Puts the fields of a form in their places. Fields without a value are absent: browsers send every field of a form. Fields that
 * other software adds to the forms of a page are left out.
 *
 * @throws Refusal `invalid_request` for a name that is unknown or comes twice, or an extra that is too long
 */
export function readForm(sent: readonly Entry[]): ReadForm {
  const entries = sent.filter(([name]) => !IGNORED_NAME.test(name));
  refuseRepeated(entries);
  const lead: Record<string, unknown> = { consumer: {} };
  const extras: Partial<Record<ExtraName, string>> = {};
  const listing: Entry[] = [];
  for (const [name, value] of entries) {
    const place = FORM_PLACES.get(name);
    if (place) {
      if (value !== '') put(lead, place.path, asPlaced(name, value, place.schema.type));
    } else if (isExtra(name)) {
      if (value !== '') extras[name] = short(name, value);
    } else if (name.startsWith(LISTING_PREFIX)) {
      if (value !== '') listing.push([name.slice(LISTING_PREFIX.length), value]);
    } else {
      throw unknown();
    }
  }
  if (listing.length > 0) putListing(lead, listing);
  return { lead, extras };
}

function refuseRepeated(entries: readonly Entry[]): void {
  const names = new Set<string>();
  for (const [name] of entries) {
    if (names.has(name)) throw invalid('Has one name twice; send each field once.');
    names.add(name);
  }
}

/** @param path one or two names, all of our own schema */
function put(lead: Record<string, unknown>, [first = '', second]: readonly string[], value: unknown): void {
  if (second === undefined) lead[first] = value;
  else lead[first] = { ...Object(lead[first]), [second]: value };
}

/** `Object.fromEntries` makes an own property of every name, `__proto__` too. */
function putListing(lead: Record<string, unknown>, listing: readonly Entry[]): void {
  if (lead.listing !== undefined)
    throw invalid('Has a listing as a text and by names; send one of the two.', '/listing');
  lead.listing = Object.fromEntries(listing);
}

/** A country is often written `us` by a page's author, and the visitor could do nothing about it. */
function asPlaced(name: string, value: string, type: string | undefined): number | string {
  if (type === 'integer') return toInteger(value);
  return name === 'consumer.country' ? value.trim().toUpperCase() : value;
}

/** Digits become a number; anything else stays a text, which the schema refuses by its field. */
function toInteger(value: string): number | string {
  return /^[0-9]{1,15}$/.test(value) ? Number(value) : value;
}

function isExtra(name: string): name is ExtraName {
  return Object.hasOwn(FORM_EXTRAS, name);
}

function short(name: ExtraName, value: string): string {
  const { maxLength } = FORM_EXTRAS[name];
  if (value.length > maxLength) throw invalid(`Is too long; ${maxLength} characters at most.`, `/${name}`);
  return value;
}

function unknown(): Refusal {
  const known = [...FORM_PLACES.keys(), `${LISTING_PREFIX}…`, ...Object.keys(FORM_EXTRAS)];
  return invalid(`Has a field with a name that is not known. Known are ${known.join(', ')}.`);
}

function invalid(detail: string, pointer = ''): Refusal {
  return new Refusal('invalid_request', detail, { pointer });
}
