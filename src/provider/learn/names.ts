import { isLeadValue, LEAD_VALUES, type LeadValue } from '../../domain/wire.ts';
import type { XmlElement } from '../xml.ts';

/** Names of similar services for the values of a request: lower case, without marks between words. */
const ALIASES: Readonly<Record<LeadValue, readonly string[]>> = {
  ProviderId: ['providernumber', 'partnerid', 'publisherid', 'vendorid', 'accountid'],
  UserName: ['user', 'userid', 'login', 'loginname', 'apiuser', 'apiusername'],
  Password: ['pass', 'pwd', 'apipassword', 'passphrase'],
  MerchantId: ['merchant', 'merchantnumber'],
  AdvertiserId: ['advertiser', 'advertisercode', 'dealerid', 'dealercode', 'dealer', 'storeid', 'rooftopid'],
  PlacementId: ['placement', 'placementcode'],
  ListingDetails: ['listing', 'listinginfo', 'vehicle', 'vehicleinfo', 'vehicledetails', 'details', 'property'],
  ConsumerPhoneNumber: [
    'phone',
    'phonenumber',
    'mobile',
    'mobilephone',
    'mobilenumber',
    'mobilephonenumber',
    'cell',
    'cellphone',
    'consumerphone',
    'customerphone',
    'telephone',
    'msisdn',
  ],
  ConsumerPhoneNumberCountryCode: [
    'countrycode',
    'phonecountrycode',
    'phonenumbercountrycode',
    'callingcode',
    'countrycallingcode',
    'dialingcode',
    'diallingcode',
    'consumercountrycode',
  ],
  ConsumerFirstName: ['firstname', 'givenname', 'forename', 'customerfirstname', 'fname'],
  ConsumerLastName: ['lastname', 'surname', 'familyname', 'customerlastname', 'lname'],
  ConsumerQuestion: [
    'question',
    'message',
    'comment',
    'comments',
    'consumermessage',
    'customermessage',
    'inquiry',
    'enquiry',
  ],
};

const BY_ALIAS = new Map(
  LEAD_VALUES.flatMap((value) => [value.toLowerCase(), ...ALIASES[value]].map((alias) => [alias, value] as const)),
);

/** The value that an element of this name probably holds. */
export function valueByName(local: string): LeadValue | undefined {
  return BY_ALIAS.get(local.toLowerCase().replace(/[^a-z0-9]/g, ''));
}

/** Says by name which value an element holds; `constant` for one that holds none. */
export type Mapping = Readonly<Record<string, LeadValue | 'constant'>>;

/**
 * Finds the element of each value: by the given names, then by the names of the provider's reference, then by names of similar services.
 * Of several elements for one value the first counts. Only `ListingDetails` may have children, none of which holds another value.
 */
export function assignValues(roots: readonly XmlElement[], mapping: Mapping): ReadonlyMap<XmlElement, LeadValue> {
  const assigned = new Map<XmlElement, LeadValue>();
  const taken = new Set<LeadValue>();
  const rules: ((local: string) => LeadValue | 'constant' | undefined)[] = [
    (local) => mapping[local],
    (local) => (isLeadValue(local) ? local : undefined),
    valueByName,
  ];
  for (const rule of rules) {
    const visit = (element: XmlElement): void => {
      const value = mapping[element.local] === undefined || rule === rules[0] ? rule(element.local) : undefined;
      const fits = element.children.length === 0 || (value === 'ListingDetails' && !holdsValues(element));
      if (value !== undefined && value !== 'constant' && fits && !taken.has(value) && !assigned.has(element)) {
        assigned.set(element, value);
        taken.add(value);
      }
      if (!assigned.has(element)) element.children.forEach(visit);
    };
    roots.forEach(visit);
  }
  return assigned;
}

/** Whether an element is a group of values, rather than a listing. */
function holdsValues({ children }: XmlElement): boolean {
  return children.some((child) => isLeadValue(child.local) || holdsValues(child));
}

/** Texts that generated samples show instead of a value: those of WCF, ASMX and SoapUI. */
const PLACEHOLDERS =
  /^(?:|\?|string|string content|int|integer|long|short|boolean|double|decimal|dateTime|guid|2147483647|-?9223372036854775808|1999-05-31T11:20:00|\{[\w .-]*\}|\[[\w .-]*\])$/i;

export function isPlaceholder(text: string): boolean {
  return PLACEHOLDERS.test(text);
}

/** Texts that differ from message to message, so that no constant can stand for them. */
export function isUnique(text: string): boolean {
  return (
    /^(?:urn:)?(?:uuid:)?[{]?[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}[}]?$/i.test(text) ||
    /^\d{4}-\d{2}-\d{2}T\d{2}:/.test(text)
  );
}
