import t from 'tap';
import type { PageRequest, PartnerFilter } from '../../../src/domain/ports/lead-records.ts';
import { StorageUnavailable } from '../../../src/domain/ports/outbox.ts';
import { createSignedPages } from '../../../src/leads/cursors.ts';
import { createHashing } from '../../../src/leads/hashing.ts';
import { DELIVERED, goodBody, ID, KEYS, type Overrides, testApp } from '../../support/http/app.ts';

const OF_ACME = { authorization: `Bearer ${KEYS.acme}` };
const OF_ROAMER = { authorization: `Bearer ${KEYS.roamer}` };
const readPage = createSignedPages(createHashing(Buffer.alloc(32, 7)));

/** An app whose partners have two leads on as many pages; it keeps what is asked for. */
function listing() {
  const asked: { filter: PartnerFilter; page: PageRequest }[] = [];
  const overrides: Overrides = {
    partnerList: {
      readPage,
      async listOfPartner(filter, page) {
        asked.push({ filter, page });
        const record = { ...DELIVERED, reference: 'order-1', mayHaveArrived: false };
        return { items: [record], ...(page.after === undefined && { next: ID }) };
      },
    },
  };
  return { asked, overrides };
}

const get = (url: string, headers: Record<string, string> = OF_ROAMER) => ({ method: 'GET', url, headers }) as const;

t.test('a partner reads its own list page by page', async (t) => {
  const { asked, overrides } = listing();
  const { app } = await testApp(t, overrides);
  const first = await app.inject(get('/conversations?status=delivered&reference=order-1&since=2026-11-24&limit=1'));
  t.equal(first.statusCode, 200);
  t.equal(first.headers['cache-control'], 'no-store');
  const { items, next } = first.json();
  t.strictSame(items, [
    {
      id: ID,
      reference: 'order-1',
      status: 'delivered',
      attempts: 1,
      createdAt: '2026-11-24T09:00:00.000Z',
      updatedAt: '2026-11-24T09:00:00.180Z',
    },
  ]);
  const filter = { partner: 'roamer', status: 'delivered', reference: 'order-1', since: Date.UTC(2026, 10, 24) };
  t.strictSame(asked, [{ filter, page: { limit: 1 } }]);
  const last = await app.inject(get(`/conversations?after=${next}`));
  t.strictSame(asked[1], { filter: { partner: 'roamer' }, page: { limit: 50, after: ID } });
  t.notOk('next' in last.json());
});

t.test('a cursor is good for the partner that got it, and unchanged', async (t) => {
  const { asked, overrides } = listing();
  const { app } = await testApp(t, overrides);
  const { next } = (await app.inject(get('/conversations'))).json();
  const ofAcme = get(`/conversations?after=${next}`, OF_ACME);
  for (const request of [
    ofAcme,
    get(`/conversations?after=${next}x`),
    get(`/conversations?after=${ID}`),
    get('/conversations?after=.'),
  ]) {
    const answer = await app.inject(request);
    t.match([answer.statusCode, answer.json().detail], [400, /^Parameter after: /], request.url);
  }
  t.equal(asked.length, 1, 'the store was not asked');
});

t.test('without the key of a partner there is no list, from any origin', async (t) => {
  const { asked, overrides } = listing();
  const { app } = await testApp(t, overrides);
  for (const headers of [{}, { origin: 'https://dealer.example' }, { authorization: 'Bearer wrong' }]) {
    const answer = await app.inject(get('/conversations', headers as Record<string, string>));
    t.match([answer.statusCode, answer.json().code], [401, 'invalid_api_key']);
    t.equal(answer.headers['www-authenticate'], 'Bearer');
  }
  t.strictSame(asked, []);
});

t.test('a list counts on the rate of the partner', async (t) => {
  const { app } = await testApp(t, listing().overrides);
  const left = [];
  for (let n = 0; n < 4; n += 1) left.push((await app.inject(get('/conversations', OF_ACME))).statusCode);
  t.strictSame(left, [200, 200, 200, 429], 'acme has 3 requests');
  t.equal((await app.inject(get('/conversations'))).statusCode, 200, 'another partner has its own');
});

t.test('a wrong parameter is named, with what would be right', async (t) => {
  const { app } = await testApp(t, listing().overrides);
  for (const [query, detail] of [
    ['status=done', /^Parameter status: .*queued, delivered/],
    ['status=held&status=parked', /^Parameter status: .*once/],
    ['since=yesterday', /^Parameter since: .*2026-11-28T09:00:00Z/],
    ['since=2026-13-01', /^Parameter since: /],
    ['since=2026-11-24T09:00', /^Parameter since: /],
    ['limit=0', /^Parameter limit: .*1 to 100/],
    ['limit=101', /^Parameter limit: /],
    ['limit=1.5', /^Parameter limit: /],
    ['reference=', /^Parameter reference: .*empty/],
    ['referense=1', /not known here; known are since, status, reference, limit, after/],
    ['__proto__=1', /not known/],
  ] as const) {
    const answer = await app.inject(get(`/conversations?${query}`));
    t.match([answer.statusCode, answer.json().code, answer.json().detail], [400, 'bad_request', detail], query);
  }
});

t.test('a time may have an offset, whose plus need not be encoded', async (t) => {
  const { asked, overrides } = listing();
  const { app } = await testApp(t, overrides);
  for (const since of ['2026-11-24T10:00:00%2B01:00', '2026-11-24T10:00:00+01:00', '2026-11-24T09:00:00.000Z'])
    await app.inject(get(`/conversations?since=${since}`));
  t.strictSame(
    asked.map(({ filter }) => filter.since),
    Array(3).fill(Date.UTC(2026, 10, 24, 9)),
  );
});

t.test('a store that does not answer is a 503', async (t) => {
  const { app } = await testApp(t, {
    partnerList: { readPage, listOfPartner: () => Promise.reject(new StorageUnavailable('down')) },
  });
  t.equal((await app.inject(get('/conversations'))).json().code, 'storage_unavailable');
});

const partnerBody = (reference: unknown) => goodBody({ consent: { text: 'yes' }, reference });
const post = (payload: object, headers: Record<string, string> = OF_ROAMER) =>
  ({ method: 'POST', url: '/conversations', payload, headers }) as const;

t.test('a partner gets its reference back with the lead, and everybody else does not', async (t) => {
  const { app, submitted } = await testApp(t, {
    find: async () => ({ ...DELIVERED, partner: 'acme', reference: 'order-1' }),
  });
  const answer = await app.inject(post(partnerBody('order-1')));
  t.match([answer.statusCode, answer.json().reference], [201, 'order-1']);
  t.equal(submitted[0]?.lead.reference, 'order-1');
  t.equal((await app.inject(get(`/conversations/${ID}`, OF_ACME))).json().reference, 'order-1');
  for (const headers of [{}, OF_ROAMER])
    t.notOk('reference' in (await app.inject(get(`/conversations/${ID}`, headers as Record<string, string>))).json());
});

t.test('a repetition is answered with the reference that came first, also where the lead was rejected', async (t) => {
  const { app } = await testApp(t, {
    find: async () => ({ ...DELIVERED, partner: 'acme', reference: 'order-1' }),
    submit: async () => ({ conversation: { ...DELIVERED, status: 'rejected', reason: 'phone' }, replayed: true }),
  });
  const answer = await app.inject(post(partnerBody('order-2')));
  t.match(answer.json(), { status: 422, code: 'lead_rejected', id: ID, reference: 'order-1', reason: 'phone' });
});

t.test('a reference is 1 to 128 visible characters; a blank one is absent', async (t) => {
  const { app, submitted } = await testApp(t);
  for (const reference of ['a', 'Ünï-42/ш№#', '車'.repeat(128), '😀'.repeat(128)])
    t.equal((await app.inject(post(partnerBody(reference)))).json().reference, reference);
  t.equal((await app.inject(post(partnerBody(' ')))).statusCode, 201);
  t.notOk('reference' in (submitted.at(-1)?.lead ?? {}));
  for (const reference of ['x'.repeat(129), 'a b', 'a\tb', 'a\u200bb', 'a\u00a0b', 'a\u0000', 'a\ud800', 42, null]) {
    const answer = await app.inject(post(partnerBody(reference)));
    t.match([answer.statusCode, answer.json().errors?.[0]?.pointer], [422, '/reference'], JSON.stringify(reference));
  }
});

t.test('a visitor that sends a reference is refused, by its name', async (t) => {
  const { app, submitted } = await testApp(t);
  const answer = await app.inject(post(goodBody({ reference: 'order-1' }), {}));
  t.match(answer.json(), {
    status: 422,
    code: 'invalid_request',
    errors: [{ pointer: '/reference', detail: /only for partners/ }],
  });
  t.strictSame(submitted, []);
});
