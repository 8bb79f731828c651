import { KEYS } from '../../support/http/app.ts';
import { consumer, lead, post, refuses } from '../../support/http/refusals.ts';

const DEALER_ORIGIN = { origin: 'https://dealer.example' };
const CONSENT = { text: 'I agree.' };

function dealer(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { site: 'dealer', advertiserId: '1659', consumer: { phone: '(404) 555-1212' }, consent: CONSENT, ...changes };
}

function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` };
}

refuses('a number that cannot be texted is refused', [
  consumer('letters', { phone: 'call me maybe' }, 'invalid_phone', '/consumer/phone'),
  consumer('blank', { phone: '   ' }, 'invalid_phone', '/consumer/phone'),
  consumer('direction marks alone', { phone: '\u202a\u202c' }, 'invalid_phone', '/consumer/phone'),
  consumer('too few digits', { phone: '555-12' }, 'invalid_phone', '/consumer/phone'),
  consumer('too many digits', { phone: '+1 404 555 1212 1212' }, 'invalid_phone', '/consumer/phone'),
  consumer('an emergency number', { phone: '911' }, 'invalid_phone', '/consumer/phone'),
  consumer('a premium-rate number', { phone: '+1 900 234 5678' }, 'invalid_phone', '/consumer/phone'),
  consumer('an extension', { phone: '404-555-1212 ext. 5' }, 'invalid_phone', '/consumer/phone'),
  consumer('a country code that is none', { phone: '+999 404 555 1212' }, 'invalid_phone', '/consumer/phone'),
  consumer('two numbers', { phone: '404-555-1212 or 404-555-1213' }, 'invalid_phone', '/consumer/phone'),
  consumer(
    'a number of a country that the site does not serve',
    { phone: '+44 7400 123456' },
    'country_not_allowed',
    '/consumer/phone',
  ),
  consumer(
    'read as of a country that the site does not serve',
    { phone: '07400 123456', country: 'GB' },
    'country_not_allowed',
    '/consumer/phone',
  ),
]);

refuses('a target that is ambiguous, absent or closed is refused', [
  lead('both ids', { merchantId: 50321 }, 'invalid_request', '/merchantId'),
  post(
    'neither id at a site without a default',
    dealer({ advertiserId: undefined }),
    422,
    'invalid_request',
    '/advertiserId',
    DEALER_ORIGIN,
  ),
  post(
    'an advertiser of another site',
    dealer({ advertiserId: '1660' }),
    403,
    'target_not_allowed',
    '/advertiserId',
    DEALER_ORIGIN,
  ),
  post(
    'a merchant of another site',
    dealer({ advertiserId: undefined, merchantId: 1 }),
    403,
    'target_not_allowed',
    '/merchantId',
    DEALER_ORIGIN,
  ),
  post(
    'a merchant that the site allows and the partner may not reach',
    dealer({ advertiserId: undefined, merchantId: 50321 }),
    403,
    'target_not_allowed',
    '/merchantId',
    bearer(KEYS.acme),
  ),
]);

refuses('a site that needs consent refuses a lead without', [
  post('no consent', dealer({ consent: undefined }), 422, 'consent_required', '/consent', DEALER_ORIGIN),
  post('an empty consent', dealer({ consent: {} }), 422, 'consent_required', '/consent', DEALER_ORIGIN),
  post(
    'a blank consent',
    dealer({ consent: { text: ' ', version: '' } }),
    422,
    'consent_required',
    '/consent',
    DEALER_ORIGIN,
  ),
]);

refuses('a page that is not of the site is refused', [
  post('no origin', dealer(), 403, 'origin_not_allowed'),
  post('a null origin', dealer(), 403, 'origin_not_allowed', undefined, { origin: 'null' }),
  post('a foreign origin', dealer(), 403, 'origin_not_allowed', undefined, { origin: 'https://evil.example' }),
  post('the right host over http', dealer(), 403, 'origin_not_allowed', undefined, { origin: 'http://dealer.example' }),
  post('the right host on another port', dealer(), 403, 'origin_not_allowed', undefined, {
    origin: 'https://dealer.example:444',
  }),
  post('a subdomain', dealer(), 403, 'origin_not_allowed', undefined, { origin: 'https://a.dealer.example' }),
  post('a host that only begins like the right one', dealer(), 403, 'origin_not_allowed', undefined, {
    origin: 'https://dealer.example.evil.example',
  }),
  post('a host that only ends like the right one', dealer(), 403, 'origin_not_allowed', undefined, {
    origin: 'https://evildealer.example',
  }),
  post('a path after the origin', dealer(), 403, 'origin_not_allowed', undefined, {
    origin: 'https://dealer.example/',
  }),
  post('another case', dealer(), 403, 'origin_not_allowed', undefined, { origin: 'HTTPS://DEALER.EXAMPLE' }),
  post('two origins', dealer(), 403, 'origin_not_allowed', undefined, {
    origin: 'https://dealer.example, https://evil.example',
  }),
  post('a star', dealer(), 403, 'origin_not_allowed', undefined, { origin: '*' }),
  post('a site that does not exist', dealer({ site: 'nobody' }), 403, 'unknown_site', '/site', DEALER_ORIGIN),
  post('a site called __proto__', dealer({ site: '__proto__' }), 403, 'unknown_site', '/site', DEALER_ORIGIN),
  post('a site in another case', dealer({ site: 'Dealer' }), 403, 'unknown_site', '/site', DEALER_ORIGIN),
]);

refuses('an invalid key of a partner is refused even if all else is valid', [
  post('a wrong key', dealer(), 401, 'invalid_api_key', undefined, { ...DEALER_ORIGIN, ...bearer('wrong') }),
  post('a key cut short', dealer(), 401, 'invalid_api_key', undefined, bearer(KEYS.acme.slice(0, -1))),
  post('a key in another case', dealer(), 401, 'invalid_api_key', undefined, bearer(KEYS.acme.toUpperCase())),
  post('no key after Bearer', dealer(), 401, 'invalid_api_key', undefined, { authorization: 'Bearer ' }),
  post('an empty Authorization', dealer(), 401, 'invalid_api_key', undefined, { ...DEALER_ORIGIN, authorization: '' }),
  post('a key without a scheme', dealer(), 401, 'invalid_api_key', undefined, { authorization: KEYS.acme }),
  post('another scheme', dealer(), 401, 'invalid_api_key', undefined, {
    authorization: `Basic ${btoa(`acme:${KEYS.acme}`)}`,
  }),
  post('two keys', dealer(), 401, 'invalid_api_key', undefined, bearer(`${KEYS.acme}, ${KEYS.acme}`)),
  post('a very long key', dealer(), 401, 'invalid_api_key', undefined, bearer('k'.repeat(8000))),
  post(
    'a key with a character that no key has',
    dealer(),
    401,
    'invalid_api_key',
    undefined,
    bearer(`${KEYS.acme}\u00e9`),
  ),
  post('a wrong key with a body that is no JSON', '{', 401, 'invalid_api_key', undefined, bearer('wrong')),
  post('a site that is not the partner’s', dealer({ site: 'demo' }), 403, 'unknown_site', '/site', bearer(KEYS.acme)),
  post(
    'no site from a partner without a default',
    dealer({ site: undefined }),
    422,
    'invalid_request',
    '/site',
    bearer(KEYS.roamer),
  ),
]);
