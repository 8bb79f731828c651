import t from 'tap';
import { Refusal } from '../../src/domain/refusal.ts';
import { DELIVERED, goodBody, KEYS, testApp } from '../support/http/app.ts';

const LOOPBACK = [{ prefix: 24, name: '127.0.0.0/24' }];

function post(headers: Record<string, string>, payload: object = goodBody()) {
  return { method: 'POST', url: '/conversations', payload, headers } as const;
}

t.test('a key is passed on with the scope of its sender', async (t) => {
  const { app, submitted } = await testApp(t);
  await app.inject(post({ 'idempotency-key': 'key-1' }));
  const partnerBody = goodBody({ site: undefined, consent: { text: 'yes' } });
  await app.inject(post({ 'idempotency-key': 'key-1', authorization: `Bearer ${KEYS.acme}` }, partnerBody));
  await app.inject(post({}));
  t.strictSame(
    submitted.map(({ context }) => context.scope),
    [
      { kind: 'visitor', id: 'demo', address: '127.0.0.1', networks: LOOPBACK, idempotencyKey: 'key-1' },
      { kind: 'partner', id: 'acme', address: '127.0.0.1', idempotencyKey: 'key-1' },
      { kind: 'visitor', id: 'demo', address: '127.0.0.1', networks: LOOPBACK },
    ],
  );
});

t.test('a key is 1 to 255 visible ASCII characters', async (t) => {
  const { app, submitted } = await testApp(t);
  for (const key of ['k', '!~', 'k'.repeat(255)]) {
    t.equal((await app.inject(post({ 'idempotency-key': key }))).statusCode, 201);
  }
  for (const key of ['', ' ', 'two words', 'k'.repeat(256), 'clé', 'tab\there', 'a, b']) {
    const answer = await app.inject(post({ 'idempotency-key': key }));
    t.equal(answer.statusCode, 422, JSON.stringify(key));
    t.match(answer.json(), { code: 'invalid_idempotency_key' });
  }
  t.equal(submitted.length, 3, 'no lead with an invalid key is stored');
});

t.test('a replay is marked as one, and does not count towards the limit', async (t) => {
  const { app } = await testApp(t, { submit: async () => ({ conversation: DELIVERED, replayed: true }) });
  const answer = await app.inject(post({ 'idempotency-key': 'key-1' }));
  t.equal(answer.statusCode, 201);
  t.equal(answer.headers['idempotency-replayed'], 'true');
  t.notOk(answer.headers.ratelimit);
});

t.test('a replay of a rejected lead is rejected again, and marked as a replay', async (t) => {
  const conversation = { ...DELIVERED, status: 'rejected', reason: 'phone' } as const;
  const { app } = await testApp(t, { submit: async () => ({ conversation, replayed: true }) });
  const answer = await app.inject(post({}));
  t.equal(answer.statusCode, 422);
  t.match(answer.json(), { code: 'lead_rejected', reason: 'phone' });
  t.equal(answer.headers['idempotency-replayed'], 'true');
});

t.test('a first answer is not marked as a replay', async (t) => {
  const { app } = await testApp(t);
  t.notOk((await app.inject(post({ 'idempotency-key': 'key-1' }))).headers['idempotency-replayed']);
});

for (const [code, status, retryAfterS] of [
  ['idempotency_in_progress', 409, 1],
  ['idempotency_key_reused', 422, undefined],
  ['phone_limit_reached', 429, 3600],
  ['site_limit_reached', 429, 3600],
] as const) {
  t.test(`${code} is answered ${status}`, async (t) => {
    const { app } = await testApp(t, {
      submit: async () => {
        throw new Refusal(code, 'Not now.', retryAfterS === undefined ? {} : { retryAfterS });
      },
    });
    const answer = await app.inject(post({}));
    t.equal(answer.statusCode, status);
    t.match(answer.json(), { code, detail: 'Not now.' });
    t.equal(answer.headers['retry-after'], retryAfterS?.toString());
  });
}
