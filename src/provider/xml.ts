import { Parser } from 'xml2js';
import { findStructureFault, type StructureFault } from './xml-structure.ts';

/** An element of a parsed document, with its names resolved and as they are written. */
export type XmlElement = {
  readonly name: string;
  readonly uri: string;
  readonly local: string;
  readonly attributes: readonly XmlAttribute[];
  readonly children: readonly XmlElement[];
  /** All text that stands directly in the element. White space between children is left out. */
  readonly text: string;
};

/** An attribute. Declarations of namespaces (`xmlns`, `xmlns:a`) are among them. */
export type XmlAttribute = {
  readonly name: string;
  readonly uri: string;
  readonly local: string;
  readonly value: string;
};

/** An element as xml2js gives it. The keys start with `#`, so no XML element can have the same name. */
type Parsed = {
  readonly '#name': string;
  readonly '#text'?: string;
  readonly '#attributes'?: Readonly<Record<string, { uri: string; local: string; value: string }>>;
  readonly '#attributesns': { readonly uri: string; readonly local: string };
  readonly '#children'?: readonly Parsed[];
};

/** Parses one document of XML with namespaces; names the reason where the text is none. Never throws. */
export function parseXml(text: string): XmlElement | { readonly fault: StructureFault } {
  const fault = findStructureFault(text);
  if (fault !== undefined) return { fault };
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
  let root: Parsed | undefined;
  try {
    // xml2js gives null for a document without elements.
    parser.parseString(text, (error, result: Parsed | null) => {
      root = error ? undefined : (result ?? undefined);
    });
  } catch {
    // xml2js throws the errors that it finds after its callback was called.
    root = undefined;
  }
  return root === undefined ? { fault: 'not_xml' } : toElement(root);
}

function toElement(parsed: Parsed): XmlElement {
  const { uri, local } = parsed['#attributesns'];
  return {
    name: parsed['#name'],
    uri,
    local,
    attributes: Object.entries(parsed['#attributes'] ?? {}).map(([name, attribute]) => ({ name, ...attribute })),
    children: (parsed['#children'] ?? []).map(toElement),
    text: parsed['#text'] ?? '',
  };
}

/** A text without XML white space around it. A no-break space is no white space in XML. */
export function trimXml(text: string): string {
  return text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
}

export function childrenNamed({ children }: XmlElement, local: string): readonly XmlElement[] {
  return children.filter((child) => child.local === local);
}
