/** The twelve members of a request, in the order in which the provider's reference lists them. */
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

export type Member = (typeof DOCUMENTED)[number];

/** What a request said, by member and still as text; a member that is absent, nil or passed over has no entry. */
export type Fields = { readonly [member in Member]?: string };

/** Where each member stands in each order; alphabetical is ordinal by name, as DataContractSerializer sorts. */
export const POSITIONS: { readonly [order in 'documented' | 'alphabetical']: ReadonlyMap<string, number> } = {
  documented: new Map(DOCUMENTED.map((name, index) => [name, index])),
  alphabetical: new Map([...DOCUMENTED].sort().map((name, index) => [name, index])),
};

/** Members of type Int: 32 bits, signed. */
export const INTS: readonly Member[] = ['ProviderId', 'MerchantId', 'PlacementId'];

export function isMember(name: string): name is Member {
  return POSITIONS.documented.has(name);
}
