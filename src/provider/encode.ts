import { isXmlText } from '../domain/draft.ts';
import type { Lead, Listing } from '../domain/lead.ts';
import type { ProviderAccount, WireProfile } from '../domain/provider.ts';

/** The twelve elements in the order in which the provider's reference lists them. */
const DOCUMENTED = [
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

type Element = (typeof DOCUMENTED)[number];

/**
 * `alphabetical` sorts by code unit and not by locale: a WCF data contract whose members have no order number reads its
 * elements in that order, and silently ignores an element that comes out of order.
 */
const ORDERS: Readonly<Record<WireProfile['order'], readonly Element[]>> = {
  documented: DOCUMENTED,
  alphabetical: [...DOCUMENTED].sort(),
};

/** A value holds a character that XML 1.0 cannot carry. The message quotes nothing. */
export class NotEncodable extends Error {
  constructor() {
    super('a value holds a character that XML cannot carry');
    this.name = 'NotEncodable';
  }
}

/**
 * The document that starts a conversation, in UTF-8 and with an XML declaration. An absent value is left out, never sent
 * as an empty element. A conforming parser reads every text back unchanged (a carriage return is written as `&#xD;`).
 *
 * @throws NotEncodable for a character that XML cannot carry; request validation and configuration refuse those
 */
export function encodeLead(lead: Lead, account: ProviderAccount): string {
  const { root, namespace, order } = account.wire;
  const values = elements(lead, account);
  let document = `<?xml version="1.0" encoding="utf-8"?><${root}`;
  if (namespace !== undefined) document += ` xmlns="${escaped(namespace)}"`;
  document += '>';
  for (const name of ORDERS[order]) {
    const value = values[name];
    if (value !== undefined) document += `<${name}>${escaped(value)}</${name}>`;
  }
  return `${document}</${root}>`;
}

function elements(lead: Lead, account: ProviderAccount): Readonly<Record<Element, string | number | undefined>> {
  return {
    ProviderId: account.providerId,
    UserName: account.username,
    Password: account.password,
    MerchantId: 'merchantId' in lead.target ? lead.target.merchantId : undefined,
    AdvertiserId: 'advertiserId' in lead.target ? lead.target.advertiserId : undefined,
    PlacementId: lead.placementId,
    ListingDetails: lead.listing === undefined ? undefined : listingDetails(lead.listing, account.wire.listingFormat),
    ConsumerPhoneNumber: lead.phone.national,
    ConsumerPhoneNumberCountryCode: lead.phone.callingCode,
    ConsumerFirstName: lead.firstName,
    ConsumerLastName: lead.lastName,
    ConsumerQuestion: lead.question,
  };
}

/**
 * The text of `ListingDetails`. A listing that is a text is passed as it is, in every format. Named values become
 * `name: value; name: value`, a JSON object or a urlencoded query. Gives `undefined` for a listing without values.
 */
export function listingDetails(listing: Listing, format: WireProfile['listingFormat']): string | undefined {
  if (typeof listing === 'string') return listing;
  const entries = Object.entries(listing);
  if (entries.length === 0) return undefined;
  switch (format) {
    case 'text':
      return entries.map(([name, value]) => `${name}: ${value}`).join('; ');
    case 'json':
      return JSON.stringify(listing);
    case 'urlencoded':
      return new URLSearchParams(entries.map(([name, value]): [string, string] => [name, String(value)])).toString();
  }
}

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#xD;',
};

/** Escapes the text of an element. Also serves for a namespace, in which the configuration allows neither quotes nor white space. */
function escaped(value: string | number): string {
  if (typeof value === 'number') return String(value);
  if (!isXmlText(value)) throw new NotEncodable();
  return /[&<>\r]/.test(value) ? value.replace(/[&<>\r]/g, (char) => ESCAPED[char] ?? char) : value;
}
