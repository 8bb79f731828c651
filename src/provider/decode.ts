import { Parser } from 'xml2js';
import { findStructureFault, type StructureFault } from './xml-structure.ts';

/** Longer answers are neither read from the wire nor parsed. A real answer has a few hundred bytes. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** Upper bound on the description that is kept. */
const MAX_DESCRIPTION_CHARS = 2_000;

const SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';

/** The reason why an answer cannot be read, as a stable word. */
export type Unreadable =
  | StructureFault
  | 'blank'
  | 'too_large'
  | 'charset'
  | 'content_encoding'
  | 'no_status'
  | 'two_statuses'
  | 'bad_status';

/** An answer as the provider's reference describes it, or the reason why it cannot be read. */
export type Decoded =
  | { readonly status: 'Success' | 'Failure'; readonly description?: string }
  | { readonly unreadable: Unreadable };

export type BodyHeaders = { readonly contentType?: string | undefined; readonly contentEncoding?: string | undefined };

export type Decode = (body: Uint8Array, headers: BodyHeaders) => Decoded;

/**
 * Reads an answer: one root, exactly one `Status` child by local name, whose text without surrounding white space is
 * `Success` or `Failure`. Anything else is unreadable. Never throws.
 */
export function decodeAnswer(body: Uint8Array, headers: BodyHeaders): Decoded {
  if (body.length > MAX_ANSWER_BYTES) return { unreadable: 'too_large' };
  if (!isPlain(headers.contentEncoding)) return { unreadable: 'content_encoding' };
  if (body.length === 0) return { unreadable: 'blank' };
  const text = decodeText(body, headers.contentType);
  if (text === undefined) return { unreadable: 'charset' };
  if (text.trim() === '') return { unreadable: 'blank' };
  const fault = findStructureFault(text);
  if (fault !== undefined) return { unreadable: fault };
  const root = parse(text);
  return root === undefined ? { unreadable: 'not_xml' } : readRoot(root);
}

/** The request asks for no content encoding, so the body of an answer that declares one cannot be trusted. */
function isPlain(contentEncoding: string | undefined): boolean {
  return contentEncoding === undefined || /^(?:[\s,]|identity(?![^\s,]))*$/i.test(contentEncoding);
}

/** An element as xml2js gives it. The keys start with `#`, so no XML element can have the same name. */
type Element = {
  readonly '#text'?: string;
  readonly '#attributes'?: Readonly<Record<string, { uri: string; local: string; value: string }>>;
  readonly '#attributesns': { readonly uri: string; readonly local: string };
  readonly '#children'?: readonly Element[];
};

/** The root element, or `undefined` where the text has none or is not well-formed XML with namespaces. */
function parse(text: string): Element | undefined {
  const parser = new Parser({
    strict: true,
    async: false,
    xmlns: true,
    explicitRoot: false,
    explicitCharkey: true,
    explicitChildren: true,
    preserveChildrenOrder: true,
    attrkey: '#attributes',
    charkey: '#text',
    childkey: '#children',
  });
  let root: Element | undefined;
  try {
    // xml2js gives null for a document without elements.
    parser.parseString(text, (error, result: Element | null) => {
      root = error ? undefined : (result ?? undefined);
    });
  } catch {
    // xml2js throws the errors that it finds after its callback was called.
    return undefined;
  }
  return root;
}

function readRoot(root: Element): Decoded {
  const statuses = childrenOf(root, 'Status');
  const [status] = statuses;
  if (status === undefined) return { unreadable: 'no_status' };
  if (statuses.length > 1) return { unreadable: 'two_statuses' };
  const text = trimmed(status);
  if (status['#children'] !== undefined || (text !== 'Success' && text !== 'Failure')) {
    return { unreadable: 'bad_status' };
  }
  const description = descriptionOf(root);
  return description === undefined ? { status: text } : { status: text, description };
}

/** The texts of all `Description` children that are neither nil nor blank, one a line. */
function descriptionOf(root: Element): string | undefined {
  const texts = childrenOf(root, 'Description')
    .filter((element) => !isNil(element))
    .map(trimmed)
    .filter((text) => text !== '');
  return texts.length === 0 ? undefined : [...texts.join('\n')].slice(0, MAX_DESCRIPTION_CHARS).join('');
}

function childrenOf(element: Element, local: string): readonly Element[] {
  return (element['#children'] ?? []).filter((child) => child['#attributesns'].local === local);
}

function isNil(element: Element): boolean {
  return Object.values(element['#attributes'] ?? {}).some(
    ({ uri, local, value }) => uri === SCHEMA_INSTANCE && local === 'nil' && /^\s*(?:true|1)\s*$/.test(value),
  );
}

/** The element's text without XML white space around it. A no-break space is no white space in XML. */
function trimmed(element: Element): string {
  return (element['#text'] ?? '').replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
}

const XML_DECLARATION_ENCODING = /^<\?xml\s[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z][\w.-]*)["']/;

/**
 * The bytes as text, or `undefined` where their encoding is not supported or they are not valid in it. A byte order mark
 * decides, or the zero byte of UTF-16 markup (XML 1.0, appendix F); then the `charset` of the content type, then the XML
 * declaration (RFC 7303, section 3), else it is UTF-8.
 *
 * Hosts declare encodings that they do not use, such as `encoding="utf-16"` in front of UTF-8 bytes (.NET's
 * `StringWriter`). So all other bytes that are declared as UTF-16 are read as UTF-8, and a declared single-byte encoding is
 * used only for bytes that are not valid UTF-8.
 */
export function decodeText(bytes: Uint8Array, contentType: string | undefined): string | undefined {
  const marked = byteOrderMark(bytes) ?? utf16ByZeroBytes(bytes);
  if (marked !== undefined) return decodeAs(marked, bytes);
  const declared = (charsetOf(contentType) ?? declaredIn(bytes) ?? 'utf-8').toLowerCase();
  if (UTF_8.test(declared) || UTF_16.test(declared)) return decodeAs('utf-8', bytes);
  return SINGLE_BYTE.test(declared) ? (decodeAs('utf-8', bytes) ?? decodeAs(declared, bytes)) : undefined;
}

const UTF_8 = /^(?:utf-?8|(?:us-)?ascii)$/;
const UTF_16 = /^utf-16(?:le|be)?$/;
/** Encodings of one byte a character that `TextDecoder` knows, all of them supersets of ASCII. */
const SINGLE_BYTE = /^(?:windows-125[0-8]|cp125[0-8]|iso-8859-(?:[1-9]|1[03-6])|latin1)$/;

function decodeAs(encoding: string, bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be';

function byteOrderMark(bytes: Uint8Array): Encoding | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8';
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return undefined;
}

function charsetOf(contentType: string | undefined): string | undefined {
  return contentType?.match(/;\s*charset\s*=\s*["']?([^\s"';,]+)/i)?.[1];
}

/** The encoding that the XML declaration names. Reads the bytes as Latin-1, so it finds none in UTF-16. */
function declaredIn(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256)).toString('latin1');
  return head.match(XML_DECLARATION_ENCODING)?.[1];
}

/** Markup starts with ASCII characters, so one of the first two bytes of UTF-16 is zero. */
function utf16ByZeroBytes(bytes: Uint8Array): Encoding | undefined {
  if (bytes[0] === 0 && bytes[1] !== 0) return 'utf-16be';
  return bytes[1] === 0 && bytes[0] !== 0 ? 'utf-16le' : undefined;
}
