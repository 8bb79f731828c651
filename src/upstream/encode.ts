import type { Provider, WireProfile } from '../config/settings.ts';
import { isXmlText } from '../conversation/text.ts';
import type { Lead } from '../conversation/types.ts';
import { listingDetails } from './listing.ts';

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
 * By code unit and not by locale: the order in which a WCF data contract whose members carry no number reads its
 * elements. One that comes out of its order is ignored without a word.
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
 * The document that starts a conversation, in UTF-8 and with an XML declaration. What is absent is left out and never
 * an empty element; every text is read back unchanged by a conforming parser (a carriage return as `&#xD;`).
 *
 * @throws NotEncodable for a character that XML cannot carry; intake and configuration refuse those
 */
export function encodeLead(lead: Lead, provider: Provider): string {
  const { root, namespace, order } = provider.wire;
  const values = elements(lead, provider);
  let document = `<?xml version="1.0" encoding="utf-8"?><${root}`;
  if (namespace !== undefined) document += ` xmlns="${escaped(namespace)}"`;
  document += '>';
  for (const name of ORDERS[order]) {
    const value = values[name];
    if (value !== undefined) document += `<${name}>${escaped(value)}</${name}>`;
  }
  return `${document}</${root}>`;
}

function elements(lead: Lead, provider: Provider): Readonly<Record<Element, string | number | undefined>> {
  return {
    ProviderId: provider.providerId,
    UserName: provider.username,
    Password: provider.password,
    MerchantId: 'merchantId' in lead.target ? lead.target.merchantId : undefined,
    AdvertiserId: 'advertiserId' in lead.target ? lead.target.advertiserId : undefined,
    PlacementId: lead.placementId,
    ListingDetails: lead.listing === undefined ? undefined : listingDetails(lead.listing, provider.wire.listingFormat),
    ConsumerPhoneNumber: lead.phone.national,
    ConsumerPhoneNumberCountryCode: lead.phone.callingCode,
    ConsumerFirstName: lead.firstName,
    ConsumerLastName: lead.lastName,
    ConsumerQuestion: lead.question,
  };
}

const ESCAPED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\r': '&#xD;',
};

/** As the text of an element. It serves for a namespace, too, which has neither quotes nor white space (the settings see to it). */
function escaped(value: string | number): string {
  if (typeof value === 'number') return String(value);
  if (!isXmlText(value)) throw new NotEncodable();
  return /[&<>\r]/.test(value) ? value.replace(/[&<>\r]/g, (char) => ESCAPED[char] ?? char) : value;
}
