import { Parser } from 'xml2js';
import { decodeText } from './charset.ts';
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

/**
 * Wraps `decode` so that a Success which arrives again byte for byte is decoded once. A Success says nothing of its lead,
 * so the provider's are all alike, and parsing costs more than any other step of a call. One answer is remembered, and
 * only a Success without a description: an answer that may quote a lead is not kept.
 *
 * @param decode a pure function of the bytes and headers
 */
export function memoizeSuccess(decode: Decode): Decode {
  let last: { readonly body: Uint8Array; readonly headers: BodyHeaders; readonly decoded: Decoded } | undefined;
  return (body, headers) => {
    if (last && haveSameValues(last.headers, headers) && Buffer.compare(last.body, body) === 0) return last.decoded;
    const decoded = decode(body, headers);
    if ('status' in decoded && decoded.status === 'Success' && decoded.description === undefined) {
      last = { body: Buffer.from(body), headers, decoded };
    }
    return decoded;
  };
}

function haveSameValues(one: BodyHeaders, other: BodyHeaders): boolean {
  return one.contentType === other.contentType && one.contentEncoding === other.contentEncoding;
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
