import type { Lead } from '../domain/lead.ts';
import type { ProviderAccount } from '../domain/provider.ts';
import {
  type Absent,
  type Attributes,
  contentTypeOf,
  elementsOf,
  headersOf,
  type LeadValue,
  rootAttributes,
  SOAP_NAMESPACES,
  type SoapEnvelope,
  type WireElement,
  type WireProfile,
  XML_SCHEMA_INSTANCE,
} from '../domain/wire.ts';
import { listingMarkup } from './listing.ts';
import { escaped, escapedAttribute, NotEncodable } from './markup.ts';

/**
 * The document that starts a conversation, in UTF-8 and with an XML declaration, as the account's wire profile says. Unless the
 * profile says otherwise an absent value is left out, never sent as an empty element. A conforming parser reads every text back
 * unchanged (a carriage return is written as `&#xD;`).
 *
 * @throws NotEncodable for a character that XML cannot carry, which request validation and configuration refuse, and for a target
 *   that the profile has no element for: the lead would reach nobody
 */
export function encodeLead(lead: Lead, account: ProviderAccount): string {
  const { parts, values } = templateOf(account.wire);
  if (!values.has('merchantId' in lead.target ? 'MerchantId' : 'AdvertiserId')) {
    throw new NotEncodable('the wire profile has no element for the target of the lead');
  }
  let document = '';
  for (const part of parts) {
    if (typeof part === 'string') {
      document += part;
      continue;
    }
    const markup = part.markup(lead, account);
    document += markup === undefined ? part.absent : part.open + markup + part.close;
  }
  return document;
}

/** A place of a document where a value stands. */
export type Slot = {
  readonly value: LeadValue;
  readonly markup: (lead: Lead, account: ProviderAccount) => string | undefined;
  readonly open: string;
  readonly close: string;
  /** The markup in its place where the value is absent. */
  readonly absent: string;
};

/** A wire profile, prepared so that a document is one pass over constant texts and values. */
export type Template = {
  readonly parts: readonly (string | Slot)[];
  readonly values: ReadonlySet<LeadValue>;
  readonly contentType: string;
  readonly headers?: Readonly<Record<string, string>>;
};

const templates = new WeakMap<WireProfile, Template>();

/** The template of a profile, which is made once for each profile object; the settings are frozen. */
export function templateOf(profile: WireProfile): Template {
  let template = templates.get(profile);
  if (template === undefined) {
    template = compile(profile);
    templates.set(profile, template);
  }
  return template;
}

function compile(profile: WireProfile): Template {
  const { root, wrappers = [], soap, absent = 'omit' } = profile;
  const writer = createWriter(profile.listingFormat);
  const scope = [...wrappers.map(({ attributes = {} }) => attributes), rootAttributes(profile)];
  const bound = nilPrefixIn(scope);
  const nil = bound ?? freePrefix(scope);
  const elements = elementsOf(profile);
  const declares = bound === undefined && usesNil(elements, absent);
  const attributes = { ...rootAttributes(profile), ...(declares && { [`xmlns:${nil}`]: XML_SCHEMA_INSTANCE }) };

  writer.text('<?xml version="1.0" encoding="utf-8"?>');
  if (soap) openEnvelope(soap, writer, nil);
  for (const wrapper of wrappers) writer.text(startOf(wrapper.name, wrapper.attributes));
  writer.text(startOf(root, attributes));
  for (const element of elements) writer.element(element, { absent, nil });
  writer.text(`</${root}>`);
  for (const { name } of wrappers.toReversed()) writer.text(`</${name}>`);
  if (soap) closeEnvelope(soap, writer);

  const parts = writer.parts();
  const headers = headersOf(profile);
  return {
    parts,
    values: new Set(parts.flatMap((part) => (typeof part === 'string' ? [] : [part.value]))),
    contentType: contentTypeOf(profile),
    ...(headers && { headers }),
  };
}

type Absence = { readonly absent: Absent; readonly nil: string };
type Writer = ReturnType<typeof createWriter>;

/** Collects the parts of a template; neighbouring texts become one part. */
function createWriter(listingFormat: WireProfile['listingFormat']) {
  const parts: (string | Slot)[] = [];
  const markups = markupOf(listingFormat);
  const text = (more: string): void => {
    const last = parts.at(-1);
    if (typeof last === 'string') parts[parts.length - 1] = last + more;
    else parts.push(more);
  };
  const element = (one: WireElement, absence: Absence): void => {
    const { name, value, attributes } = one;
    const open = startOf(name, attributes);
    if (value !== undefined) {
      const absent = absentMarkup(one, one.absent ?? absence.absent, absence.nil);
      parts.push({ value, markup: markups[value], open, close: `</${name}>`, absent });
      return;
    }
    text(open);
    for (const child of one.elements ?? []) element(child, absence);
    text(`${escaped(one.text ?? '')}</${name}>`);
  };
  return { text, element, parts: () => parts };
}

function absentMarkup({ name, attributes }: WireElement, absent: Absent, nil: string): string {
  if (absent === 'omit') return '';
  const start = startOf(name, absent === 'nil' ? { ...attributes, [`${nil}:nil`]: 'true' } : attributes);
  return `${start.slice(0, -1)}/>`;
}

function startOf(name: string, attributes: Attributes = {}): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapedAttribute(value)}"`);
  return `<${name}${written.join('')}>`;
}

function openEnvelope({ version, prefix = 's', header = [] }: SoapEnvelope, writer: Writer, nil: string): void {
  writer.text(startOf(`${prefix}:Envelope`, { [`xmlns:${prefix}`]: SOAP_NAMESPACES[version] }));
  if (header.length > 0) {
    writer.text(`<${prefix}:Header>`);
    for (const element of header) writer.element(element, { absent: 'omit', nil });
    writer.text(`</${prefix}:Header>`);
  }
  writer.text(`<${prefix}:Body>`);
}

function closeEnvelope({ prefix = 's' }: SoapEnvelope, writer: Writer): void {
  writer.text(`</${prefix}:Body></${prefix}:Envelope>`);
}

function usesNil(elements: readonly WireElement[], absent: Absent): boolean {
  return elements.some((element) =>
    element.elements ? usesNil(element.elements, absent) : element.value && (element.absent ?? absent) === 'nil',
  );
}

/** The prefix that is bound to the namespace of `nil` where the elements stand. */
function nilPrefixIn(scope: readonly Attributes[]): string | undefined {
  const bindings = Object.entries(Object.assign({}, ...scope) as Attributes);
  const found = bindings.find(([name, value]) => name.startsWith('xmlns:') && value === XML_SCHEMA_INSTANCE);
  return found?.[0].slice('xmlns:'.length);
}

function freePrefix(scope: readonly Attributes[]): string {
  const taken = new Set(scope.flatMap((attributes) => Object.keys(attributes)));
  return ['i', 'xsi', 'nil'].find((prefix) => !taken.has(`xmlns:${prefix}`)) ?? 'nil1';
}

/** How each value of a lead or an account is written. */
function markupOf(format: WireProfile['listingFormat']): Readonly<Record<LeadValue, Slot['markup']>> {
  const text = (value: string | undefined) => (value === undefined ? undefined : escaped(value));
  return {
    ProviderId: (_lead, { providerId }) => String(providerId),
    UserName: (_lead, { username }) => escaped(username),
    Password: (_lead, { password }) => escaped(password),
    MerchantId: ({ target }) => ('merchantId' in target ? String(target.merchantId) : undefined),
    AdvertiserId: ({ target }) => ('advertiserId' in target ? escaped(target.advertiserId) : undefined),
    PlacementId: ({ placementId }) => (placementId === undefined ? undefined : String(placementId)),
    ListingDetails: ({ listing }) => (listing === undefined ? undefined : listingMarkup(listing, format)),
    ConsumerPhoneNumber: ({ phone }) => escaped(phone.national),
    ConsumerPhoneNumberCountryCode: ({ phone }) => escaped(phone.callingCode),
    ConsumerFirstName: ({ firstName }) => text(firstName),
    ConsumerLastName: ({ lastName }) => text(lastName),
    ConsumerQuestion: ({ question }) => text(question),
  };
}
