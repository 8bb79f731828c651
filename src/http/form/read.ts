import type { BusboyHeaders } from '@fastify/busboy';
import { Refusal } from '../../domain/refusal.ts';
import { FORM_EXTRAS, FORM_PLACES, IGNORED_NAME, LISTING_PREFIX, NAME_FIELD } from '../schemas/lead-form.ts';

type ExtraName = keyof typeof FORM_EXTRAS;

/** The fields of a form beside those of its lead; a blank field is absent. */
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
  let whole = '';
  for (const [name, value] of entries) {
    const place = FORM_PLACES.get(name);
    if (place) {
      if (value !== '') put(lead, place.path, asPlaced(name, value, place.schema.type));
    } else if (name === NAME_FIELD) {
      whole = value.trim();
    } else if (isExtra(name)) {
      if (value !== '') extras[name] = short(name, value);
    } else if (name.startsWith(LISTING_PREFIX)) {
      if (value !== '') listing.push([name.slice(LISTING_PREFIX.length), value]);
    } else {
      throw unknown();
    }
  }
  if (listing.length > 0) putListing(lead, listing);
  if (whole !== '') lead.consumer = { ...partsOfName(whole), ...Object(lead.consumer) };
  return { lead, extras };
}

/** The first word of a whole name, and the rest of it. */
function partsOfName(whole: string): object {
  const [firstName, ...rest] = whole.split(/\s+/);
  return { firstName, ...(rest.length > 0 && { lastName: rest.join(' ') }) };
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

export type Entry = readonly [name: string, value: string];

type RawEntry = readonly [name: Buffer, value: Buffer];

export const URLENCODED = 'application/x-www-form-urlencoded';
export const MULTIPART = 'multipart/form-data';

/** Which of the two encodings a form's `Content-Type` announces; any other type counts as `URLENCODED`. */
export function formTypeOf(contentType: string | undefined): typeof URLENCODED | typeof MULTIPART {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() === MULTIPART ? MULTIPART : URLENCODED;
}

/**
 * Reads the fields of a form. A browser sends each line break as CRLF (https://html.spec.whatwg.org/#constructing-the-form-data-set),
 * so CRLF becomes LF again: a field's `maxlength` counted one character. A byte order mark in front is dropped, and so are files.
 *
 * @throws Refusal `invalid_request` for a body that breaks the rules of its type; it never quotes the body
 */
export async function decodeForm(body: Buffer, contentType: string | undefined): Promise<Entry[]> {
  const raw = formTypeOf(contentType) === MULTIPART ? await splitMultipart(body, contentType) : splitUrlencoded(body);
  const decode = decoderFor(raw);
  return raw.map(([name, value], index) => {
    const text = decode(name);
    return [index === 0 ? text.replace(/^\uFEFF/, '') : text, decode(value).replaceAll('\r\n', '\n')];
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A browser writes a whole form in one encoding: that of its page, where the form names no other. The field `_charset_`, if
 * the form has it, holds its name. Otherwise a form that is not UTF-8 is read as windows-1252, the default of HTML pages.
 */
function decoderFor(raw: readonly RawEntry[]): (bytes: Buffer) => string {
  try {
    for (const bytes of raw.flat()) utf8.decode(bytes);
    return (bytes) => utf8.decode(bytes);
  } catch {
    const named = raw.find(([name]) => name.equals(CHARSET_FIELD))?.[1].toString('latin1') ?? '';
    const decoder = decoderNamed(named) ?? new TextDecoder('windows-1252');
    return (bytes) => decoder.decode(bytes);
  }
}

const CHARSET_FIELD = Buffer.from('_charset_');

function decoderNamed(label: string): typeof utf8 | undefined {
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}

const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

/**
 * Splits `application/x-www-form-urlencoded` (https://url.spec.whatwg.org/#urlencoded-parsing). A percent sign that no two hex
 * digits follow is refused and not guessed at. A name without `=` has no value.
 */
function splitUrlencoded(body: Buffer): RawEntry[] {
  return body
    .toString('latin1')
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const split = pair.indexOf('=');
      return split === -1
        ? [unescapeBytes(pair), Buffer.alloc(0)]
        : [unescapeBytes(pair.slice(0, split)), unescapeBytes(pair.slice(split + 1))];
    });
}

/** @param text one character a byte */
function unescapeBytes(text: string): Buffer {
  const bytes = Buffer.alloc(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text.charCodeAt(at);
    if (byte === PERCENT) {
      const hex = text.slice(at + 1, at + 3);
      if (!/^[0-9a-f]{2}$/i.test(hex)) throw invalid('Has a percent sign without two hex digits behind it.');
      bytes[length] = Number.parseInt(hex, 16);
      at += 2;
    } else {
      bytes[length] = byte === PLUS ? SPACE : byte;
    }
    length += 1;
  }
  return bytes.subarray(0, length);
}

/**
 * Splits `multipart/form-data` (RFC 7578). Parts with a file name are files and are left out. The parser is loaded with the first such
 * form: few sites have any, and every start would pay for it.
 */
async function splitMultipart(body: Buffer, contentType: string | undefined): Promise<RawEntry[]> {
  const { Busboy } = await import('@fastify/busboy');
  return new Promise((resolve, reject) => {
    const entries: RawEntry[] = [];
    const refuse = (): void => reject(invalid('Is not multipart/form-data: a boundary or a part is broken.'));
    try {
      const headers = { 'content-type': contentType } as BusboyHeaders;
      // As files, parts come as the bytes that they are; as fields they would be decoded with replacement characters.
      const parser = new Busboy({ headers, isPartAFile: () => true });
      parser.on('file', (name: string | undefined, stream, fileName: string | undefined) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('error', refuse);
        stream.on('end', () => {
          if (fileName === undefined) entries.push([Buffer.from(name ?? ''), Buffer.concat(chunks)]);
        });
      });
      parser.on('error', refuse);
      parser.on('finish', () => resolve(entries));
      parser.end(body);
    } catch {
      // A Content-Type without a boundary.
      refuse();
    }
  });
}
