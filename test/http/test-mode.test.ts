import { hash } from 'node:crypto';
import t from 'tap';
import { hasTestKey } from '../../src/http/access.ts';
import { DELIVERED, goodBody, ID, testApp } from '../support/http/app.ts';
import { site } from '../support/lead.ts';

const KEYS = { real: 'tcg_one', test: 'tcg_test_one' } as const;
const settings = {
  sites: new Map([
    ['demo', site()],
    ['trial', site({ key: 'trial', test: true })],
  ]),
  partners: new Map([
    [
      'crm',
      {
        id: 'crm',
        keyHashes: Object.values(KEYS).map((key) => hash('sha256', key, 'buffer')),
        sites: '*' as const,
        rate: { max: 2, windowS: 60 },
      },
    ],
  ]),
};
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

t.test('only the beginning of the key makes a test key', async (t) => {
  t.ok(hasTestKey('bearer  tcg_test_abc'));
  for (const header of ['Bearer tcg_abc', 'Bearer TCG_TEST_abc', 'Bearer xtcg_test_abc', 'tcg_test_abc', ''])
    t.notOk(hasTestKey(header), header);
});

t.test('a test key and a test site make test leads, which share no scope with real ones', async (t) => {
  const { app, submitted, log } = await testApp(t, { settings });
  const post = (body: object, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: '/conversations', payload: goodBody(body as Record<string, unknown>), headers });
  await post({}, bearer(KEYS.test));
  await post({ site: 'trial' }, bearer(KEYS.real));
  await post({ site: 'trial' });
  await post({}, bearer(KEYS.real));
  await post({});
  t.strictSame(
    submitted.map(({ lead, context }) => [lead.provider, context.scope.test ?? false]),
    [
      ['test:default', true],
      ['test:default', true],
      ['test:default', true],
      ['default', false],
      ['default', false],
    ],
  );
  t.strictSame(
    log().flatMap(({ event, test }) => (event === 'request' ? [test ?? false] : [])),
    [true, true, true, false, false],
  );
});

t.test('requests with a test key use up no rate of the real one', async (t) => {
  const { app } = await testApp(t, { settings });
  const post = (key: string) =>
    app.inject({ method: 'POST', url: '/conversations', payload: goodBody(), headers: bearer(key) });
  for (let n = 0; n < 3; n += 1) await post(KEYS.test);
  t.equal((await post(KEYS.test)).statusCode, 429);
  const real = await post(KEYS.real);
  t.equal(real.statusCode, 201);
  t.match(real.headers.ratelimit, /r=1;/);
});

t.test('answers say of a test lead that it is one, also where the provider refused it', async (t) => {
  const { app } = await testApp(t, {
    settings,
    submit: async (lead) => ({
      conversation: {
        ...DELIVERED,
        ...(lead.question ? { status: 'rejected', reason: 'phone' } : {}),
        test: true,
      },
      replayed: false,
    }),
    find: async () => ({ ...DELIVERED, status: 'held', test: true }),
  });
  const post = async (body: Record<string, unknown> = {}) =>
    (await app.inject({ method: 'POST', url: '/conversations', payload: goodBody(body) })).json();
  t.match(await post(), { id: ID, test: true, status: 'delivered' });
  t.match(await post({ consumer: { phone: '(404) 555-1212', question: 'Is it?' } }), {
    code: 'lead_rejected',
    test: true,
    reason: 'phone',
  });
  const found = (await app.inject({ url: `/conversations/${ID}` })).json();
  t.match(found, { test: true, status: 'queued' }, 'a visitor sees of a held test as little as of a real lead');
});

t.test('the list of a test key has test leads alone, and their requests are in no metric', async (t) => {
  const asked: unknown[] = [];
  const counted: string[] = [];
  const { app } = await testApp(t, {
    settings,
    partnerList: {
      async listOfPartner({ test }) {
        asked.push(test);
        return { items: [] };
      },
      readPage: async (_list, page, read) => read(page),
    },
    onAnswer: (route, status) => counted.push(`${route} ${status}`),
    onProblem: (code) => counted.push(code),
  });
  for (const key of [KEYS.test, KEYS.real]) await app.inject({ url: '/conversations', headers: bearer(key) });
  t.strictSame(asked, [true, undefined]);
  await app.inject({ url: '/conversations?limit=0', headers: bearer(KEYS.test) });
  t.strictSame(counted, ['/conversations 200']);
});
