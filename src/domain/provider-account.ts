/** A provider account: the endpoint, the credentials and the wire format of its calls. */
export type ProviderAccount = {
  readonly id: string;
  readonly region: Region;
  /** The endpoint: the region's own or an override. */
  readonly url: string;
  readonly providerId: number;
  readonly username: string;
  readonly password: string;
  readonly wire: WireProfile;
};

export type Region = 'na' | 'au' | 'eu';

/** What the provider's reference leaves unstated about the document (`docs/architecture.md`). */
export type WireProfile = {
  readonly root: string;
  readonly namespace?: string;
  readonly order: 'documented' | 'alphabetical';
  readonly contentType: string;
  readonly listingFormat: 'text' | 'json' | 'urlencoded';
};

/** The provider's endpoint of each region, from its public reference. An account may override its own. */
export const REGION_URLS: Readonly<Record<Region, string>> = {
  na: 'https://services.contactatonce.com/MobileTextConnectRestService.svc/InitiateMobileTextConversation',
  au: 'https://services.contactatonce.com.au/MobileTextConnectRestService.svc/InitiateMobileTextConversation',
  eu: 'https://services.contactatonce.co.uk/MobileTextConnectRestService.svc/InitiateMobileTextConversation',
};

/**
 * The wire format of an account whose configuration does not state one. The provider's reference leaves all of it
 * unstated, so each value is a setting (docs/architecture.md, "What the provider leaves open").
 */
export const DEFAULT_WIRE: WireProfile = Object.freeze({
  root: 'MobileTextConnectRequest',
  order: 'documented',
  contentType: 'application/xml; charset=utf-8',
  listingFormat: 'text',
});
