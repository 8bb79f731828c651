import t from 'tap';
import { NOW, testApp, testGuard } from '../../support/http/app.ts';
import { goodForm, postForm, textOf } from '../../support/http/form.ts';

type Case = readonly [
  name: string,
  body: string | Buffer,
  status: number,
  code: string,
  says: RegExp,
  headers?: Readonly<Record<string, string>>,
];

const BROKEN = /The form does not work right now/;
const FIELDS = goodForm();
const phone = (text: string) => goodForm({ 'consumer.phone': text });
const MULTIPART = 'multipart/form-data';
const JSON_TYPE = { 'content-type': 'application/json' };

const CASES: readonly Case[] = [
  ['an empty form', '', 422, 'invalid_request', /enter your mobile number/],
  ['no phone', goodForm({ 'consumer.phone': undefined }), 422, 'invalid_request', /enter your mobile number/],
  ['a blank phone', phone(''), 422, 'invalid_request', /enter your mobile number/],
  ['a phone number that is invalid', phone('call me'), 422, 'invalid_phone', /cannot text this number/],
  ['a phone of another country', phone('+44 7911 123456'), 422, 'country_not_allowed', /numbers of this country/],
  ['no consent where it is needed', goodForm({ site: 'dealer' }), 422, 'consent_required', /tick the box/],
  [
    'a first name that is too long',
    goodForm({ 'consumer.firstName': 'a'.repeat(65) }),
    422,
    'invalid_request',
    /First name/,
  ],
  [
    'a question that is too long',
    goodForm({ 'consumer.question': 'a'.repeat(1001) }),
    422,
    'invalid_request',
    /Your question/,
  ],
  [
    'a question that XML cannot carry',
    goodForm({ 'consumer.question': '\0' }),
    422,
    'invalid_request',
    /Your question/,
  ],
  ['no site', goodForm({ site: undefined }), 422, 'invalid_request', BROKEN],
  ['an unknown site', goodForm({ site: 'nope' }), 403, 'unknown_site', BROKEN],
  [
    'a target that is not the site’s',
    goodForm({ site: 'dealer', advertiserId: '9', 'consent.text': 'y' }),
    403,
    'target_not_allowed',
    BROKEN,
  ],
  ['both targets', goodForm({ merchantId: '50321' }), 422, 'invalid_request', BROKEN],
  [
    'a merchant that is not a number',
    goodForm({ advertiserId: undefined, merchantId: '12x' }),
    422,
    'invalid_request',
    /whole number/,
  ],
  [
    'a merchant that is not an integer',
    goodForm({ advertiserId: undefined, merchantId: '1.5' }),
    422,
    'invalid_request',
    /whole number/,
  ],
  [
    'a merchant out of range',
    goodForm({ advertiserId: undefined, merchantId: '2147483648' }),
    422,
    'invalid_request',
    /out of range/,
  ],
  ['a placement below one', goodForm({ placementId: '0' }), 422, 'invalid_request', /out of range/],
  ['an unknown name', `${FIELDS}&fax=1`, 422, 'invalid_request', /name that is not known/],
  ['a name that only JSON has', `${FIELDS}&consumer=1`, 422, 'invalid_request', /name that is not known/],
  ['a name in brackets', `${FIELDS}&consumer[firstName]=Ann`, 422, 'invalid_request', /name that is not known/],
  ['a name of another letter case', `${FIELDS}&Trap=1`, 422, 'invalid_request', /name that is not known/],
  ['a name that every object has', `${FIELDS}&__proto__=1`, 422, 'invalid_request', /name that is not known/],
  ['an empty name', `${FIELDS}&=1`, 422, 'invalid_request', /name that is not known/],
  ['a name twice', `${FIELDS}&site=demo`, 422, 'invalid_request', /name twice/],
  ['a name twice in two spellings', `${FIELDS}&s%69te=demo`, 422, 'invalid_request', /name twice/],
  ['a listing in both ways', `${FIELDS}&listing=a&listing.b=c`, 422, 'invalid_request', /send one of the two/],
  ['a listing without a name', `${FIELDS}&listing.=a`, 422, 'invalid_request', BROKEN],
  [
    'too many listing names',
    `${FIELDS}${Array.from({ length: 33 }, (_, n) => `&listing.n${n}=1`).join('')}`,
    422,
    'invalid_request',
    /too many names/i,
  ],
  ['a percent sign at the end', `${FIELDS}&trap=%`, 422, 'invalid_request', /percent sign/],
  ['a percent sign before no digits', `${FIELDS}&trap=%zz`, 422, 'invalid_request', /percent sign/],
  ['a percent sign before one digit', `${FIELDS}&trap=%1`, 422, 'invalid_request', /percent sign/],
  ['a percent sign before a plus', `${FIELDS}&trap=%+1`, 422, 'invalid_request', /percent sign/],
  [
    'a page that is too long',
    goodForm({ next: `https://dealer.example/${'a'.repeat(2048)}` }),
    422,
    'invalid_request',
    /2048 characters/,
  ],
  ['an invalid key', goodForm({ idempotencyKey: 'two words' }), 422, 'invalid_idempotency_key', BROKEN],
  ['a forged token', goodForm({ formToken: 'A'.repeat(43) }), 422, 'form_token_invalid', /load its page again/],
  ['a forged proof', goodForm({ proof: 'e30=' }), 422, 'proof_required', /load its page again/],
  ['a body that is too large', `${FIELDS}&trap=${'a'.repeat(65_536)}`, 413, 'body_too_large', BROKEN],
  ['JSON', '{"consumer":{"phone":"(404) 555-1212"}}', 415, 'unsupported_media_type', BROKEN, JSON_TYPE],
  ['a multipart form without a boundary', FIELDS, 422, 'invalid_request', BROKEN, { 'content-type': MULTIPART }],
  [
    'a multipart form that is cut off',
    '--x\r\nContent-Disposition: form-data; name="site"\r\n\r\nde',
    422,
    'invalid_request',
    /multipart/,
    { 'content-type': `${MULTIPART}; boundary=x` },
  ],
  ['a name similar to that of a tracker', `${FIELDS}&xutm_source=1`, 422, 'invalid_request', BROKEN],
  ['plain text', FIELDS, 415, 'unsupported_media_type', BROKEN, { 'content-type': 'text/plain' }],
  [
    'another charset',
    FIELDS,
    415,
    'unsupported_media_type',
    BROKEN,
    { 'content-type': 'application/x-www-form-urlencoded; charset=latin1' },
  ],
  ['a compressed form', FIELDS, 415, 'unsupported_media_type', BROKEN, { 'content-encoding': 'gzip' }],
  [
    'another origin',
    goodForm({ site: 'dealer', 'consent.text': 'y' }),
    403,
    'origin_not_allowed',
    BROKEN,
    { origin: 'https://evil.example' },
  ],
  [
    'a page that hides its origin',
    goodForm({ site: 'dealer', 'consent.text': 'y' }),
    403,
    'origin_not_allowed',
    BROKEN,
    { origin: 'null' },
  ],
];

t.test('a mistake in a form is explained on a page with its status, and no lead is stored', async (t) => {
  const { app, submitted, log } = await testApp(t);
  for (const [name, body, status, code, says, headers = {}] of CASES) {
    const answer = await postForm(app, body, headers);
    t.equal(answer.statusCode, status, name);
    t.match(answer.headers, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }, name);
    const text = textOf(answer.body);
    t.match(text, /^Your message was not sent/, name);
    t.match(text, says, name);
    t.match(text, String(answer.headers['x-request-id']), name);
    t.equal(log().at(-1)?.code, code, `${name}: the log has its code`);
  }
  t.equal(submitted.length, 0);
  t.equal((await postForm(app, FIELDS)).statusCode, 201, 'a valid form is accepted afterwards');
});

t.test('the page repeats no value and no name that was sent', async (t) => {
  const marks = '<script>canary</script>"\'&';
  const { app } = await testApp(t);
  const names = ['site', 'advertiserId', 'merchantId', 'placementId', 'consumer.phone', 'consumer.country', 'page.url'];
  const more = ['lang', 'idempotencyKey', 'formToken', 'proof', marks, `listing.${marks}`, 'consumer.firstName'];
  for (const name of [...names, ...more]) {
    const answer = await postForm(app, goodForm({ [name]: marks }), { 'accept-language': marks });
    t.notMatch(`${answer.body}${JSON.stringify(answer.headers)}`, 'canary', name);
  }
  const long = await postForm(app, goodForm({ 'consumer.firstName': marks.repeat(9) }));
  t.equal(long.statusCode, 422);
  t.notMatch(long.body, 'canary');
});

t.test('a form that is posted to the JSON path is refused with 415', async (t) => {
  const { app } = await testApp(t);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await app.inject({ method: 'POST', url: '/conversations', headers, payload: FIELDS });
  t.match(answer.json(), { status: 415, code: 'unsupported_media_type' });
});

t.test('a form is accepted only from the page that its token belongs to', async (t) => {
  const clock = { now: NOW };
  const { app, submitted } = await testApp(t, { guard: testGuard(() => clock.now) });
  const form = await app.inject({ url: '/sites/demo/form', headers: { origin: 'https://dealer.example' } });
  const body = goodForm({ formToken: form.json().formToken });
  clock.now += 5_000;
  t.equal((await postForm(app, body, { origin: 'https://evil.example' })).statusCode, 422);
  t.equal((await postForm(app, body)).statusCode, 201);
  t.match(await submitted[0]?.context.screen?.(), { suspect: false, uses: [{ kind: 'form_token' }] });
});
