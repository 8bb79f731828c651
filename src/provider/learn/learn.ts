import { type Absent, CONTENT_TYPES, type SoapEnvelope, type WireProfile, type Wrapper } from '../../domain/wire.ts';
import { trimXml, type XmlElement } from '../xml.ts';
import { type Declarations, keptAttributes, usedPrefixes } from './attributes.ts';
import { absentWay, isNil, type Learning, learnChildren } from './elements.ts';
import { declarationsAround, learnEnvelope, unwrap } from './envelope.ts';
import { learnListing } from './listing.ts';
import { assignValues, isPlaceholder, type Mapping } from './names.ts';
import { describeSample } from './notes.ts';
import { completeElements, valuesOf } from './order.ts';
import type { Sample } from './samples.ts';
import { type Sampled, sampledValues } from './values.ts';

/** The result of learning from a sample of a request. */
export type Learned = {
  readonly profile: WireProfile;
  /** Advice for the person who learns a profile: each is a sentence. */
  readonly notes: readonly string[];
  /** The values of the sample, for a document of ours with the same ones. */
  readonly sampled: Sampled;
  /** The elements that hold the password, by name as written. */
  readonly secrets: ReadonlySet<string>;
};

/** With fewer values of a request a document is something else, such as an answer. */
const LEAST_VALUES = 3;

/** How many values of a request a sample holds, to find the sample among others. */
export function countValues({ root }: Sample, mapping: Mapping = {}): number {
  return assignValues([root], mapping).size;
}

/**
 * Learns the wire profile that writes documents as the sample. What the profile cannot express is named in the notes.
 *
 * @param mapping says of elements by their local names which value they hold
 * @returns `undefined` for a document that is no request
 */
export function learnProfile(sample: Sample, mapping: Mapping = {}): Learned | undefined {
  const unwrapped = unwrap(sample.root);
  const { header, document } = unwrapped;
  if (document === undefined) return undefined;
  const parts = [document, ...(header ? [header] : [])];
  const values = assignValues(parts, mapping);
  if (values.size < LEAST_VALUES) return undefined;
  const notes = new Set<string>();
  const say = (note: string): void => {
    notes.add(note);
  };

  const { wrappers, root } = findRoot(document, values, say);
  const learning: Learning = { values, say, used: usedPrefixes(parts), absent: commonAbsent(values) };
  const outer = declarationsAround(sample.root, document);
  const written = wrappers.map((wrapper, at): Wrapper => {
    const attributes = keptAttributes(wrapper, learning.used, at === 0 ? outer : {});
    return { name: wrapper.name, ...(attributes && { attributes }) };
  });
  const listing = [...values].find(([, value]) => value === 'ListingDetails')?.[0];
  const learnt = listing && learnListing(listing);
  const soap = learnEnvelope(sample, unwrapped, learning);
  const contentType = learnContentType(sample, soap?.version);
  const profile: WireProfile = {
    root: root.name,
    ...rootNames(root, learning.used, wrappers.length === 0 ? outer : {}),
    order: 'documented',
    ...completeElements(root, learnChildren(root, learning), {
      isTemplate: isGenerated(values),
      elsewhere: valuesOf(soap?.header ?? []),
      say,
    }),
    ...(learning.absent !== 'omit' && { absent: learning.absent }),
    ...(written.length > 0 && { wrappers: written }),
    ...(soap && { soap }),
    contentType: contentType ?? CONTENT_TYPES.none,
    listingFormat: learnt?.format ?? 'text',
  };
  const facts = { values, profile, isTypeShown: contentType !== undefined, isListingShown: learnt?.sure ?? false };
  for (const note of describeSample(sample, facts)) say(note);
  return {
    profile,
    notes: [...notes],
    sampled: sampledValues(values, learnt?.listing),
    secrets: new Set([...values].flatMap(([{ name }, value]) => (value === 'Password' ? [name] : []))),
  };
}

/**
 * The root of the profile is the innermost element that holds all values, or one around it that holds something else as well. The
 * elements around the root hold nothing but the next one.
 */
function findRoot(document: XmlElement, values: Learning['values'], say: Learning['say']) {
  const holds = (element: XmlElement): boolean => values.has(element) || element.children.some(holds);
  const wrappers: XmlElement[] = [];
  let root = document;
  for (;;) {
    const holders = root.children.filter(holds);
    const [next] = holders;
    if (next === undefined || holders.length > 1 || values.has(next) || next.children.length === 0) break;
    const others = root.children.filter((child) => child !== next);
    if (others.some(({ name }) => name !== next.name)) break;
    if (others.length > 0)
      say(
        `${next.name}: the sample has it ${others.length + 1} times; the gateway sends one lead in a document, and so writes it once.`,
      );
    wrappers.push(root);
    root = next;
  }
  return { wrappers, root };
}

function rootNames(root: XmlElement, used: ReadonlySet<string>, outer: Declarations) {
  const kept = keptAttributes(root, used, outer) ?? {};
  const colon = root.name.indexOf(':');
  const declaration = colon === -1 ? 'xmlns' : `xmlns:${root.name.slice(0, colon)}`;
  const { [declaration]: namespace, ...attributes } = kept;
  // `xmlns=""` takes the root out of the namespace around it, and names none.
  const others = namespace === '' ? kept : attributes;
  return {
    ...(namespace && { namespace }),
    ...(Object.keys(others).length > 0 && { attributes: others }),
  };
}

/** The common way in which the sample writes absent values; samples of empty elements are forms to fill in. */
function commonAbsent(values: Learning['values']): Absent {
  const ways = [...values.keys()].map(absentWay);
  if (ways.includes('nil')) return 'nil';
  const empty = ways.filter((way) => way === 'empty').length;
  return empty > 0 && empty <= values.size / 2 ? 'empty' : 'omit';
}

/** Whether most values are placeholders: such a sample was generated and names everything that the service knows. */
function isGenerated(values: Learning['values']): boolean {
  const texts = [...values.keys()].filter(
    ({ children, attributes }) => children.length === 0 && !attributes.some(isNil),
  );
  return texts.filter(({ text }) => isPlaceholder(trimXml(text))).length > texts.length / 2;
}

/** The media type of the sample, in UTF-8. The envelope decides where there is one. */
function learnContentType({ contentType }: Sample, version: SoapEnvelope['version'] | undefined): string | undefined {
  if (version !== undefined) return CONTENT_TYPES[version];
  const type = contentType?.toLowerCase().split(';')[0]?.trim() ?? '';
  return /^(?:application|text)\/(?:[^;\s]+\+)?xml$/.test(type) ? `${type}; charset=utf-8` : undefined;
}
