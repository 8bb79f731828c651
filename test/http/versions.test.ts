import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { changelogMistakes } from '../../scripts/api-changelog.ts';
import { DEPRECATIONS, type Deprecation, deprecationHeaders } from '../../src/http/versions.ts';
import { DELIVERED, goodBody, ID, KEYS, testApp } from '../support/http/app.ts';

const OF_ROAMER = { authorization: `Bearer ${KEYS.roamer}`, 'idempotency-key': 'key-1' };
const lead = (url: string, payload: object = goodBody(), headers: Record<string, string> = OF_ROAMER) =>
  ({ method: 'POST', url, payload, headers }) as const;

t.test('every operation of the document is answered the same with /v1 and without', async (t) => {
  const { app } = await testApp(t);
  const { paths, servers } = app.swagger() as unknown as { paths: Record<string, object>; servers: { url: string }[] };
  t.strictSame(
    servers.map(({ url }) => url),
    ['/', '/v1'],
  );
  for (const [path, methods] of Object.entries(paths)) {
    const url = path.replace('{id}', ID).replace('{key}', 'demo').replace('{date}', '2026-11-24');
    for (const method of Object.keys(methods).map((name) => name.toUpperCase() as 'GET' | 'POST')) {
      const [plain, versioned] = await Promise.all(
        ['', '/v1'].map((prefix) =>
          app.inject({
            method,
            url: `${prefix}${url}`,
            headers: { ...OF_ROAMER, 'x-request-id': 'one-request' },
            ...(method === 'POST' && { payload: goodBody() }),
          }),
        ),
      );
      t.not(plain?.statusCode, 404, `${method} ${path}`);
      t.equal(versioned?.statusCode, plain?.statusCode, `${method} ${path}`);
      // Form tokens and times differ between any two answers.
      if (!path.startsWith('/sites')) t.equal(versioned?.body, plain?.body, `${method} ${path}`);
    }
  }
});

t.test('a request is the same by either path: for its idempotency key, its limit and its log line', async (t) => {
  const { app, submitted, log } = await testApp(t);
  const body = goodBody({ consent: { text: 'yes' }, site: 'dealer' });
  const statuses = [];
  for (const url of ['/conversations', '/v1/conversations', '/conversations', '/v1/conversations'])
    statuses.push((await app.inject(lead(url, body, { authorization: `Bearer ${KEYS.acme}` }))).statusCode);
  t.strictSame(statuses, [201, 201, 201, 429], 'acme has 3 requests');
  const [first, second] = submitted;
  t.strictSame(second?.lead, first?.lead);
  t.strictSame(second?.context.scope, first?.context.scope);
  t.strictSame([...new Set(log().map(({ route }) => route))], ['/conversations']);
});

t.test('Location has the prefix of the request, also in an absolute target and for a rejected lead', async (t) => {
  const { app, listen } = await testApp(t);
  t.equal((await app.inject(lead('/conversations'))).headers.location, `/conversations/${ID}`);
  const { headers } = await app.inject(lead('/v1/conversations'));
  t.equal(headers.location, `/v1/conversations/${ID}`);
  t.equal((await app.inject(String(headers.location))).json().id, ID);
  const port = await listen();
  const absolute = request({
    port,
    method: 'POST',
    path: 'http://text.example/v1/conversations',
    headers: { 'content-type': 'application/json' },
  });
  const answered = new Promise<string | undefined>((resolve) => {
    absolute.on('response', async (response) => {
      await text(response);
      resolve(response.headers.location);
    });
  });
  absolute.end(JSON.stringify(goodBody()));
  t.equal(await answered, `/v1/conversations/${ID}`);
  const refusing = await testApp(t, {
    submit: async () => ({ conversation: { ...DELIVERED, status: 'rejected' as const }, replayed: false }),
  });
  t.equal((await refusing.app.inject(lead('/v1/conversations'))).headers.location, `/v1/conversations/${ID}`);
});

t.test('other paths have no version, and other versions do not exist', async (t) => {
  const { app } = await testApp(t);
  for (const url of [
    '/v1',
    '/v1/',
    '/v1/docs',
    '/v1/widget/v1.js',
    '/v1/conversationsx',
    '/v1/v1/healthz',
    '/v2/healthz',
  ])
    t.equal((await app.inject(url)).statusCode, 404, url);
  const wrongMethod = await app.inject({ method: 'DELETE', url: `/v1/conversations/${ID}` });
  t.match([wrongMethod.statusCode, wrongMethod.headers.allow], [405, 'GET, HEAD, OPTIONS']);
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/v1/conversations',
    headers: { origin: 'https://dealer.example', 'access-control-request-method': 'POST' },
  });
  t.match([preflight.statusCode, preflight.headers['access-control-allow-origin']], [204, 'https://dealer.example']);
});

const INSTEAD = 'Use something else.';
const MARKED: readonly Deprecation[] = [
  { operation: 'GET /conversations/{id}', since: '2027-01-01', sunset: '2027-07-01', instead: INSTEAD },
  { operation: 'POST /conversations', field: '/consumer/question', since: '2027-02-01', instead: INSTEAD },
  { operation: 'GET /conversations', field: '?status', since: '2027-02-01', instead: INSTEAD },
];

t.test('answers of a deprecated operation say so, errors included', async (t) => {
  const { app } = await testApp(t, { deprecations: MARKED });
  for (const url of [`/conversations/${ID}`, `/v1/conversations/${ID}`, '/conversations/cnv_other']) {
    t.match((await app.inject(url)).headers, {
      deprecation: '@1798761600',
      sunset: 'Thu, 01 Jul 2027 00:00:00 GMT',
      link: '</docs/changes>; rel="deprecation"; type="text/plain"',
    });
  }
  t.notOk((await app.inject('/healthz')).headers.deprecation);
});

t.test('a deprecated field is told to requests that have it alone', async (t) => {
  const { app } = await testApp(t, { deprecations: MARKED });
  const consumer = { phone: '(404) 555-1212' };
  const using = await app.inject(
    lead('/conversations', goodBody({ consumer: { ...consumer, question: 'Still there?' } })),
  );
  t.match([using.statusCode, using.headers.deprecation, using.headers.sunset], [201, '@1801440000', undefined]);
  t.notOk((await app.inject(lead('/conversations'))).headers.deprecation);
  t.ok((await app.inject({ url: '/conversations?status=held', headers: OF_ROAMER })).headers.deprecation);
  t.notOk((await app.inject({ url: '/conversations?limit=1', headers: OF_ROAMER })).headers.deprecation);
});

t.test('the document marks what is deprecated, and an entry that it does not have is an error', async (t) => {
  const { app } = await testApp(t, { deprecations: MARKED });
  const { paths, components } = JSON.parse(JSON.stringify(app.swagger()));
  const operation = paths['/conversations/{id}'].get;
  t.equal(operation.deprecated, true);
  t.match(
    operation.description,
    /^Deprecated since 2027-01-01, and may be gone from 2027-07-01 on\. Use something else\./,
  );
  t.ok(operation.responses[200].headers.Sunset);
  t.equal(components.schemas.LeadRequest.properties.consumer.properties.question.deprecated, true);
  t.notOk(paths['/conversations'].post.deprecated);
  t.equal(
    paths['/conversations'].get.parameters.find(({ name }: { name: string }) => name === 'status').deprecated,
    true,
  );
  for (const wrong of [{ operation: 'GET /nowhere' }, { operation: 'POST /conversations', field: '/consumer/age' }]) {
    const other = await testApp(t, { deprecations: [{ ...wrong, since: '2027-01-01', instead: INSTEAD }] });
    t.throws(() => other.app.swagger(), /not in the document/);
  }
});

t.test('the changelog of the API has to follow its document and what is deprecated', async (t) => {
  const { app } = await testApp(t);
  const changelog = (await app.inject('/docs/changes')).body;
  // The document of this app, with the version that the changelog has.
  const [, version = ''] = /^## (\S+)/m.exec(changelog) ?? [];
  const document = { ...JSON.parse(JSON.stringify(app.swagger())), info: { version } };
  t.strictSame(changelogMistakes(changelog, document, DEPRECATIONS), []);
  t.match(changelogMistakes(changelog, { ...document, info: { version: '9.9.9' } }, []), [/not of version 9.9.9/]);
  const renamed = JSON.parse(JSON.stringify(document).replaceAll('"placementId"', '"placement"'));
  t.match(changelogMistakes(changelog, renamed, []), [/contract has changed/]);
  const reworded = JSON.parse(JSON.stringify(document).replaceAll('Send a lead', 'Bring a lead'));
  t.strictSame(changelogMistakes(changelog, reworded, []), [], 'wording is no change');
  const more = { ...document, paths: { ...document.paths, '/more': { get: {} } } };
  t.match(changelogMistakes(changelog, more, []), [/contract has changed/, 'It does not name `GET /more`.']);
  t.match(changelogMistakes(changelog, document, MARKED.slice(0, 1)), [/`2027-01-01`/, /`2027-07-01`/]);
});

t.test('what is deprecated today ends half a year later at the earliest', async (t) => {
  for (const one of DEPRECATIONS) {
    t.match(deprecationHeaders(one).deprecation, /^@\d{10}$/, one.operation);
    if (one.sunset !== undefined)
      t.ok(Date.parse(one.sunset) - Date.parse(one.since) >= 180 * 86_400_000, one.operation);
  }
});
