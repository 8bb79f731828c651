import {
  type Fields,
  INTS,
  isInt32,
  isMember,
  isNil,
  type Member,
  type Node,
  POSITIONS,
  parse,
  Unreadable,
} from './request.ts';
import type { Attributes, Profile, Written } from './rules.ts';

/*
 * A wire profile as the configuration file writes it (docs/wire.md), read by the simulator itself: it shares no code with the encoder,
 * so that one mistake is not made twice.
 */

const ENVELOPES: { readonly [version: string]: string } = {
  '1.1': 'http://schemas.xmlsoap.org/soap/envelope/',
  '1.2': 'http://www.w3.org/2003/05/soap-envelope',
};

/** A service of SOAP answers with a fault. */
export class Faulted extends Error {
  override readonly name = 'Faulted';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The service reads the request and refuses it: an element that it requires is not there. */
export class Lacking extends Error {
  override readonly name = 'Lacking';
}

export type Head = { readonly contentType: string | undefined; readonly soapAction: string | undefined };

/** Whether a request has the media type of the profile, in UTF-8. */
export function hasTypeOf({ contentType, soap }: Profile, head: Head): boolean {
  const own = contentType ?? (soap?.version === '1.2' ? 'application/soap+xml' : soap ? 'text/xml' : 'application/xml');
  const [wanted, [type = '', charset = '']] = [mediaType(own)[0], mediaType(head.contentType ?? '')];
  return type === wanted && (charset === '' || charset === 'utf-8');
}

function mediaType(header: string): readonly [type: string, charset: string] {
  const [type = ''] = header.toLowerCase().split(';');
  return [type.trim(), /; *charset="?([^";]*)/i.exec(header)?.[1]?.toLowerCase() ?? ''];
}

/** Prefixes and their namespaces; the empty prefix is that of names without one. */
type Scope = ReadonlyMap<string, string>;

/**
 * Reads a request as a service does whose contract is exactly the profile: names with their namespaces, constants, types, and the
 * order of the elements. As DataContractSerializer does, it silently ignores an element that is out of place or of another namespace.
 * Throws `Unreadable`, `Faulted` or `Lacking`.
 */
export function readByProfile(body: string, profile: Profile, head: Head): Fields {
  const fields: Partial<Record<Member, string>> = {};
  const { soap, wrappers = [] } = profile;
  let node = parse(body);
  let scope: Scope = new Map([['', '']]);
  if (soap) {
    const namespace = ENVELOPES[soap.version] ?? '';
    scope = new Map([...scope, [soap.prefix ?? 's', namespace]]);
    const parts = openEnvelope(node, namespace);
    checkAction(soap, head);
    readElements(parts.header, soap.header ?? [], scope, 'omit', profile, fields);
    node = parts.document;
  }
  const refuse = (message: string): never => {
    if (soap) throw new Faulted('DeserializationFailed', message);
    throw new Unreadable(message);
  };
  const root = { name: profile.root ?? 'MobileTextConnectRequest', attributes: rootAttributes(profile) };
  for (const [level, expected] of [...wrappers, root].entries()) {
    if (level > 0) node = onlyChild(node) ?? refuse('The element of the operation has no single child.');
    scope = within(scope, expected.attributes);
    if (!isNamed(node, expected.name, scope)) refuse(`The element '${expected.name}' is expected.`);
    if (!hasAttributes(node, expected.attributes, scope))
      refuse(`The attributes of '${expected.name}' are not the expected ones.`);
  }
  readElements(node.$$ ?? [], elementsOf(profile), scope, profile.absent ?? 'omit', profile, fields);
  for (const member of INTS) {
    const text = fields[member];
    if (text !== undefined && !isInt32(text)) refuse(`The value of '${member}' cannot be parsed as the type 'Int32'.`);
  }
  return fields;
}

function checkAction(soap: NonNullable<Profile['soap']>, { contentType, soapAction }: Head): void {
  const sent = soap.version === '1.1' ? soapAction : /; *action=("[^"]*")/.exec(contentType ?? '')?.[1];
  if (soap.version === '1.1' && sent === undefined) throw new Faulted('Client', 'The header SOAPAction is missing.');
  if (soap.action !== undefined && sent !== `"${soap.action}"`) {
    throw new Faulted(
      'ActionNotSupported',
      'The message cannot be processed at the receiver, due to a ContractFilter mismatch.',
    );
  }
}

function openEnvelope(root: Node, namespace: string): { readonly header: readonly Node[]; readonly document: Node } {
  if (root.$ns.local !== 'Envelope') throw new Unreadable('The body is no SOAP envelope.');
  if (root.$ns.uri !== namespace) throw new Faulted('VersionMismatch', 'The version of the envelope is not supported.');
  const find = (local: string) => (root.$$ ?? []).filter(({ $ns }) => $ns.local === local && $ns.uri === namespace);
  const [body] = find('Body');
  const document = body && onlyChild(body);
  if (document === undefined)
    throw new Faulted('DeserializationFailed', 'The body of the envelope has no single child.');
  return { header: find('Header')[0]?.$$ ?? [], document };
}

function onlyChild({ $$ = [] }: Node): Node | undefined {
  return $$.length === 1 ? $$[0] : undefined;
}

function rootAttributes({ root = '', namespace, attributes = {} }: Profile): Attributes {
  const colon = root.indexOf(':');
  return namespace === undefined
    ? attributes
    : { [colon === -1 ? 'xmlns' : `xmlns:${root.slice(0, colon)}`]: namespace, ...attributes };
}

/** The elements of the root; an order stands for the twelve members with the prefix of the root. */
function elementsOf({ elements, order = 'documented', root = '' }: Profile): readonly Written[] {
  if (elements) return elements;
  const prefix = root.includes(':') ? root.slice(0, root.indexOf(':') + 1) : '';
  return [...POSITIONS[order === 'alphabetical' ? 'alphabetical' : 'documented'].keys()].map((name) => prefix + name);
}

function within(scope: Scope, attributes: Attributes = {}): Scope {
  const declared = Object.entries(attributes).filter(([name]) => /^xmlns(?::|$)/.test(name));
  return new Map([...scope, ...declared.map(([name, uri]) => [name.slice('xmlns:'.length), uri] as const)]);
}

function isNamed({ $ns }: Node, name: string, scope: Scope): boolean {
  const [prefix, local] = name.includes(':') ? (name.split(':') as [string, string]) : ['', name];
  return $ns.local === local && $ns.uri === (scope.get(prefix) ?? '');
}

/** Whether a node has all constant attributes; the prefix of an attribute may be another one, that of its value may not. */
function hasAttributes({ $ = {} }: Node, attributes: Attributes = {}, scope: Scope): boolean {
  return Object.entries(attributes).every(([name, value]) => {
    if (/^xmlns(?::|$)/.test(name)) return true;
    const [prefix, local] = name.includes(':') ? (name.split(':') as [string, string]) : ['', name];
    const uri = prefix === 'xml' ? undefined : prefix === '' ? '' : scope.get(prefix);
    return Object.values($).some(
      (one) => one.local === local && one.value === value && (uri === undefined || one.uri === uri),
    );
  });
}

function readElements(
  nodes: readonly Node[],
  written: readonly Written[],
  outer: Scope,
  absent: string,
  profile: Profile,
  fields: Partial<Record<Member, string>>,
): void {
  const expected = written.map((one) => (typeof one === 'string' ? { name: one } : one));
  const found = new Map<number, Node>();
  let last = -1;
  for (const node of nodes) {
    const at = expected.findIndex(
      ({ name, attributes }, index) => index > last && isNamed(node, name, within(outer, attributes)),
    );
    if (at === -1) continue;
    found.set(at, node);
    last = at;
  }
  for (const [at, element] of expected.entries()) {
    const node = found.get(at);
    const scope = within(outer, element.attributes);
    const member = memberOf(element);
    const mayLack = member !== undefined && (element.absent ?? absent) === 'omit';
    if (node === undefined || !hasAttributes(node, element.attributes, scope)) {
      if (mayLack) continue;
      throw new Lacking(`${element.name} is required.`);
    }
    if (element.elements) readElements(node.$$ ?? [], element.elements, scope, absent, profile, fields);
    else if (member === undefined) {
      if ((node._ ?? '') !== (element.text ?? '')) throw new Lacking(`${element.name} is not valid.`);
    } else if (
      !isNil(node) &&
      !(node.$$ === undefined && (node._ ?? '') === '' && (element.absent ?? absent) === 'empty')
    ) {
      fields[member] = member === 'ListingDetails' ? listingOf(node, profile) : leafOf(node, element.name);
    }
  }
}

function memberOf({ name, value, text, elements }: Exclude<Written, string>): Member | undefined {
  const local = value ?? name.slice(name.indexOf(':') + 1);
  return text === undefined && elements === undefined && isMember(local) ? local : undefined;
}

function leafOf(node: Node, name: string): string {
  if (node.$$ !== undefined) throw new Unreadable(`The element '${name}' has child elements.`);
  return node._ ?? '';
}

/** The texts of a listing, for the inbox: of one that is written as elements, those of all its leaves. */
function listingOf(node: Node, { listingFormat }: Profile): string {
  const isMarkup = typeof listingFormat === 'object' && listingFormat !== null && 'xml' in listingFormat;
  if (!isMarkup || node.$$ === undefined) return leafOf(node, 'ListingDetails');
  const texts = (one: Node): string[] => {
    const attributes = Object.entries(one.$ ?? {}).flatMap(([name, { value }]) =>
      name.startsWith('xmlns') ? [] : [value],
    );
    const inner = one.$$ === undefined ? [one._ ?? ''] : one.$$.flatMap(texts);
    return [...attributes, ...inner].filter((text) => text !== '');
  };
  return node.$$.map((child) => texts(child).join(': ')).join('; ');
}

/** The document of an answer as a service of this profile sends it: in an envelope, or within the elements of its operation. */
export function frameOf({ soap, wrappers = [] }: Profile): ((document: string) => string) | undefined {
  const isWrapped = wrappers.length > 0 || soap !== undefined;
  if (!isWrapped) return undefined;
  const inner = (document: string) =>
    `<Response xmlns="urn:simulator">${document.replace(/^<\w+/, '$& xmlns=""')}</Response>`;
  if (soap === undefined) return inner;
  return (document) =>
    `<s:Envelope xmlns:s="${ENVELOPES[soap.version]}"><s:Body>${inner(document)}</s:Body></s:Envelope>`;
}

/** The document of a fault, as WCF writes it. */
export function faultOf({ soap }: Profile, { code, message }: Faulted): string {
  const uri = ENVELOPES[soap?.version ?? '1.1'];
  const text = message.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const qualified = `<s:Value xmlns:a="http://schemas.microsoft.com/ws/2005/05/addressing/none">a:${code}</s:Value>`;
  const fault =
    soap?.version === '1.2'
      ? `<s:Code><s:Value>s:Sender</s:Value><s:Subcode>${qualified}</s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">${text}</s:Text></s:Reason>`
      : `<faultcode xmlns:a="http://schemas.microsoft.com/ws/2005/05/addressing/none">a:${code}</faultcode><faultstring>${text}</faultstring>`;
  return `<s:Envelope xmlns:s="${uri}"><s:Body><s:Fault>${fault}</s:Fault></s:Body></s:Envelope>`;
}

/** The content type of an answer. */
export function answerTypeOf({ soap }: Profile): string {
  if (soap === undefined) return 'application/xml; charset=utf-8';
  return soap.version === '1.2' ? 'application/soap+xml; charset=utf-8' : 'text/xml; charset=utf-8';
}
