import { Builder } from 'xml2js';
import type { Provider, WireProfile } from '../config/settings.ts';
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

// Settings are frozen and replaced as a whole when they change, so a profile's builder lives as long as the profile.
const builders = new WeakMap<WireProfile, Builder>();

/**
 * The document that starts a conversation, in UTF-8 and with an XML declaration. What is absent is left out and never
 * an empty element; every text is read back unchanged by a conforming parser (a carriage return as `&#xD;`).
 *
 * @throws NotEncodable for a character that XML cannot carry; intake and configuration refuse those
 */
export function encodeLead(lead: Lead, provider: Provider): string {
  const { wire } = provider;
  const values = elements(lead, provider);
  const document: Record<string, unknown> = wire.namespace === undefined ? {} : { $: { xmlns: wire.namespace } };
  for (const name of ORDERS[wire.order]) {
    if (values[name] !== undefined) document[name] = values[name];
  }
  try {
    return builderOf(wire).buildObject(document);
  } catch {
    // The builder's own message quotes the whole text, so it goes no further.
    throw new NotEncodable();
  }
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

function builderOf(wire: WireProfile): Builder {
  const known = builders.get(wire);
  if (known !== undefined) return known;
  const builder = new Builder({
    rootName: wire.root,
    xmldec: { version: '1.0', encoding: 'utf-8' },
    // Every byte of text in the document is a value's own.
    renderOpts: { pretty: false },
  });
  builders.set(wire, builder);
  return builder;
}
