import { type Absent, type LeadValue, type WireElement, XML_SCHEMA_INSTANCE } from '../../domain/wire.ts';
import { trimXml, type XmlAttribute, type XmlElement } from '../xml.ts';
import { keptAttributes } from './attributes.ts';
import { isPlaceholder, isUnique } from './names.ts';

/** The knowledge of a sample while its elements are learnt. */
export type Learning = {
  /** The elements that hold values. */
  readonly values: ReadonlyMap<XmlElement, LeadValue>;
  /** Adds a note for a person. */
  readonly say: (note: string) => void;
  /** The prefixes that the sample uses. */
  readonly used: ReadonlySet<string>;
  /** How the profile writes absent values. */
  readonly absent: Absent;
};

/** The children of an element, in their order. Of repeated ones the first is learnt, because a document holds one lead. */
export function learnChildren({ children }: XmlElement, learning: Learning): WireElement[] {
  const seen = new Set<string>();
  return children.flatMap((child): WireElement[] => {
    const isRepeated = seen.has(child.name) && !learning.values.has(child);
    seen.add(child.name);
    if (isRepeated) {
      learning.say(`${child.name}: the sample has it more than once; the gateway writes it once.`);
      return [];
    }
    const element = learnElement(child, learning);
    return element === undefined ? [] : [element];
  });
}

/** One element; `undefined` for one that the profile cannot express, which a note then names. */
export function learnElement(element: XmlElement, learning: Learning): WireElement | undefined {
  const { name, children } = element;
  const value = learning.values.get(element);
  const kept = keptAttributes(element, learning.used);
  const attributes = kept && (value === undefined ? kept : withoutNil(element, kept));
  const shared = { name, ...(attributes && Object.keys(attributes).length > 0 && { attributes }) };
  if (value !== undefined) {
    const way = absentWay(element);
    const differs = way !== undefined && way !== learning.absent && learning.absent !== 'omit';
    return { ...shared, value, ...(differs && { absent: way }) };
  }
  if (children.length > 0) return { ...shared, elements: learnChildren(element, learning) };
  return learnConstant(element, shared, learning.say);
}

function withoutNil({ attributes }: XmlElement, kept: Readonly<Record<string, string>>): Record<string, string> {
  const nil = attributes.filter(isNil).map(({ name }) => name);
  return Object.fromEntries(Object.entries(kept).filter(([name]) => !nil.includes(name)));
}

function learnConstant(
  { name, text, attributes }: XmlElement,
  shared: Pick<WireElement, 'name' | 'attributes'>,
  say: Learning['say'],
): WireElement | undefined {
  const constant = trimXml(text);
  if (constant !== '' && isPlaceholder(constant)) {
    say(
      `${name} is none of the twelve values, and the sample has no real text for it (${constant}). It is left out. If the service requires it, add { "name": "${name}", "text": "…" } to elements at its place.`,
    );
    return undefined;
  }
  if (isUnique(constant)) {
    say(
      `${name} is none of the twelve values and looks as if it must differ for each message, which the gateway cannot do. It is left out. Ask the provider whether it may be absent or constant.`,
    );
    return undefined;
  }
  if (!attributes.some(isNil)) {
    const shown = constant === '' ? 'no text' : `the text of the sample, ${constant}`;
    say(
      `${name} is none of the twelve values. It is written with ${shown}. If it holds one of them, say which with --map.`,
    );
  }
  return { ...shared, text: constant };
}

/** How an element that holds no value is written; `undefined` for one that holds something. */
export function absentWay({ attributes, children, text }: XmlElement): Absent | undefined {
  if (attributes.some(isNil)) return 'nil';
  return children.length === 0 && trimXml(text) === '' ? 'empty' : undefined;
}

export function isNil({ uri, local, value }: XmlAttribute): boolean {
  return uri === XML_SCHEMA_INSTANCE && local === 'nil' && /^\s*(?:true|1)\s*$/.test(value);
}
