import {
  type Absent,
  CONTENT_TYPES,
  LEAD_VALUES,
  type LeadValue,
  SOAP_NAMESPACES,
  type SoapEnvelope,
  type WireElement,
  type WireProfile,
  type Wrapper,
} from '../../domain/wire.ts';
import { trimXml, type XmlElement } from '../xml.ts';
import { type Declarations, keptAttributes, usedPrefixes } from './attributes.ts';
import { learnListing } from './listing.ts';
import { assignValues, isPlaceholder, isUnique, type Mapping } from './names.ts';
import { completeElements } from './order.ts';
import type { Sample } from './samples.ts';
import { type Sampled, sampledValues } from './values.ts';

/** What a sample of a request tells. */
export type Learned = {
  readonly profile: WireProfile;
  /** What a person should check or do, each as a sentence. */
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
  const { envelope, header, document } = unwrap(sample.root);
  if (document === undefined) return undefined;
  const values = assignValues([document, ...(header ? [header] : [])], mapping);
  if (values.size < LEAST_VALUES) return undefined;
  const notes: string[] = [];
  const say = (note: string): void => {
    if (!notes.includes(note)) notes.push(note);
  };

  const { wrappers, root } = findRoot(document, values, say);
  const learn = { values, say, used: usedPrefixes([document, ...(header ? [header] : [])]) };
  const outer = declarationsAround(sample.root, document, learn.used);
  const [outermost] = wrappers;
  const written = wrappers.map((wrapper): Wrapper => {
    const attributes = keptAttributes(wrapper, learn.used, wrapper === outermost ? outer : {});
    return { name: wrapper.name, ...(attributes && { attributes }) };
  });
  const { namespace, attributes } = rootNames(root, learn.used, outermost === undefined ? outer : {});
  const absent = commonAbsent(values);
  const isTemplate = isGenerated(values);
  const children = learnChildren(root, learn, { absent, isTemplate });
  const elements = completeElements(root.name, children, { isTemplate, namespace: root.uri, say });
  const listing = [...values].find(([, value]) => value === 'ListingDetails')?.[0];
  const learnt = listing && learnListing(listing);
  const soap = envelope && learnSoap(sample, envelope, header, learn);

  sayAboutValues(sample, values, say);
  if (listing && learnt && !learnt.sure) {
    say(
      `${listing.name}: the sample does not show the format of the listing; it is taken for "name: value; name: value" (listingFormat).`,
    );
  }
  if (sample.encoding !== undefined)
    say(`The sample declares ${sample.encoding}; the gateway sends UTF-8, which every parser of XML reads.`);
  if (sample.hasCdata)
    say('The sample has CDATA sections; the gateway writes the same texts with escapes, which parsers read alike.');
  return {
    profile: {
      root: root.name,
      ...(namespace !== undefined && { namespace }),
      order: 'documented',
      ...elements,
      ...(attributes && { attributes }),
      ...(absent !== 'omit' && { absent }),
      ...(written.length > 0 && { wrappers: written }),
      ...(soap && { soap }),
      contentType: learnContentType(sample, soap?.version, say),
      listingFormat: learnt?.format ?? 'text',
    },
    notes,
    sampled: sampledValues(values, learnt?.listing),
    secrets: new Set([...values].flatMap(([{ name }, value]) => (value === 'Password' ? [name] : []))),
  };
}

type Learn = {
  readonly values: ReadonlyMap<XmlElement, LeadValue>;
  readonly say: (note: string) => void;
  readonly used: ReadonlySet<string>;
};

function unwrap(root: XmlElement): { envelope?: XmlElement; header?: XmlElement; document?: XmlElement } {
  if (root.local !== 'Envelope' || versionOf(root) === undefined) return { document: root };
  const [header] = root.children.filter(({ local }) => local === 'Header');
  const [document] = root.children.find(({ local }) => local === 'Body')?.children ?? [];
  return { envelope: root, ...(header && { header }), ...(document && { document }) };
}

function versionOf({ uri }: XmlElement): SoapEnvelope['version'] | undefined {
  return (['1.1', '1.2'] as const).find((version) => SOAP_NAMESPACES[version] === uri);
}

/** Declarations of the envelope and its body, which the document needs and our envelope does not have. */
function declarationsAround(root: XmlElement, document: XmlElement, used: ReadonlySet<string>): Declarations {
  if (root === document) return {};
  const body = root.children.filter(({ local }) => local === 'Body');
  const around = [root, ...body].flatMap(({ attributes }) => attributes);
  const own = around.filter(({ name, value }) => name.startsWith('xmlns:') && value !== root.uri);
  return Object.fromEntries(own.flatMap(({ name, value }) => (used.has(name.slice(6)) ? [[name, value]] : [])));
}

/**
 * The root of the profile is the innermost element that holds all values, or one around it that holds something else as well. The
 * elements around the root hold nothing but the next one.
 */
function findRoot(document: XmlElement, values: Learn['values'], say: Learn['say']) {
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
  const isNamed = namespace !== undefined && namespace !== '';
  return {
    ...(isNamed && { namespace }),
    ...(Object.keys(attributes).length > 0 && { attributes }),
  };
}

/** The common way in which the sample writes absent values; samples of empty elements are forms to fill in. */
function commonAbsent(values: Learn['values']): Absent {
  const ways = [...values.keys()].map(absentWay);
  if (ways.includes('nil')) return 'nil';
  const empty = ways.filter((way) => way === 'empty').length;
  return empty > 0 && empty <= values.size / 2 ? 'empty' : 'omit';
}

function absentWay({ attributes, children, text }: XmlElement): Absent | undefined {
  if (attributes.some(isNilAttribute)) return 'nil';
  return children.length === 0 && trimXml(text) === '' ? 'empty' : undefined;
}

export function isNilAttribute({ uri, local, value }: XmlElement['attributes'][number]): boolean {
  return uri === 'http://www.w3.org/2001/XMLSchema-instance' && local === 'nil' && /^\s*(?:true|1)\s*$/.test(value);
}

/** Whether most values are placeholders: such a sample was generated and names everything that the service knows. */
function isGenerated(values: Learn['values']): boolean {
  const texts = [...values.keys()].filter(
    ({ children, attributes }) => children.length === 0 && !attributes.some(isNilAttribute),
  );
  return texts.filter(({ text }) => isPlaceholder(trimXml(text))).length > texts.length / 2;
}

type Sampling = { readonly absent: Absent; readonly isTemplate: boolean };

function learnChildren({ children }: XmlElement, learn: Learn, sampling: Sampling): WireElement[] {
  const seen = new Set<string>();
  return children.flatMap((child): WireElement[] => {
    const isRepeated = seen.has(child.name) && !learn.values.has(child);
    seen.add(child.name);
    if (isRepeated) {
      learn.say(`${child.name}: the sample has it more than once; the gateway writes it once.`);
      return [];
    }
    const element = learnElement(child, learn, sampling);
    return element === undefined ? [] : [element];
  });
}

function learnElement(element: XmlElement, learn: Learn, sampling: Sampling): WireElement | undefined {
  const { name, children } = element;
  const value = learn.values.get(element);
  const kept = keptAttributes(element, learn.used);
  const attributes =
    kept &&
    (value === undefined ? kept : Object.fromEntries(Object.entries(kept).filter(([key]) => !isNilName(element, key))));
  const shared = { name, ...(attributes && Object.keys(attributes).length > 0 && { attributes }) };
  if (value !== undefined) {
    const way = absentWay(element);
    const differs = way !== undefined && way !== sampling.absent && sampling.absent !== 'omit';
    return { ...shared, value, ...(differs && { absent: way }) };
  }
  if (children.length > 0) return { ...shared, elements: learnChildren(element, learn, sampling) };
  return learnConstant(element, shared, learn.say);
}

function isNilName({ attributes }: XmlElement, name: string): boolean {
  return attributes.some((attribute) => attribute.name === name && isNilAttribute(attribute));
}

function learnConstant(
  element: XmlElement,
  shared: Pick<WireElement, 'name' | 'attributes'>,
  say: Learn['say'],
): WireElement | undefined {
  const { name, text, attributes, local } = element;
  const constant = trimXml(text);
  const isNil = attributes.some(isNilAttribute);
  if (constant !== '' && isPlaceholder(constant)) {
    say(
      `${name}: is none of the twelve values, and the sample has no real text for it (${constant}). It is left out; if the service requires it, add { "name": "${name}", "text": "…" } to elements at its place.`,
    );
    return undefined;
  }
  if (isUnique(constant)) {
    say(
      `${name}: is none of the twelve values and looks as if it must differ for each message. The gateway has no such value, so it is left out; ask the provider whether it may be absent, or constant: --map ${local}=constant does not apply to it.`,
    );
    return undefined;
  }
  if (!isNil)
    say(
      `${name}: is none of the twelve values; it is written with the text of the sample (${constant === '' ? 'none' : constant}). If it holds a value of the lead, say which: --map ${local}=ConsumerQuestion`,
    );
  return { ...shared, text: constant };
}

/** Addressing that Microsoft's tools show in a header although it is not sent. */
const NOT_SENT = 'http://schemas.microsoft.com/ws/2005/05/addressing/none';

function learnSoap(sample: Sample, envelope: XmlElement, header: XmlElement | undefined, learn: Learn): SoapEnvelope {
  const version = versionOf(envelope) ?? '1.1';
  const prefix = envelope.name.split(':')[0] ?? 's';
  const inHeader = header?.children.find(({ local }) => local === 'Action');
  const action = sample.soapAction ?? (inHeader && trimXml(inHeader.text));
  const sent = (header?.children ?? []).filter(({ uri }) => uri !== NOT_SENT);
  const outer = declarationsAround(envelope, envelope, learn.used);
  const elements = sent.flatMap((element): WireElement[] => {
    const learnt = learnElement(
      element,
      { ...learn, say: (note) => learn.say(note) },
      { absent: 'omit', isTemplate: false },
    );
    return learnt === undefined ? [] : [withDeclarations(learnt, element, envelope, header, outer)];
  });
  if (!action) {
    learn.say(
      `The sample does not show the action of the operation. Look for soapAction in the service's WSDL (its address with ?wsdl), and add it to soap as "action".`,
    );
  }
  return {
    version,
    ...(action ? { action } : {}),
    ...(prefix !== 's' && prefix !== envelope.name && { prefix }),
    ...(elements.length > 0 && { header: elements }),
  };
}

/** Elements of a header keep the declarations that stand on the header or the envelope, which ours do not have. */
function withDeclarations(
  learnt: WireElement,
  element: XmlElement,
  envelope: XmlElement,
  header: XmlElement | undefined,
  outer: Declarations,
): WireElement {
  const used = usedPrefixes([element]);
  const around = [...envelope.attributes, ...(header?.attributes ?? [])].filter(
    ({ name, value }) => name.startsWith('xmlns:') && used.has(name.slice(6)) && value !== envelope.uri,
  );
  const attributes = {
    ...outer,
    ...Object.fromEntries(around.map(({ name, value }) => [name, value])),
    ...learnt.attributes,
  };
  return Object.keys(attributes).length === 0 ? learnt : { ...learnt, attributes };
}

function learnContentType(
  { contentType }: Sample,
  version: SoapEnvelope['version'] | undefined,
  say: Learn['say'],
): string {
  const [type = ''] = contentType?.toLowerCase().split(';') ?? [];
  if (version !== undefined) return CONTENT_TYPES[version];
  if (/^(?:application|text)\/(?:[^;\s]+\+)?xml$/.test(type.trim())) return `${type.trim()}; charset=utf-8`;
  say(
    'The sample does not show the content type. application/xml is taken; a service that answers 415 wants text/xml (contentType).',
  );
  return CONTENT_TYPES.none;
}

/** Values whose form differs from the one that the gateway sends, names that were guessed, and values without an element. */
function sayAboutValues({ root }: Sample, values: Learn['values'], say: Learn['say']): void {
  for (const [{ local, name, text, attributes }, value] of values) {
    const shown = trimXml(text);
    if (local !== value)
      say(
        `${name}: is taken for ${value} because of its name. If that is wrong: --map ${local}=… or --map ${local}=constant`,
      );
    for (const { name: attribute, value: constant, uri } of attributes) {
      if (uri === '' && !attribute.startsWith('xmlns'))
        say(
          `${name}: its attribute ${attribute}="${constant}" is written as a constant; an attribute cannot hold a value of the lead.`,
        );
    }
    if (isPlaceholder(shown)) continue;
    if (value === 'ConsumerPhoneNumber' && !/^\d{4,15}$/.test(shown)) {
      say(
        `${name}: the sample has another form of the number than the gateway, which writes national digits such as 4045551212. Ask the provider whether it takes them.`,
      );
    }
    if (value === 'ConsumerPhoneNumberCountryCode' && !/^[1-9]\d{0,2}$/.test(shown)) {
      say(
        `${name}: the sample has "${shown}"; the gateway writes the calling code, such as 1. Ask the provider whether it takes that.`,
      );
    }
  }
  const found = new Set(values.values());
  const missing = LEAD_VALUES.filter((value) => !found.has(value));
  if (missing.length > 0) say(`The sample ${root.name} has no element for ${missing.join(', ')}.`);
}
