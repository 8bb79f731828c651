import t from 'tap';
import { goodBody, type Overrides, testApp } from '../support/http/app.ts';
import { exchange, request } from '../support/http/wire.ts';
import { site } from '../support/lead.ts';

const DEALER = 'https://dealer.example';
const OTHER = 'https://other.example';

/** Two sites, each with one origin. */
const LISTED: Overrides = {
  settings: {
    sites: new Map([
      ['dealer', site({ key: 'dealer', origins: new Set([DEALER]) })],
      ['other', site({ key: 'other', origins: new Set([OTHER]) })],
    ]),
  },
};

const EXPOSED = 'Retry-After, RateLimit, RateLimit-Policy, Location, Idempotency-Replayed';

function preflight(origin: string) {
  return {
    method: 'OPTIONS',
    url: '/conversations',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
  } as const;
}

t.test('the preflight from a page of any site is answered with all CORS headers', async (t) => {
  const { app } = await testApp(t, LISTED);
  for (const origin of [DEALER, OTHER]) {
    const answer = await app.inject(preflight(origin));
    t.equal(answer.statusCode, 204);
    t.match(answer.headers, {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'Content-Type, Idempotency-Key, traceparent, tracestate, baggage, sentry-trace',
      'access-control-max-age': '7200',
      vary: 'Origin',
    });
    t.notOk(answer.headers['access-control-allow-credentials']);
  }
});

t.test('a page of an unlisted origin gets no permission by CORS', async (t) => {
  const { app, submitted } = await testApp(t, LISTED);
  for (const origin of ['https://evil.example', 'null', `${DEALER}.evil.example`, 'http://dealer.example']) {
    const answer = await app.inject(preflight(origin));
    t.equal(answer.statusCode, 204);
    t.notOk(answer.headers['access-control-allow-origin'], origin);
    t.notOk(answer.headers['access-control-allow-methods'], origin);
    t.equal(answer.headers.vary, 'Origin');
    const lead = await app.inject({
      method: 'POST',
      url: '/conversations',
      headers: { origin },
      payload: goodBody({ site: 'dealer' }),
    });
    t.equal(lead.statusCode, 403, 'and its lead is refused, since CORS alone would not stop it');
    t.notOk(lead.headers['access-control-allow-origin']);
  }
  t.equal(submitted.length, 0);
});

t.test('an answer about a site can be read by the pages of that site alone', async (t) => {
  const { app, submitted } = await testApp(t, LISTED);
  const send = (origin: string, changes: Record<string, unknown>) =>
    app.inject({ method: 'POST', url: '/conversations', headers: { origin }, payload: goodBody(changes) });
  const answers = {
    'a lead from a foreign page': [await send(OTHER, { site: 'dealer' }), 403, undefined],
    'a lead from its own page': [await send(DEALER, { site: 'dealer' }), 201, DEALER],
    'an invalid lead from its own page': [await send(DEALER, { site: 'dealer', merchantId: 'x' }), 422, DEALER],
    'an invalid lead from another page': [await send(OTHER, { site: 'dealer', merchantId: 'x' }), 422, undefined],
    'its form': [await app.inject({ url: '/sites/dealer/form', headers: { origin: DEALER } }), 200, DEALER],
    'its form from another page': [
      await app.inject({ url: '/sites/dealer/form', headers: { origin: OTHER } }),
      403,
      undefined,
    ],
    'its preflight': [await app.inject({ ...preflight(DEALER), url: '/sites/dealer/form' }), 204, DEALER],
    'its preflight from another page': [
      await app.inject({ ...preflight(OTHER), url: '/sites/dealer/form' }),
      204,
      undefined,
    ],
    'a lead for an unknown site': [await send(OTHER, { site: 'nobody' }), 403, OTHER],
    'a lead for no site': [await send(OTHER, { site: undefined }), 422, OTHER],
  } as const;
  for (const [name, [answer, status, origin]] of Object.entries(answers)) {
    t.equal(answer.statusCode, status, name);
    t.equal(answer.headers['access-control-allow-origin'], origin, name);
    t.equal(answer.headers.vary, 'Origin', name);
  }
  t.equal(submitted.length, 1);
});

t.test('a site that any page may use does not open other sites', async (t) => {
  const { app } = await testApp(t);
  const evil = { origin: 'https://evil.example' };
  const lead = (changes: Record<string, unknown>) =>
    app.inject({ method: 'POST', url: '/conversations', headers: evil, payload: goodBody(changes) });
  t.equal((await lead({})).headers['access-control-allow-origin'], evil.origin);
  for (const answer of [
    await lead({ site: 'dealer' }),
    await lead({ site: 'dealer', consumer: {} }),
    await app.inject({ url: '/sites/dealer/form', headers: evil }),
    await app.inject({ url: '/sites/%64ealer/form', headers: evil }),
    await app.inject({ ...preflight(evil.origin), url: '/sites/dealer/form' }),
  ]) {
    t.notOk(answer.headers['access-control-allow-origin']);
  }
  t.equal((await app.inject({ url: '/sites/demo/form', headers: evil })).statusCode, 200);
});

t.test('the button’s files can be read by any page', async (t) => {
  const { app } = await testApp(t, LISTED);
  const answer = await app.inject({ url: '/widget/v1.js', headers: { origin: 'https://evil.example' } });
  t.equal(answer.headers['access-control-allow-origin'], '*');
});

t.test('a page can read every answer, errors and 404s too, and its headers', async (t) => {
  const { app } = await testApp(t, LISTED);
  const headers = { origin: DEALER };
  const answers = {
    201: await app.inject({ method: 'POST', url: '/conversations', headers, payload: goodBody({ site: 'dealer' }) }),
    422: await app.inject({ method: 'POST', url: '/conversations', headers, payload: { site: 'dealer' } }),
    415: await app.inject({ method: 'POST', url: '/conversations', headers, payload: 'x' }),
    401: await app.inject({ method: 'POST', url: '/conversations', headers: { ...headers, authorization: 'x' } }),
    404: await app.inject({ method: 'GET', url: '/nope', headers }),
    405: await app.inject({ method: 'DELETE', url: '/conversations', headers }),
    200: await app.inject({ method: 'GET', url: '/healthz', headers }),
  };
  for (const [status, answer] of Object.entries(answers)) {
    t.equal(answer.statusCode, Number(status));
    t.equal(answer.headers['access-control-allow-origin'], DEALER, status);
    t.equal(answer.headers['access-control-expose-headers'], EXPOSED, status);
    t.equal(answer.headers.vary, 'Origin', status);
    t.equal(answer.headers['cross-origin-resource-policy'], 'cross-origin', status);
  }
});

t.test('OPTIONS without CORS is answered with the methods of a path, or 404 for an unknown path', async (t) => {
  const { app } = await testApp(t, LISTED);
  const known = await app.inject({ method: 'OPTIONS', url: '/conversations' });
  t.equal(known.statusCode, 204);
  t.equal(known.headers.allow, 'GET, HEAD, OPTIONS, POST');
  const unknown = await app.inject({ method: 'OPTIONS', url: '/nope' });
  t.equal(unknown.statusCode, 404);
  t.match(unknown.json(), { code: 'not_found' });
});

t.test('the preflight of a path that does not exist is 404, which its page may read', async (t) => {
  const { app } = await testApp(t, LISTED);
  const answer = await app.inject({ ...preflight(DEALER), url: '/conversation' });
  t.equal(answer.statusCode, 404);
  t.match(answer.json(), { code: 'not_found' });
  t.equal(answer.headers['access-control-allow-origin'], DEALER);
});

t.test('a page can read the refusal of a request that the HTTP parser rejected', async (t) => {
  const { listen } = await testApp(t, LISTED);
  const port = await listen();
  const refused = {
    431: request({ body: '{}', headers: { origin: DEALER, cookie: 'c'.repeat(40_000) } }),
    417: request({ body: '{}', headers: { origin: DEALER, expect: '200-ok' } }),
    400: request({ headers: { origin: DEALER, 'content-length': 'ten' } }),
  };
  for (const [status, bytes] of Object.entries(refused)) {
    const answer = await exchange(port, bytes);
    t.equal(answer.status, Number(status));
    t.equal(answer.headers['access-control-allow-origin'], '*', status);
  }
});
