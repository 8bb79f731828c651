import type { Notifications } from '../domain/notification.ts';
import type { Region } from '../domain/provider.ts';
import type { Rate, SiteForm } from '../domain/site.ts';

/** Name of the provider account that `PROVIDER_*` describe, and that a site uses when it names none. */
export const DEFAULT_PROVIDER = 'default';

export const DEFAULT_REGION: Region = 'na';

/** Requests a partner may make where the file does not say: ten a second, counted over a minute. */
export const PARTNER_RATE: Rate = { max: 600, windowS: 60 };

/** The default form of a site. A person needs more than two seconds to fill it in, even with autofill. */
export const DEFAULT_FORM: SiteForm = {
  token: 'optional',
  minFillS: 2,
  proof: 'off',
  adaptiveAfter: 3,
  fields: { firstName: 'shown', lastName: 'shown', question: 'shown' },
  texts: new Map(),
};

/** `HASH_KEY` where none is set, outside production only: 32 bytes that say what they are. */
export const DEVELOPMENT_HASH_KEY = Buffer.from('text-connect-gateway development');

/** The account that the bundled simulator knows. */
export const DEMO_CREDENTIALS = { providerId: 1001, username: 'demo', password: 'demo-password' } as const;

/** Notifications where the file does not say. */
export const DEFAULT_NOTIFICATIONS: Omit<Notifications, 'targets'> = {
  name: 'Text Connect Gateway',
  breakerMinutes: 5,
  waitMinutes: 15,
  waiting: { parked: 1, unknown: 1, held: 1 },
  capPercent: 80,
  remindHours: 24,
};
