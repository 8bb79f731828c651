import type { Region } from '../config/settings.ts';

/** The provider's endpoint of each region, as its public reference gives them; an account may override its own. */
export const REGION_URLS: Readonly<Record<Region, string>> = {
  na: 'https://services.contactatonce.com/MobileTextConnectRestService.svc/InitiateMobileTextConversation',
  au: 'https://services.contactatonce.com.au/MobileTextConnectRestService.svc/InitiateMobileTextConversation',
  eu: 'https://services.contactatonce.co.uk/MobileTextConnectRestService.svc/InitiateMobileTextConversation',
};
