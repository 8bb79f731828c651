/**
 * The wire profile: what the provider's reference leaves unstated of the document that is sent (docs/adr/0035-learnt-wire-profiles.md). Every part has
 * a default, so an account that states nothing has a complete profile.
 */

/** The values of a request by the names of their elements, in the order of the provider's reference. */
export const LEAD_VALUES = [
  'ProviderId',
  'UserName',
  'Password',
  'MerchantId',
  'AdvertiserId',
  'PlacementId',
  'ListingDetails',
  'ConsumerPhoneNumber',
  'ConsumerPhoneNumberCountryCode',
  'ConsumerFirstName',
  'ConsumerLastName',
  'ConsumerQuestion',
] as const;

export type LeadValue = (typeof LEAD_VALUES)[number];

export const ORDERS = ['documented', 'alphabetical'] as const;
export type Order = (typeof ORDERS)[number];

/**
 * `alphabetical` sorts by code unit and not by locale: a WCF data contract whose members have no order number reads its
 * elements in that order, and silently ignores an element that comes out of order.
 */
export const VALUES_IN_ORDER: Readonly<Record<Order, readonly LeadValue[]>> = {
  documented: LEAD_VALUES,
  alphabetical: [...LEAD_VALUES].sort(),
};

/** How an element is written whose value is absent: not at all, with `xsi:nil`, or without content. */
export const ABSENT = ['omit', 'nil', 'empty'] as const;
export type Absent = (typeof ABSENT)[number];

/** Constant attributes by their names as they are written. Declarations of namespaces (`xmlns`, `xmlns:a`) are among them. */
export type Attributes = Readonly<Record<string, string>>;

/**
 * One element. `name` is as it is written, with its prefix. It holds a value of the lead or the account, a constant text, or
 * further elements: exactly one of `value`, `text` and `elements` is there.
 */
export type WireElement = {
  readonly name: string;
  readonly value?: LeadValue;
  readonly text?: string;
  readonly elements?: readonly WireElement[];
  readonly attributes?: Attributes;
  /** For an element with a value: what differs from the profile's own `absent`. */
  readonly absent?: Absent;
};

/** An element around the root. */
export type Wrapper = { readonly name: string; readonly attributes?: Attributes };

export type SoapEnvelope = {
  readonly version: '1.1' | '1.2';
  /** The SOAPAction header of 1.1, or the `action` parameter of the content type of 1.2. */
  readonly action?: string;
  /** Prefix of the envelope's own elements; `s` by default. */
  readonly prefix?: string;
  /** Elements of the envelope's header. */
  readonly header?: readonly WireElement[];
};

export type WireProfile = {
  /** Name of the root element as it is written. Its prefix is also that of the elements that `order` arranges. */
  readonly root: string;
  /** Namespace of the root's prefix; of a root without prefix, the default namespace. */
  readonly namespace?: string;
  readonly order: Order;
  readonly contentType: string;
  readonly listingFormat: ListingFormat;
  /** Attributes of the root besides the declaration of `namespace`. */
  readonly attributes?: Attributes;
  /** The children of the root, instead of those that `order` arranges. */
  readonly elements?: readonly WireElement[];
  /** `omit` by default. */
  readonly absent?: Absent;
  /** Elements around the root, the outermost first. */
  readonly wrappers?: readonly Wrapper[];
  readonly soap?: SoapEnvelope;
};

/** How the names and values of a listing are written into `ListingDetails`. */
export type ListingFormat = 'text' | 'json' | 'urlencoded' | ListingPairs | ListingXml;

/** Pairs of name and value in one text: `Make=Honda|Model=Civic` has the assignment `=` and the separator `|`. */
export type ListingPairs = { readonly assign: string; readonly separator: string };

/**
 * Pairs as XML. Without `item` each name becomes an element of that name. With it each pair becomes such an element, with
 * `key` and `value` as its children, or as its attributes where they begin with `@`; without `value` the item itself holds the value.
 */
export type ListingXml = {
  /** `elements`: they are children of `ListingDetails`. `escaped`: they are its text. */
  readonly xml: 'elements' | 'escaped';
  /** An element around all of them. */
  readonly root?: string;
  /** Prefix of the elements that are named after the names of the listing. */
  readonly prefix?: string;
  readonly item?: string;
  readonly key?: string;
  readonly value?: string;
};

export const XML_SCHEMA_INSTANCE = 'http://www.w3.org/2001/XMLSchema-instance';

export const SOAP_NAMESPACES: Readonly<Record<SoapEnvelope['version'], string>> = {
  '1.1': 'http://schemas.xmlsoap.org/soap/envelope/',
  '1.2': 'http://www.w3.org/2003/05/soap-envelope',
};

/** The content types of SOAP's two versions, and of a document without an envelope. */
export const CONTENT_TYPES = {
  '1.1': 'text/xml; charset=utf-8',
  '1.2': 'application/soap+xml; charset=utf-8',
  none: 'application/xml; charset=utf-8',
} as const;

/**
 * The profile of an account whose configuration does not state one. The provider's reference leaves all of it unstated, so
 * each value is a setting (docs/architecture.md, "What the provider leaves open").
 */
export const DEFAULT_WIRE = Object.freeze({
  root: 'MobileTextConnectRequest',
  order: 'documented',
  contentType: CONTENT_TYPES.none,
  listingFormat: 'text',
} as const) satisfies WireProfile;

/** Splits a name as it is written into its prefix, which may be empty, and its local part. */
export function splitName(name: string): { readonly prefix: string; readonly local: string } {
  const colon = name.indexOf(':');
  return colon === -1 ? { prefix: '', local: name } : { prefix: name.slice(0, colon), local: name.slice(colon + 1) };
}

export function isLeadValue(name: string): name is LeadValue {
  return (LEAD_VALUES as readonly string[]).includes(name);
}

/** The children of the root: those that are listed, or those that the order arranges, with the root's prefix. */
export function elementsOf({ root, order, elements }: WireProfile): readonly WireElement[] {
  if (elements) return elements;
  const { prefix } = splitName(root);
  return VALUES_IN_ORDER[order].map((value) => ({ name: prefix === '' ? value : `${prefix}:${value}`, value }));
}

/** All attributes of the root, beginning with the declaration of the profile's namespace. */
export function rootAttributes({ root, namespace, attributes }: WireProfile): Attributes {
  const { prefix } = splitName(root);
  const declared = namespace === undefined ? {} : { [prefix === '' ? 'xmlns' : `xmlns:${prefix}`]: namespace };
  return { ...declared, ...attributes };
}

/** The media type of the request, with the action that SOAP 1.2 puts into it (RFC 3902, section 2). */
export function contentTypeOf({ contentType, soap }: WireProfile): string {
  const isBare = soap?.version === '1.2' && soap.action !== undefined && !/; *action=/i.test(contentType);
  return isBare ? `${contentType}; action="${soap.action}"` : contentType;
}

/** The headers that an envelope needs besides those of every call. SOAP 1.1 requires its action, in quotes (section 6.1.1). */
export function headersOf({ soap }: WireProfile): Readonly<Record<string, string>> | undefined {
  if (soap === undefined) return undefined;
  return soap.version === '1.1'
    ? { accept: 'text/xml', soapaction: `"${soap.action ?? ''}"` }
    : { accept: 'application/soap+xml' };
}
