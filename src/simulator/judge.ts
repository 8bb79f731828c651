import type { Fields } from './members.ts';
import type { Credentials } from './rules.ts';

const CALLER = ['ProviderId', 'UserName', 'Password'] as const;
const CONSUMER = ['ConsumerPhoneNumber', 'ConsumerPhoneNumberCountryCode'] as const;

/** The description of the Failure that a request earns by itself, or `undefined` for one that opens a conversation. */
export function judge(fields: Fields, accepted: Credentials): string | undefined {
  for (const member of CALLER) if (isBlank(fields[member])) return `${member} is required.`;
  const known =
    Number(fields.ProviderId) === accepted.providerId &&
    fields.UserName === accepted.username &&
    fields.Password === accepted.password;
  if (!known) return 'Invalid provider credentials.';
  for (const member of CONSUMER) if (isBlank(fields[member])) return `${member} is required.`;
  if (fields.MerchantId !== undefined && fields.AdvertiserId !== undefined)
    return 'Specify either MerchantId or AdvertiserId, not both.';
  if (fields.MerchantId === undefined && isBlank(fields.AdvertiserId))
    return 'Either MerchantId or AdvertiserId is required.';
  if (!/^\d{4,15}$/.test(fields.ConsumerPhoneNumber ?? '')) return 'ConsumerPhoneNumber is not a valid phone number.';
  if (!/^[1-9]\d{0,2}$/.test(fields.ConsumerPhoneNumberCountryCode ?? ''))
    return 'ConsumerPhoneNumberCountryCode is not a valid country code.';
  return undefined;
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || text.trim() === '';
}
