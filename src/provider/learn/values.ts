import type { Lead, Listing } from '../../domain/lead.ts';
import type { LeadValue } from '../../domain/wire.ts';
import { trimXml, type XmlElement } from '../xml.ts';
import { isPlaceholder } from './names.ts';

/** A lead and an account that have the values of a sample. */
export type Sampled = {
  readonly lead: Pick<Lead, 'target' | 'phone' | 'placementId' | 'firstName' | 'lastName' | 'question' | 'listing'>;
  readonly providerId: number;
  readonly username: string;
};

const EXAMPLE = {
  ProviderId: '1001',
  UserName: 'gateway',
  Password: 'password',
  MerchantId: '20418',
  AdvertiserId: '1659',
  PlacementId: '7',
  ListingDetails: '',
  ConsumerPhoneNumber: '4045551212',
  ConsumerPhoneNumberCountryCode: '1',
  ConsumerFirstName: 'Ann',
  ConsumerLastName: "O'Neil",
  ConsumerQuestion: 'Is it still available?',
} as const satisfies Record<LeadValue, string>;

const EXAMPLE_LISTING = { Year: '2019', Make: 'Honda', Model: 'Civic' };

/**
 * The values of a sample as a lead, so that our document can be compared with it. A placeholder becomes an example; what the sample
 * does not hold, or holds as nil, is absent.
 */
export function sampledValues(values: ReadonlyMap<XmlElement, LeadValue>, listing: Listing | undefined): Sampled {
  const texts = new Map([...values].map(([element, value]) => [value, textOf(element)] as const));
  const real = (value: LeadValue): string | undefined => {
    const text = texts.get(value);
    return text !== undefined && isPlaceholder(text) ? EXAMPLE[value] : text;
  };
  const required = (value: LeadValue): string => real(value) ?? EXAMPLE[value];
  const merchantId = integer(texts.get('MerchantId'));
  const isMerchant = merchantId !== undefined && !texts.get('AdvertiserId');
  const national = required('ConsumerPhoneNumber');
  const callingCode = required('ConsumerPhoneNumberCountryCode');
  const [placementId, firstName, lastName, question] = [
    integer(real('PlacementId')),
    real('ConsumerFirstName'),
    real('ConsumerLastName'),
    real('ConsumerQuestion'),
  ];
  const shown =
    listing ?? (texts.has('ListingDetails') && texts.get('ListingDetails') !== undefined ? EXAMPLE_LISTING : undefined);
  return {
    lead: {
      target: isMerchant ? { merchantId } : { advertiserId: required('AdvertiserId') },
      phone: { e164: `+${callingCode}${national}`, callingCode, national },
      ...(placementId !== undefined && { placementId }),
      ...(firstName !== undefined && { firstName }),
      ...(lastName !== undefined && { lastName }),
      ...(question !== undefined && { question }),
      ...(shown !== undefined && { listing: shown }),
    },
    providerId: integer(required('ProviderId')) ?? 1001,
    username: required('UserName'),
  };
}

/** The text of an element; `undefined` for a nil one. */
function textOf({ text, attributes }: XmlElement): string | undefined {
  return attributes.some(({ local, value }) => local === 'nil' && /true|1/.test(value)) ? undefined : trimXml(text);
}

/** A positive integer of 32 bits. The largest one stands for any in samples that WCF generates. */
function integer(text: string | undefined): number | undefined {
  const number = /^\d{1,10}$/.test(text ?? '') ? Number(text) : Number.NaN;
  return number > 0 && number < 2 ** 31 - 1 ? number : undefined;
}
