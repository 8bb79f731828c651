import { isXmlText } from '../domain/draft.ts';

/** A value holds a character that XML 1.0 cannot carry. The message quotes nothing. */
export class NotEncodable extends Error {
  constructor(message = 'a value holds a character that XML cannot carry') {
    super(message);
    this.name = 'NotEncodable';
  }
}

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

/**
 * Escapes the text of an element, so that every conforming parser reads it back unchanged.
 *
 * @throws NotEncodable
 */
export function escaped(value: string | number): string {
  if (typeof value === 'number') return String(value);
  if (!isXmlText(value)) throw new NotEncodable();
  return /[&<>\r]/.test(value) ? value.replace(/[&<>\r]/g, (char) => ESCAPED[char] ?? char) : value;
}

/** Escapes the value of an attribute in double quotes. A parser would turn unescaped white space into blanks (XML 1.0, section 3.3.3). */
export function escapedAttribute(value: string): string {
  if (!isXmlText(value)) throw new NotEncodable();
  return value.replace(/[&<>"\t\n\r]/g, (char) => ESCAPED[char] ?? char);
}

/** Letters and digits that the names of every edition of XML 1.0 may hold. .NET's parser knows only the older tables. */
const NAME_START = /^[A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff]$/;
const NAME_CHARACTER = /^[A-Za-z0-9_.\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff-]$/;
const ESCAPE_AT = /_x[\dA-Fa-f]{4}/y;

/**
 * Makes an XML name without prefix of any text. Every character that a name cannot hold becomes `_xHHHH_` for each of its
 * UTF-16 units, and so does the beginning of such an escape: .NET's `XmlConvert.EncodeLocalName` writes names in this way, and two texts never
 * give one name.
 */
export function encodeName(text: string): string {
  let name = '';
  let at = 0;
  for (const char of text) {
    ESCAPE_AT.lastIndex = at;
    const allowed = (at === 0 ? NAME_START : NAME_CHARACTER).test(char) && !ESCAPE_AT.test(text);
    name += allowed ? char : unitsOf(char);
    at += char.length;
  }
  return name;
}

function unitsOf(char: string): string {
  const units = Array.from({ length: char.length }, (_, at) => char.charCodeAt(at).toString(16).toUpperCase());
  return units.map((unit) => `_x${unit.padStart(4, '0')}_`).join('');
}
