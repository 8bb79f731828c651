import { isXmlText } from '../domain/draft.ts';

/** Upper bounds on a document that is parsed. They bound its depth, too. A real answer has three elements. */
const MAX_ELEMENTS = 256;
const MAX_ATTRIBUTES = 256;

/** XML without a DOCTYPE has five named entities. xml2js would accept those of HTML as well. */
const UNDEFINED_ENTITY = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-fA-F]+);)/;

/** XML's white space (section 2.3) is less than that of JavaScript: a no-break space after the root is content. */
const NOT_SPACE = /[^ \t\r\n]/;

/** XML 1.0, section 2.3, roughly: xml2js checks the rest of a name. */
const NAME_START = /[A-Za-z_:\u0080-\uffff]/;

/** Character data may not contain the end of a CDATA section (XML 1.0, section 2.4). */
const END_OF_CDATA = ']]>';

/** A colon separates a prefix from a local name, and both have to be there (Namespaces in XML 1.0, section 4). */
const MISPLACED_COLON = /[</\s]:|:[\s=/>]|:[^\s=/>]*:/;
const ATTRIBUTE_NAME = /[^\s=<>/]+(?=\s*=)/g;
const QUOTED = /"[^"]*"|'[^']*'/g;

export type StructureFault = 'doctype' | 'too_complex' | 'two_roots' | 'not_xml';

/**
 * Scans a document in one pass for the faults that xml2js does not report: a DOCTYPE, nesting that overflows its stack,
 * thousands of attributes (quadratic time), entities that XML does not define, a `<` in the value of an attribute, misplaced colons in
 * names, attributes that stand there twice, `--` in comments, `]]>` in texts, markup without a name, and content after the
 * root, which it ignores. xml2js itself checks that tags match and that names are legal.
 */
export function findStructureFault(text: string): StructureFault | undefined {
  if (!isXmlText(text)) return 'not_xml';
  let depth = 0;
  let elements = 0;
  let attributes = 0;
  let at = 0;
  for (;;) {
    const inside = depth > 0;
    const open = text.indexOf('<', at);
    const characters = text.slice(at, open === -1 ? undefined : open);
    if ((inside ? UNDEFINED_ENTITY : NOT_SPACE).test(characters)) return 'not_xml';
    if (characters.includes(END_OF_CDATA)) return 'not_xml';
    if (open === -1) return undefined;

    const kind = kindAt(text, open);
    if (kind === 'doctype') return 'doctype';
    at = endOf(text, open, kind);
    if (at === -1) return 'not_xml';
    if (!isNamed(text, open, kind)) return 'not_xml';
    if (kind === 'comment' && `${text.slice(open + 4, at - 3)}-`.includes('--')) return 'not_xml';
    if (!inside && (kind === 'cdata' || kind === 'end')) return 'not_xml';
    if (kind === 'end') depth -= 1;
    if (kind === 'start') {
      if (!inside && elements > 0) return 'two_roots';
      const tag = text.slice(open, at);
      if (UNDEFINED_ENTITY.test(tag) || tag.includes('<', 1)) return 'not_xml';
      if (!hasLegalNames(tag)) return 'not_xml';
      elements += 1;
      attributes += tag.split('=').length - 1;
      if (!tag.endsWith('/>')) depth += 1;
      if (elements > MAX_ELEMENTS || attributes > MAX_ATTRIBUTES) return 'too_complex';
    }
  }
}

/** Whether the names of a tag have their colons between two parts, and no attribute stands there twice. */
function hasLegalNames(tag: string): boolean {
  if (!tag.includes('=') && !tag.includes(':')) return true;
  const bare = tag.replace(QUOTED, '');
  const names = bare.match(ATTRIBUTE_NAME) ?? [];
  return !MISPLACED_COLON.test(bare) && new Set(names).size === names.length;
}

/** What follows `<`, `</` or `<?` has to be a name. xml2js skips white space there, and takes an instruction without a target. */
function isNamed(text: string, open: number, kind: Kind): boolean {
  if (kind === 'comment' || kind === 'cdata') return true;
  return NAME_START.test(text[open + (kind === 'start' ? 1 : 2)] ?? '');
}

type Kind = 'start' | 'end' | 'comment' | 'cdata' | 'instruction' | 'doctype';

/** What stands at a `<`. */
export function kindAt(text: string, open: number): Kind {
  if (text.startsWith('<!--', open)) return 'comment';
  if (text.startsWith('<![CDATA[', open)) return 'cdata';
  // All other declarations (ELEMENT, ENTITY, …) may stand inside a DOCTYPE only.
  if (text[open + 1] === '!') return 'doctype';
  if (text[open + 1] === '?') return 'instruction';
  return text[open + 1] === '/' ? 'end' : 'start';
}

/** The index after the markup that starts at `open`, or -1 where the markup does not end. */
export function endOf(text: string, open: number, kind: Kind): number {
  if (kind === 'start') return endOfStartTag(text, open);
  const terminator = kind === 'comment' ? '-->' : kind === 'cdata' ? ']]>' : kind === 'instruction' ? '?>' : '>';
  const from = kind === 'comment' ? open + 4 : open + 2;
  const found = text.indexOf(terminator, from);
  return found === -1 ? -1 : found + terminator.length;
}

/** A `>` inside an attribute's quotes does not end its tag. */
function endOfStartTag(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at += 1) {
    const char = text[at];
    if (char === '>') return at + 1;
    if (char === '"' || char === "'") {
      at = text.indexOf(char, at + 1);
      if (at === -1) return -1;
    }
  }
  return -1;
}
