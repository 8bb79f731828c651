import t from 'tap';
import type { Conversation } from '../../../src/domain/lead.ts';
import { StorageUnavailable } from '../../../src/domain/ports/outbox.ts';
import { DELIVERED, goodBody, ID, KEYS, NOW, type Overrides, testApp } from '../../support/http/app.ts';

const BODY = {
  id: ID,
  status: 'delivered',
  attempts: 1,
  createdAt: '2026-11-24T09:00:00.000Z',
  updatedAt: '2026-11-24T09:00:00.180Z',
};

/** An app in which every lead ends with these values. */
function endingAs(changes: Partial<Conversation>): Overrides {
  return {
    submit: async (_lead, { screen }) => {
      await screen();
      return { conversation: { ...DELIVERED, ...changes }, replayed: false };
    },
  };
}

function post(payload: object = goodBody(), headers: Record<string, string> = {}) {
  return { method: 'POST', url: '/conversations', payload, headers } as const;
}

t.test('a delivered lead is answered 201 with the URL of its state', async (t) => {
  const { app } = await testApp(t);
  const answer = await app.inject(post());
  t.equal(answer.statusCode, 201);
  t.strictSame(answer.json(), BODY);
  t.match(answer.headers, {
    location: `/conversations/${ID}`,
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  t.notOk(answer.headers['retry-after']);
});

const NOT_FINAL = ['queued', 'held', 'unknown', 'parked'] as const;
const OF_ACME = { authorization: `Bearer ${KEYS.acme}` };
const partnerBody = goodBody({ site: undefined, consent: { text: 'yes' } });

t.test(
  'a visitor cannot tell a queued lead from one that is held, unknown or parked, neither at once nor later',
  async (t) => {
    const ages = [0, 4_000, 60_000, 3_600_000, 90_000_000];
    for (const age of ages) {
      const seen = new Set<string>();
      for (const [n, status] of NOT_FINAL.entries()) {
        const conversation = {
          ...DELIVERED,
          status,
          attempts: n,
          updatedAt: NOW + n * 100,
          dueAt: NOW + age + n * 9_000,
        };
        const { app } = await testApp(t, {
          submit: async () => ({ conversation, replayed: true }),
          find: async () => conversation,
          now: () => NOW + age,
        });
        for (const answer of [await app.inject(post()), await app.inject(`/conversations/${ID}`)]) {
          t.equal(answer.statusCode, answer.headers.location ? 202 : 200);
          t.strictSame(answer.json(), { ...BODY, status: 'queued', attempts: 0, updatedAt: BODY.createdAt });
          seen.add(String(answer.headers['retry-after']));
        }
      }
      t.equal(seen.size, 1, 'all have the same Retry-After');
    }
  },
);

t.test(
  'a visitor is asked to look again after half the age of the lead: 5 s at least and an hour at most',
  async (t) => {
    for (const [ageMs, seconds] of [
      [0, '5'],
      [60_000, '30'],
      [90_000_000, '3600'],
    ] as const) {
      const { app } = await testApp(t, { ...endingAs({ status: 'queued' }), now: () => NOW + ageMs });
      t.equal((await app.inject(post())).headers['retry-after'], seconds);
    }
  },
);

t.test(
  'while the provider asks for no calls, a visitor of any lead of the account is asked to wait as long',
  async (t) => {
    for (const status of NOT_FINAL) {
      const conversation = { ...DELIVERED, status };
      const submit = async () => ({ conversation, replayed: false, askedToWaitMs: 29_001 });
      const { app } = await testApp(t, { submit, now: () => NOW });
      t.equal((await app.inject(post())).headers['retry-after'], '30', status);
    }
  },
);

t.test('a partner sees all six statuses, also when it reads the state with its key', async (t) => {
  for (const status of NOT_FINAL) {
    const conversation = { ...DELIVERED, status, partner: 'acme' };
    const { app } = await testApp(t, { ...endingAs({ status }), find: async () => conversation });
    const sent = await app.inject(post(partnerBody, OF_ACME));
    t.equal(sent.statusCode, 202);
    t.equal(sent.headers.location, `/conversations/${ID}`);
    const read = await app.inject({ url: `/conversations/${ID}`, headers: OF_ACME });
    for (const answer of [sent, read]) {
      t.strictSame(answer.json(), { ...BODY, status });
      t.equal(answer.headers['retry-after'], status === 'queued' ? '5' : undefined);
    }
  }
});

t.test('the key of a partner shows nothing of leads of other partners and of visitors', async (t) => {
  for (const partner of [{ partner: 'roamer' }, {}]) {
    const { app } = await testApp(t, { find: async () => ({ ...DELIVERED, status: 'held' as const, ...partner }) });
    const read = await app.inject({ url: `/conversations/${ID}`, headers: OF_ACME });
    t.match(read.json(), { status: 'queued', attempts: 0 });
    t.equal(read.headers['retry-after'], '5');
  }
});

t.test(
  'Retry-After tells a partner when a queued lead is tried next, in whole seconds, and soon where it is due already',
  async (t) => {
    for (const [dueInMs, seconds] of [
      [29_001, '30'],
      [1, '1'],
      [0, '5'],
      [-5_000, '5'],
    ] as const) {
      const { app } = await testApp(t, endingAs({ status: 'queued', dueAt: NOW + dueInMs }));
      t.equal((await app.inject(post(partnerBody, OF_ACME))).headers['retry-after'], seconds);
    }
  },
);

t.test('a lead that the provider refused is a problem with its id and reason', async (t) => {
  for (const reason of ['phone', 'target', 'other'] as const) {
    const { app } = await testApp(t, endingAs({ status: 'rejected', reason }));
    const answer = await app.inject(post());
    t.equal(answer.statusCode, 422);
    t.match(answer.json(), { code: 'lead_rejected', id: ID, reason });
    t.match(answer.headers, { location: `/conversations/${ID}`, ratelimit: /^"visitor"/ });
  }
  const { app } = await testApp(t, endingAs({ status: 'rejected' }));
  t.match((await app.inject(post())).json(), { reason: 'other' }, 'also if the reason is unknown');
});

t.test('the state of a rejected lead says what was refused, and that of a queued one when to look again', async (t) => {
  const read = async (changes: Partial<Conversation>) => {
    const { app } = await testApp(t, { find: async () => ({ ...DELIVERED, partner: 'acme', ...changes }) });
    return app.inject({ url: `/conversations/${ID}`, headers: OF_ACME });
  };
  const rejected = await read({ status: 'rejected', reason: 'phone' });
  t.match(rejected.json(), { status: 'rejected', reason: 'phone' });
  t.match((await read({ status: 'rejected' })).json(), { reason: 'other' });
  t.notOk(rejected.headers['retry-after']);
  const queued = await read({ status: 'queued', reason: 'phone', dueAt: NOW + 29_500 });
  t.equal(queued.headers['retry-after'], '30');
  t.notOk('reason' in queued.json(), 'a reason a file of an earlier build does not show');
  t.equal((await read({ status: 'queued' })).headers['retry-after'], '5');
  const delivered = await read({});
  t.notOk('reason' in delivered.json());
  t.notOk(delivered.headers['retry-after']);
});

t.test('the whole lead is submitted, with its site, origin and request', async (t) => {
  const { app, submitted } = await testApp(t);
  const question = 'Is it “still” available? 你好 😀\r\n\t';
  const answer = await app.inject(
    post(
      goodBody({
        placementId: 7,
        consumer: { phone: '(404) 555-1212', country: 'US', firstName: ' Ann ', lastName: '', question },
        listing: { year: '2019', price: 19999.5, sold: false, blank: ' ' },
        consent: { text: 'I agree.', version: '2026-11' },
        page: { url: 'https://dealer.example/inventory/1', title: 'Civic' },
      }),
      { origin: 'https://dealer.example' },
    ),
  );
  t.equal(answer.statusCode, 201);
  t.strictSame(submitted, [
    {
      lead: {
        site: 'demo',
        provider: 'default',
        target: { advertiserId: '1659' },
        targetFrom: 'caller',
        placementId: 7,
        phone: { e164: '+14045551212', callingCode: '1', national: '4045551212' },
        firstName: ' Ann ',
        question,
        listing: { year: '2019', price: 19999.5, sold: false },
        consent: { text: 'I agree.', version: '2026-11' },
        page: { url: 'https://dealer.example/inventory/1', title: 'Civic' },
        origin: 'https://dealer.example',
      },
      context: {
        requestId: answer.headers['x-request-id'],
        scope: {
          kind: 'visitor',
          id: 'demo',
          address: '127.0.0.1',
          networks: [{ prefix: 24, name: '127.0.0.0/24' }],
        },
        screen: submitted[0]?.context.screen,
      },
    },
  ]);
});

t.test('lengths are in code points, and every bound is inclusive', async (t) => {
  const { app } = await testApp(t);
  const answer = await app.inject(
    post(
      goodBody({
        advertiserId: '1'.repeat(64),
        placementId: 2147483647,
        consumer: { phone: '(404) 555-1212', firstName: '😀'.repeat(64), question: '😀'.repeat(1000) },
        listing: Object.fromEntries(
          Array.from({ length: 32 }, (_, index) => [`${index}`.padEnd(64, 'n'), 'v'.repeat(256)]),
        ),
      }),
    ),
  );
  t.equal(answer.statusCode, 201);
  t.equal(
    (await app.inject(post(goodBody({ listing: '😀'.repeat(2000) })))).statusCode,
    201,
    'a listing may be a text',
  );
});

t.test('an empty list in place of an optional object counts as absent, as PHP writes it', async (t) => {
  const { app, submitted } = await testApp(t);
  const empty = { listing: [], consent: [], page: [] };
  t.equal((await app.inject(post(goodBody(empty)))).statusCode, 201);
  t.equal((await app.inject(post())).statusCode, 201);
  t.strictSame(submitted[0]?.lead, submitted[1]?.lead);
  for (const name of Object.keys(empty)) {
    t.match((await app.inject(post(goodBody({ [name]: [1] })))).json(), {
      status: 422,
      errors: [{ pointer: `/${name}` }],
    });
  }
  t.equal((await app.inject(post(goodBody({ consumer: [] })))).statusCode, 422);
});

t.test('a blank optional text counts as absent', async (t) => {
  const { app, submitted } = await testApp(t);
  const consumer = { phone: '(404) 555-1212', country: '', firstName: '', lastName: ' ', question: '\n' };
  const blank = { consumer, listing: ' ', consent: { text: '', version: ' ' }, page: { url: '', title: ' ' } };
  t.equal((await app.inject(post(goodBody(blank)))).statusCode, 201);
  t.equal((await app.inject(post())).statusCode, 201);
  t.strictSame(submitted[0]?.lead, submitted[1]?.lead);
});

t.test('the lead of a partner has the partner’s id and goes to its default site', async (t) => {
  const { app, submitted } = await testApp(t);
  const payload = goodBody({ site: undefined, consent: { version: '1' } });
  const headers = { authorization: `Bearer ${KEYS.acme}`, origin: 'https://evil.example' };
  t.equal((await app.inject(post(payload, headers))).statusCode, 201);
  t.match(submitted[0]?.lead, { site: 'dealer', partner: 'acme' });
  t.notOk(submitted[0]?.lead.origin, 'an origin says nothing about a back end');
});

for (const contentType of [
  'application/json',
  'application/json; charset=utf-8',
  'Application/JSON;charset="UTF-8"',
  'application/json ; charset=utf8',
  'application/json; charset=UTF-8; profile=x',
]) {
  t.test(`${contentType} is accepted`, async (t) => {
    const { app } = await testApp(t);
    const headers = { 'content-type': contentType, 'content-encoding': 'identity' };
    t.equal((await app.inject({ ...post(), payload: JSON.stringify(goodBody()), headers })).statusCode, 201);
  });
}

t.test('one byte order mark is accepted', async (t) => {
  const { app } = await testApp(t);
  const headers = { 'content-type': 'application/json' };
  t.equal((await app.inject({ ...post(), payload: `\ufeff${JSON.stringify(goodBody())}`, headers })).statusCode, 201);
});

t.test('the state of a lead is read by its id, and no cache keeps it', async (t) => {
  const { app } = await testApp(t);
  const answer = await app.inject(`/conversations/${ID}`);
  t.equal(answer.statusCode, 200);
  t.strictSame(answer.json(), BODY);
  t.equal(answer.headers['cache-control'], 'no-store');
  t.equal((await app.inject({ method: 'HEAD', url: `/conversations/${ID}` })).statusCode, 200);
});

t.test('unavailable storage is answered 503 with the time to try again, and nothing else', async (t) => {
  const unavailable = async (): Promise<never> => {
    throw new StorageUnavailable('disk full at /data/gateway.db');
  };
  const { app } = await testApp(t, { submit: unavailable, find: unavailable });
  for (const answer of [await app.inject(post()), await app.inject(`/conversations/${ID}`)]) {
    t.equal(answer.statusCode, 503);
    t.match(answer.json(), { code: 'storage_unavailable' });
    t.equal(answer.headers['retry-after'], '5');
    t.notMatch(answer.body, 'gateway.db');
  }
});
