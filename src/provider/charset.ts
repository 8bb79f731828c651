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
