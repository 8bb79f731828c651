import type { LightMyRequestResponse } from 'fastify';
import t, { type Test } from 'tap';
import { goodBody, ID, KEYS, testApp } from '../../support/http/app.ts';

type App = Awaited<ReturnType<typeof testApp>>['app'];

const SMALL = { visitorRate: { max: 2, windowS: 60 } };

async function post(
  app: App,
  options: { headers?: Record<string, string>; remoteAddress?: string; payload?: object } = {},
): Promise<LightMyRequestResponse> {
  return app.inject({ method: 'POST', url: '/conversations', payload: goodBody(), ...options });
}

/** Sends until a request is limited; gives how many passed, and the refusal. */
async function untilLimited(send: () => Promise<LightMyRequestResponse>, atMost: number) {
  for (let passed = 0; passed <= atMost; passed += 1) {
    const answer = await send();
    if (answer.statusCode === 429) return { passed, answer };
  }
  throw new Error(`Not limited after ${atMost} requests.`);
}

t.test('each answer reports what is left of the limit, and the refusal says when to try again', async (t) => {
  const { app, submitted } = await testApp(t, { settings: SMALL });
  const first = await post(app);
  t.match(first.headers, { ratelimit: '"visitor";r=1;t=60', 'ratelimit-policy': '"visitor";q=2;w=60' });
  t.match((await post(app)).headers, { ratelimit: /^"visitor";r=0;t=\d+$/ });
  const refused = await post(app);
  t.equal(refused.statusCode, 429);
  t.match(refused.json(), { code: 'rate_limited', status: 429 });
  t.match(refused.headers, { ratelimit: /^"visitor";r=0;t=\d+$/, 'retry-after': /^[1-9]\d*$/ });
  t.equal(submitted.length, 2, 'no lead is stored');
  for (const answer of [first, refused]) {
    t.notMatch(Object.keys(answer.headers).join(), 'x-ratelimit', 'no header of an old draft');
  }
});

t.test('a partner is counted at its own rate, under either of its keys', async (t) => {
  const { app } = await testApp(t, { settings: SMALL });
  const payload = goodBody({ site: undefined, consent: { text: 'I agree.' } });
  const send = (key: string) => post(app, { headers: { authorization: `Bearer ${key}` }, payload });
  t.match((await send(KEYS.acme)).headers, {
    ratelimit: '"partner";r=2;t=30',
    'ratelimit-policy': '"partner";q=3;w=30',
  });
  t.match((await send(KEYS.acmeNext)).headers, { ratelimit: /^"partner";r=1;/ });
});

t.test('refused bodies do not count as leads, but are limited to sixty times as many', async (t) => {
  const { app, submitted } = await testApp(t, { settings: SMALL });
  const { passed, answer } = await untilLimited(() => post(app, { payload: { site: 'demo' } }), 130);
  t.equal(passed, 120);
  t.match(answer.headers, { 'ratelimit-policy': '"attempts";q=120;w=60', 'retry-after': /^[1-9]\d*$/ });
  t.equal((await post(app)).statusCode, 429, 'a good lead waits, too');
  t.equal((await post(app, { remoteAddress: '203.0.113.9' })).statusCode, 201, 'only this visitor is limited');
  t.equal(submitted.length, 1);
});

t.test('guesses of a partner’s key are limited by address', async (t) => {
  const { app } = await testApp(t, { settings: SMALL });
  let guess = 0;
  const { passed } = await untilLimited(() => {
    guess += 1;
    return post(app, { headers: { authorization: `Bearer guess-${guess}` } });
  }, 130);
  t.equal(passed, 120);
});

for (const [what, request] of [
  ['reads of a conversation', { method: 'GET', url: '/conversations/cnv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
  ['404s', { method: 'POST', url: '/nope' }],
  ['paths that cannot be decoded', { method: 'GET', url: '/%zz' }],
  ['405s', { method: 'POST', url: '/healthz' }],
  ['preflights', { method: 'OPTIONS', url: '/conversations', headers: { 'access-control-request-method': 'POST' } }],
  ['the docs', { method: 'GET', url: '/openapi.json' }],
] as const) {
  t.test(`${what} are limited to 120 a minute, and a page can read that refusal`, async (t) => {
    const { app } = await testApp(t);
    const origin = 'https://any.example';
    const headers = { origin, ...('headers' in request && request.headers) };
    const { passed, answer } = await untilLimited(async () => app.inject({ ...request, headers }), 120);
    t.equal(passed, 120);
    t.match(answer.headers, { 'ratelimit-policy': '"reads";q=120;w=60', 'retry-after': /^[1-9]\d*$/ });
    if (request.method !== 'OPTIONS') t.equal(answer.headers['access-control-allow-origin'], origin);
    t.equal((await app.inject('/healthz')).statusCode, 200, 'health checks are not limited by it');
    t.equal((await app.inject('/readyz')).statusCode, 200);
    t.equal((await post(app)).statusCode, 201, 'nor are leads');
  });
}

t.test('reads with a partner’s key count on the partner’s own rate, and guesses of a key by address', async (t) => {
  const { app } = await testApp(t);
  const read = (key?: string) =>
    app.inject({ url: `/conversations/${ID}`, ...(key && { headers: { authorization: `Bearer ${key}` } }) });
  const { passed } = await untilLimited(() => app.inject('/docs/problems'), 130);
  t.equal(passed, 120, 'the address has no reads left');
  const { passed: own, answer } = await untilLimited(() => read(KEYS.acme), 10);
  t.equal(own, 3);
  t.match(answer.headers, { 'ratelimit-policy': '"reads";q=3;w=30' });
  t.equal((await read(KEYS.acmeNext)).statusCode, 429, 'both keys are one partner');
  t.equal((await read(KEYS.roamer)).statusCode, 200, 'another partner has its own');
  t.equal((await read()).statusCode, 429);
  t.equal((await read('guess')).statusCode, 429);
  const payload = goodBody({ site: undefined, consent: { text: 'I agree.' } });
  const lead = await post(app, { headers: { authorization: `Bearer ${KEYS.acme}` }, payload });
  t.equal(lead.statusCode, 201, 'reads use up no leads');
});

t.test('reading a lead with a wrong key is answered 401', async (t) => {
  const { app } = await testApp(t);
  const answer = await app.inject({ url: `/conversations/${ID}`, headers: { authorization: 'Bearer guess' } });
  t.match(answer.json(), { status: 401, code: 'invalid_api_key' });
  t.equal(answer.headers['www-authenticate'], 'Bearer');
});

async function countedAs(t: Test, trustProxy: readonly string[], remoteAddress: string, forwarded: readonly string[]) {
  const { app } = await testApp(t, { settings: { visitorRate: { max: 1, windowS: 60 }, trustProxy } });
  const statuses: number[] = [];
  for (const each of forwarded) {
    statuses.push((await post(app, { remoteAddress, headers: { 'x-forwarded-for': each } })).statusCode);
  }
  return statuses;
}

t.test('a forged X-Forwarded-For does not escape the limit', async (t) => {
  const forged = ['203.0.113.1', '203.0.113.2'];
  t.strictSame(await countedAs(t, [], '198.51.100.1', forged), [201, 429], 'without proxies');
  t.strictSame(await countedAs(t, ['10.0.0.0/8'], '198.51.100.1', forged), [201, 429], 'past our proxy');
  const prefixed = ['203.0.113.1, 198.51.100.1', '203.0.113.2, 198.51.100.1'];
  t.strictSame(await countedAs(t, ['10.0.0.0/8'], '10.0.0.1', prefixed), [201, 429], 'through our proxy');
  const garbage = ['one', '203.0.113.1.9', 'two:80'];
  t.strictSame(await countedAs(t, ['10.0.0.0/8'], '10.0.0.1', garbage), [201, 429, 429], 'as garbage');
});

t.test(
  'the address that a trusted proxy reports is used, with or without a port, through several proxies',
  async (t) => {
    const proxies = ['10.0.0.0/8', '2001:db8:ffff::/48'];
    t.strictSame(await countedAs(t, proxies, '10.0.0.1', ['203.0.113.1', '203.0.113.2']), [201, 201]);
    t.strictSame(await countedAs(t, proxies, '10.0.0.1', ['203.0.113.1:1024', '203.0.113.1:1025']), [201, 429]);
    const chained = ['203.0.113.1, 10.9.9.9:80', '203.0.113.2, 10.9.9.9:80'];
    t.strictSame(await countedAs(t, proxies, '10.0.0.1', chained), [201, 201]);
    t.strictSame(await countedAs(t, proxies, '2001:db8:ffff::1', ['203.0.113.1', '203.0.113.2']), [201, 201]);
    const sameNetwork = ['2001:db8:1:2::1', '2001:db8:1:2:ffff::2', '2001:db8:1:3::1'];
    t.strictSame(await countedAs(t, proxies, '10.0.0.1', sameNetwork), [201, 429, 201], 'an IPv6 /64 is one visitor');
  },
);
