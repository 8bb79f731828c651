import type { BusboyHeaders } from '@fastify/busboy';
import { Refusal } from '../../domain/refusal.ts';

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

function invalid(detail: string): Refusal {
  return new Refusal('invalid_request', detail, { pointer: '' });
}
