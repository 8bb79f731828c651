import { SOAP_NAMESPACES, splitName, XML_SCHEMA_INSTANCE } from '../domain/wire.ts';
import { childrenNamed, parseXml, trimXml, type XmlElement } from './xml.ts';
import type { StructureFault } from './xml-structure.ts';

/** Longer answers are neither read from the wire nor parsed. A real answer has a few hundred bytes. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** Upper bound on the description that is kept. */
const MAX_DESCRIPTION_CHARS = 2_000;

const ENVELOPES: readonly string[] = Object.values(SOAP_NAMESPACES);

/** The reason why an answer cannot be read, as a stable word. */
export type Unreadable =
  | StructureFault
  | 'blank'
  | 'too_large'
  | 'charset'
  | 'content_encoding'
  | 'no_status'
  | 'two_statuses'
  | 'bad_status'
  | 'no_body';

/** A SOAP fault: its codes without their prefixes, the outermost first, and its text. */
export type SoapFault = { readonly codes: readonly string[]; readonly text?: string };

/** An answer as the provider's reference describes it, or the reason why it cannot be read. */
export type Decoded =
  | { readonly status: 'Success' | 'Failure'; readonly description?: string }
  | { readonly fault: SoapFault }
  | { readonly unreadable: Unreadable };

export type BodyHeaders = { readonly contentType?: string | undefined; readonly contentEncoding?: string | undefined };

export type Decode = (body: Uint8Array, headers: BodyHeaders) => Decoded;

/**
 * Reads an answer: one root, exactly one `Status` child by local name, whose text without surrounding white space is
 * `Success` or `Failure`. In a SOAP envelope exactly one element of the body has that child, or the body is a Fault. Anything
 * else is unreadable. Never throws.
 *
 * @param wrapped whether the service answers, without an envelope, in the elements of an operation: then that element may
 *   stand below the root
 */
export function decodeAnswer(body: Uint8Array, headers: BodyHeaders, wrapped = false): Decoded {
  if (body.length > MAX_ANSWER_BYTES) return { unreadable: 'too_large' };
  if (!isPlain(headers.contentEncoding)) return { unreadable: 'content_encoding' };
  if (body.length === 0) return { unreadable: 'blank' };
  const text = decodeText(body, headers.contentType);
  if (text === undefined) return { unreadable: 'charset' };
  if (text.trim() === '') return { unreadable: 'blank' };
  const root = parseXml(text);
  return 'fault' in root ? { unreadable: root.fault } : readDocument(root, wrapped);
}

/** The request asks for no content encoding, so the body of an answer that declares one cannot be trusted. */
function isPlain(contentEncoding: string | undefined): boolean {
  return contentEncoding === undefined || /^(?:[\s,]|identity(?![^\s,]))*$/i.test(contentEncoding);
}

/** The document of the service: the root itself, or what an envelope or the elements of an operation hold. */
function readDocument(root: XmlElement, wrapped: boolean): Decoded {
  if (root.local === 'Envelope' && ENVELOPES.includes(root.uri)) return readEnvelope(root);
  return wrapped ? readWithin(root) : readStatus(root);
}

/** A Fault, or the one element of the body that has a Status: an operation's result stands one or two levels below it. */
function readEnvelope(envelope: XmlElement): Decoded {
  const bodies = envelope.children.filter(({ local, uri }) => local === 'Body' && uri === envelope.uri);
  const [body] = bodies;
  if (body === undefined || bodies.length > 1) return { unreadable: 'no_body' };
  const fault = body.children.find(({ local, uri }) => local === 'Fault' && uri === envelope.uri);
  if (fault === undefined) return readWithin(body);
  return body.children.length === 1 ? { fault: readFault(fault) } : { unreadable: 'no_body' };
}

function readWithin(root: XmlElement): Decoded {
  const holders = withDescendants(root).filter((element) => childrenNamed(element, 'Status').length > 0);
  const [holder] = holders;
  if (holder === undefined) return { unreadable: 'no_status' };
  return holders.length > 1 ? { unreadable: 'two_statuses' } : readStatus(holder);
}

function withDescendants(element: XmlElement): XmlElement[] {
  return [element, ...element.children.flatMap(withDescendants)];
}

/** SOAP 1.1, section 4.4 (names without a namespace), and SOAP 1.2, part 1, section 5.4, whose codes are nested. */
function readFault(fault: XmlElement): SoapFault {
  const codes = withDescendants(fault)
    .filter(({ local }) => local === 'faultcode' || local === 'Value')
    .map(({ text }) => splitName(trimXml(text)).local);
  const reason = withDescendants(fault).find(({ local }) => local === 'faultstring' || local === 'Text');
  const text = reason && shortened(trimXml(reason.text));
  return text ? { codes, text } : { codes };
}

function readStatus(root: XmlElement): Decoded {
  const statuses = childrenNamed(root, 'Status');
  const [status] = statuses;
  if (status === undefined) return { unreadable: 'no_status' };
  if (statuses.length > 1) return { unreadable: 'two_statuses' };
  const text = trimXml(status.text);
  if (status.children.length > 0 || (text !== 'Success' && text !== 'Failure')) {
    return { unreadable: 'bad_status' };
  }
  const description = descriptionOf(root);
  return description === undefined ? { status: text } : { status: text, description };
}

/** The texts of all `Description` children that are neither nil nor blank, one a line. */
function descriptionOf(root: XmlElement): string | undefined {
  const texts = childrenNamed(root, 'Description')
    .filter((element) => !isNil(element))
    .map(({ text }) => trimXml(text))
    .filter((text) => text !== '');
  return texts.length === 0 ? undefined : shortened(texts.join('\n'));
}

function shortened(text: string): string {
  return [...text].slice(0, MAX_DESCRIPTION_CHARS).join('');
}

function isNil({ attributes }: XmlElement): boolean {
  return attributes.some(
    ({ uri, local, value }) => uri === XML_SCHEMA_INSTANCE && local === 'nil' && /^\s*(?:true|1)\s*$/.test(value),
  );
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
