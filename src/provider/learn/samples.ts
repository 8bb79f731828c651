import { decodeText } from '../decode.ts';
import { parseXml, type XmlElement } from '../xml.ts';
import { endOf, kindAt } from '../xml-structure.ts';

/** A document of XML that was found in a file, with what stands in front of it as the head of an HTTP request. */
export type Sample = {
  readonly root: XmlElement;
  /** The line on which it begins, counted from 1; on a page of HTML, in the block of preformatted text that holds it. */
  readonly line: number;
  readonly contentType?: string;
  readonly soapAction?: string;
  /** The encoding that its declaration names, where that is another one than UTF-8. */
  readonly encoding?: string;
  readonly hasCdata: boolean;
};

/** Far more than a page of help has; it bounds the search for the end of each element. */
export const MAX_SAMPLE_BYTES = 1024 * 1024;
const MAX_SAMPLES = 50;

/**
 * Finds the documents in a file: one document, a text that holds some, or a page of HTML that shows them as escaped text.
 *
 * @returns the documents in their order, or `undefined` for bytes that are no text
 */
export function findSamples(bytes: Uint8Array): readonly Sample[] | undefined {
  const text = decodeText(bytes, undefined);
  if (text === undefined || bytes.length > MAX_SAMPLE_BYTES) return undefined;
  const blocks = /<(?:html|body|pre)\b/i.test(text) ? blocksOf(text) : [text];
  const found = blocks.flatMap(samplesIn);
  return found.length > 0 ? found : samplesIn(unescapeHtml(text));
}

/** The preformatted blocks of a page as text; without any, the text of the whole page. */
function blocksOf(html: string): string[] {
  const blocks = [...html.matchAll(/<pre\b[^>]*>([\s\S]*?)<\/pre>/gi)].map(([, block = '']) => block);
  return (blocks.length > 0 ? blocks : [html]).map((block) => unescapeHtml(block.replace(/<\/?[a-z][^>]*>/gi, '')));
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'", nbsp: ' ' };

function unescapeHtml(text: string): string {
  return text.replace(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|(lt|gt|amp|quot|apos|nbsp));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** A text about XML holds few tags that begin no document; more of them end the search, which reads the rest of the text for each. */
const MAX_FAILED_STARTS = 200;

function samplesIn(text: string): Sample[] {
  const samples: Sample[] = [];
  let from = 0;
  let failed = 0;
  for (let at = nextStart(text, 0); at !== -1 && samples.length < MAX_SAMPLES && failed < MAX_FAILED_STARTS; ) {
    const end = endOfElement(text, at);
    const root = end === -1 ? { fault: 'not_xml' } : parseXml(text.slice(at, end));
    if ('fault' in root) {
      failed += 1;
      at = nextStart(text, at + 1);
      continue;
    }
    // A tag in a sentence is a document of one element, and no sample.
    if (root.children.length > 0) samples.push(sampleOf(root, text, from, at, end));
    from = end;
    at = nextStart(text, end);
  }
  return samples;
}

const START = /<[A-Za-z_]/g;

function nextStart(text: string, from: number): number {
  START.lastIndex = from;
  return START.exec(text)?.index ?? -1;
}

/** The index after the element that starts at `at`, or -1 where its tags do not match. */
function endOfElement(text: string, at: number): number {
  let depth = 0;
  for (let open = at; open !== -1; ) {
    const kind = kindAt(text, open);
    const end = kind === 'doctype' ? -1 : endOf(text, open, kind);
    if (end === -1) return -1;
    if (kind === 'end') depth -= 1;
    if (kind === 'start' && text[end - 2] !== '/') depth += 1;
    if (depth <= 0) return depth === 0 ? end : -1;
    open = text.indexOf('<', end);
  }
  return -1;
}

/** @param from where the sample before ended: what stands between is about this one */
function sampleOf(root: XmlElement, text: string, from: number, at: number, end: number): Sample {
  const before = text.slice(from, at);
  const declared = /<\?xml\s[^>]*?encoding\s*=\s*["']([\w.-]+)["'][^>]*\?>\s*(?:<!--[\s\S]*?-->\s*)*$/i.exec(
    before,
  )?.[1];
  const type = lastMatch(before, /^[ \t]*content-type:[ \t]*(\S[^\r\n]*)/gim);
  const action =
    lastMatch(before, /^[ \t]*soapaction:[ \t]*"?([^"\r\n]*)/gim) ?? /; *action="?([^";]+)/i.exec(type ?? '')?.[1];
  return {
    root,
    line: text.slice(0, at).split('\n').length,
    hasCdata: text.slice(at, end).includes('<![CDATA['),
    ...(type !== undefined && { contentType: type.trim() }),
    ...(action !== undefined && { soapAction: action.trim() }),
    ...(declared !== undefined && !/^utf-8$/i.test(declared) && { encoding: declared }),
  };
}

function lastMatch(text: string, pattern: RegExp): string | undefined {
  return [...text.matchAll(pattern)].at(-1)?.[1];
}
