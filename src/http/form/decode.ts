import { Refusal } from '../../domain/refusal.ts';

export type Entry = readonly [name: string, value: string];

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const PERCENT = 0x25;
const PLUS = 0x2b;
const SPACE = 0x20;

/**
 * Reads `application/x-www-form-urlencoded` (https://url.spec.whatwg.org/#urlencoded-parsing) strictly: a percent sign that
 * is followed by no two hex digits, and what is not UTF-8, are refused and not guessed at. A name without `=` has no value.
 *
 * @throws Refusal `invalid_request`; it never quotes the body
 */
export function decodeForm(body: Buffer): Entry[] {
  return body
    .toString('latin1')
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const split = pair.indexOf('=');
      return split === -1 ? [decode(pair), ''] : [decode(pair.slice(0, split)), decode(pair.slice(split + 1))];
    });
}

/** @param text one character a byte */
function decode(text: string): string {
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
  try {
    return utf8.decode(bytes.subarray(0, length));
  } catch {
    throw invalid('Is not UTF-8.');
  }
}

function invalid(detail: string): Refusal {
  return new Refusal('invalid_request', detail, { pointer: '' });
}
