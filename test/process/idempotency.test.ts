import { join } from 'node:path';
import t, { type Test } from 'tap';
import { leadOf, NO_LIMITS, phoneOf, post, type Reply, read, send } from '../support/caller.ts';
import { storedLeads } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import { memoryFolder } from '../support/memory-folder.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { scaled } from '../support/scale.ts';

const KEYS = scaled(8, 300);
/** Fewer than the 64 leads at a time from which on the gateway may refuse some as too much. */
const POSTS = 50;
const DELIVER_WAIT_MS = 4_000;

t.setTimeout(scaled(180_000, 600_000));

async function setup(t: Test) {
  const provider = await startProvider(t);
  const database = join(memoryFolder(t), 'gateway.db');
  const env = {
    ...NO_LIMITS,
    ...provider.env,
    DATABASE_URL: `sqlite:${database}`,
    DELIVER_WAIT_MS: String(DELIVER_WAIT_MS),
  };
  return { provider, database, env };
}

const times = <T>(count: number, make: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n)));
const callsOf = async (provider: Provider, n: number): Promise<number> => (await provider.ofPhone(phoneOf(n))).received;

/** What the tests share that kill no process. Each sends leads with numbers and keys of its own. */
const shared = await setup(t);
const { url: sharedUrl } = await startGateway(t, shared.env);

t.test(`${POSTS} concurrent requests with one key store one lead and get equal answers or 409`, async (t) => {
  const { provider, database } = shared;
  await provider.answer('delivered', { delayMs: 50 });
  const bodies = new Set<string>();
  const statuses = new Map<number, number>();
  for (let n = 0; n < KEYS; n += 1) {
    const replies = await times(POSTS, () => send(sharedUrl, leadOf(n), { 'idempotency-key': `many-${n}` }));
    for (const { status } of replies) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const answered = replies.filter(({ status }) => status === 201);
    const answers = new Set(answered.map(({ body }) => JSON.stringify(body)));
    if (answers.size !== 1) t.fail(`key ${n} has ${answers.size} answers`);
    for (const answer of answers) bodies.add(answer);
    const firsts = answered.filter(({ headers }) => !headers.has('idempotency-replayed'));
    if (firsts.length !== 1) t.fail(`key ${n} has ${firsts.length} first answers`);
  }
  t.strictSame([...statuses.keys()].sort(), [201, 409], JSON.stringify([...statuses]));
  t.equal(bodies.size, KEYS);
  t.equal(storedLeads(database).length, KEYS);
  const calls = await times(KEYS, (n) => callsOf(provider, n));
  t.ok(
    calls.every((count) => count === 1),
    'one call a key',
  );
});

t.test('after kill -9 a key finds its lead, stored once, whether its first request had an answer or not', async (t) => {
  const { provider, database, env } = await setup(t);
  const killed = await startGateway(t, env);
  const finished = await send(killed.url, leadOf(3), { 'idempotency-key': 'key-3' });
  t.equal(finished.status, 201);
  await provider.answer('hang');
  const key = { 'idempotency-key': 'key-1' };
  const first = post(killed.url, leadOf(1), key);
  await eventually('its call is out', 30_000, async () => (await callsOf(provider, 1)) || undefined);
  await killed.end('SIGKILL');
  t.equal(await first, undefined, 'the first request got no answer');

  const { url } = await startGateway(t, env);
  const early: Reply[] = [];
  const replay = await eventually('the replay is answered', 2 * DELIVER_WAIT_MS, async () => {
    const reply = await send(url, leadOf(1), key);
    if (reply.status === 202) return reply;
    early.push(reply);
    return undefined;
  });
  t.ok(early.every(({ status, body }) => status === 409 && body.code === 'idempotency_in_progress'));
  t.equal(replay.headers.get('idempotency-replayed'), 'true');
  t.match(replay.body, { status: 'queued', attempts: 0 });
  t.match(await send(url, leadOf(2), key), { status: 422, body: { code: 'idempotency_key_reused' } });
  t.strictSame(
    storedLeads(database).map(({ id }) => id),
    [finished.body.id, replay.body.id],
  );
  t.equal(await callsOf(provider, 1), 1, 'the lead was not sent again');

  const again = await send(url, leadOf(3), { 'idempotency-key': 'key-3' });
  t.equal(again.status, 201);
  t.strictSame(again.body, finished.body);
  t.match(await read(url, `/conversations/${finished.body.id}`), { status: 200, body: finished.body });
  t.equal(storedLeads(database).length, 2);
  t.equal(await callsOf(provider, 3), 1);
});

t.test('only a stored lead uses up its key, and another lead cannot use it', async (t) => {
  const [own, other] = [1_001, 1_002];
  const sent = (body: object) => send(sharedUrl, body, { 'idempotency-key': 'used-up' });
  t.match(await sent({ ...leadOf(own), advertiserId: '' }), { status: 422, body: { code: 'invalid_request' } });
  t.match(await sent(leadOf(own)), { status: 201 });
  t.match(await sent(leadOf(other)), { status: 422, body: { code: 'idempotency_key_reused' } });
  t.match(await sent(leadOf(own, { placementId: 7 })), { body: { code: 'idempotency_key_reused' } });
  t.equal(await callsOf(shared.provider, other), 0);
});

t.test('without a key the same lead from one address is one request, however it is spelled', async (t) => {
  const { provider, database } = shared;
  const url = sharedUrl;
  const before = storedLeads(database).length;
  await provider.answer('delivered', { delayMs: 50 });
  const one = 2_001;
  const spelled = (phone: string) => leadOf(one, { consumer: { phone } });
  const digits = phoneOf(one).slice(1);
  const spellings = [`+1${digits}`, digits, `(${digits.slice(0, 3)}) ${digits.slice(3, 6)}-${digits.slice(6)}`];
  const together = await times(30, (n) => send(url, spelled(spellings[n % 3] ?? '')));
  const later = await send(url, spelled(digits));
  const replies = [...together, later];
  t.strictSame([...new Set(replies.map(({ status }) => status))], [201]);
  t.equal(new Set(replies.map(({ body }) => JSON.stringify(body))).size, 1, 'all get one answer');
  t.equal(replies.filter(({ headers }) => !headers.has('idempotency-replayed')).length, 1);
  t.equal(await callsOf(provider, one), 1);

  const other = await send(url, leadOf(one, { consumer: { phone: digits, question: 'And the blue one?' } }));
  t.not(other.body.id, later.body.id, 'another question is another lead');
  t.equal(storedLeads(database).length - before, 2);
});
