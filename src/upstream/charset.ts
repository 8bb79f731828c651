const XML_DECLARATION_ENCODING = /^<\?xml\s[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z][\w.-]*)["']/;

/**
 * The bytes as text, or `undefined` when their encoding is none of UTF-8, US-ASCII and UTF-16, or when they are not
 * valid in it. A byte order mark decides, then the `charset` of the content type, then the XML declaration
 * (RFC 7303, section 3); without any of them it is UTF-8.
 */
export function decodeText(bytes: Uint8Array, contentType: string | undefined): string | undefined {
  const encoding = byteOrderMark(bytes) ?? encodingOf(charsetOf(contentType) ?? declaredIn(bytes), bytes);
  if (encoding === undefined) return undefined;
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
  return contentType?.match(/;\s*charset\s*=\s*"?([^\s";]+)/i)?.[1];
}

/** The encoding that the XML declaration names. Reads the bytes as Latin-1, so it finds none in UTF-16. */
function declaredIn(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256)).toString('latin1');
  return head.match(XML_DECLARATION_ENCODING)?.[1];
}

function encodingOf(charset: string | undefined, bytes: Uint8Array): Encoding | undefined {
  switch (charset?.toLowerCase()) {
    case undefined:
    case 'utf-8':
    case 'utf8':
    case 'us-ascii':
      return 'utf-8';
    case 'utf-16':
      // Without a byte order mark, the position of the zero byte of the leading `<` tells the byte order.
      return bytes[0] === 0 ? 'utf-16be' : 'utf-16le';
    case 'utf-16le':
      return 'utf-16le';
    case 'utf-16be':
      return 'utf-16be';
    default:
      return undefined;
  }
}
