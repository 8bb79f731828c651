import type { WireProfile } from '../config/settings.ts';

/**
 * What we send where an account's wire profile says nothing. The provider's reference leaves all of it unstated, so
 * each value is a setting (docs/architecture.md, "What the provider leaves open").
 */
export const DEFAULT_WIRE: WireProfile = Object.freeze({
  root: 'MobileTextConnectRequest',
  order: 'documented',
  contentType: 'application/xml; charset=utf-8',
  listingFormat: 'text',
});
