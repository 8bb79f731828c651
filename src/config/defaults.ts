import type { Rate, Region, WireProfile } from './settings.ts';

/** The provider's three endpoints (`docs/upstream.md`, "Transport"). No test, demo or benchmark ever calls them. */
export const REGION_URLS: Readonly<Record<Region, string>> = {
  na: 'https://services.contactatonce.com/MobileTextConnectRestService.svc/InitiateMobileTextConversation',
  au: 'https://services.contactatonce.com.au/MobileTextConnectRestService.svc/InitiateMobileTextConversation',
  eu: 'https://services.contactatonce.co.uk/MobileTextConnectRestService.svc/InitiateMobileTextConversation',
};

/** What the provider's reference leaves unstated (`docs/upstream.md`, "Unstated, with our defaults"). */
export const WIRE_DEFAULTS: Readonly<Omit<WireProfile, 'namespace'>> = {
  root: 'MobileTextConnectRequest',
  order: 'documented',
  contentType: 'application/xml; charset=utf-8',
  listingFormat: 'text',
};

/** Name of the provider account that `PROVIDER_*` describe, and that a site uses when it names none. */
export const DEFAULT_PROVIDER = 'default';

export const DEFAULT_REGION: Region = 'na';

/** Requests a partner may make where the file does not say: ten a second, counted over a minute. */
export const PARTNER_RATE: Rate = { max: 600, windowS: 60 };

/** The account that the bundled simulator knows. */
export const DEMO_CREDENTIALS = { providerId: 1001, username: 'demo', password: 'demo-password' } as const;
