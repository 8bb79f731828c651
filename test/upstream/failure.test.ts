import t from 'tap';
import { type Blame, blame } from '../../src/upstream/failure.ts';
import { lead } from '../support/lead.ts';

const PHRASES: Record<Blame, readonly string[]> = {
  phone: [
    'Invalid phone number.',
    'ConsumerPhoneNumber is invalid',
    'ConsumerPhoneNumberCountryCode is required',
    'The PhoneNumber is missing',
    'TELEPHONE not valid',
    'The mobile number cannot receive texts',
    'The cell number is not in service',
    'Land line: cannot be texted',
    'landlines cannot be texted',
    'Bad MSISDN',
    'Unknown country code',
    'The merchant does not take this phone number',
    'Invalid password or phone',
  ],
  target: [
    'Merchant not found',
    'Unknown MerchantId 1659',
    'merchant-id is unknown',
    'No advertiser with that id',
    'AdvertiserIds are not unique',
    'Access denied for this advertiser',
    'The merchant has no permission to text',
  ],
  credentials: [
    'Invalid credentials',
    'Credential expired',
    'Wrong password',
    'Pass word is wrong',
    'Unknown UserName',
    'user_name or PASSWORD',
    'No such user id',
    'Login failed',
    'log-in failed',
    'Could not log on',
    'Please sign in',
    'ProviderId is unknown',
    'Provider id does not exist',
    'Invalid provider',
    'Provider not found',
    'The provider is suspended',
    'Account has been locked',
    'Authentication failed',
    'Not authenticated',
    'Unauthenticated',
    'Not authorized',
    'not authorised',
    'Unauthorized',
    'Authorization has been denied',
    'Access is denied.',
    'No permission',
    'Forbidden',
    'Invalid password. Please phone support.',
    'Wrong password, telephone us at 555',
  ],
  other: [
    'Failure',
    'Internal error',
    'Mobile Text Connect is not available',
    'InitiateMobileTextConversation failed',
    'The author is unknown',
    'A phonetic error',
    'Merchandise not found',
    'Passwordless',
    'Object reference not set to an instance of an object.',
    'Der Händler ist unbekannt',
    '密码错误',
    '',
  ],
};

for (const [blamed, descriptions] of Object.entries(PHRASES)) {
  for (const description of descriptions) {
    t.test(`"${description}" blames ${blamed}`, async (t) => {
      t.equal(blame(description, lead()), blamed);
    });
  }
}

t.test('a Failure without a description blames nothing', async (t) => {
  t.equal(blame(undefined, lead()), 'other');
});
