import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import t from 'tap';
import { createPostgresOutbox } from '../../src/store/postgres/outbox.ts';
import { createVault } from '../../src/store/vault.ts';
import { leadOf, phoneOf, type Reply, send } from '../support/caller.ts';
import { eventually } from '../support/eventually.ts';
import { startFleet } from '../support/fleet.ts';
import { formOf, prove } from '../support/form.ts';
import { startGateway } from '../support/gateway.ts';
import { recordLeases } from '../support/lease-record.ts';
import { leadsToSend, sendAll } from '../support/load.ts';
import { OPTIONS } from '../support/outbox.ts';
import { startPostgres } from '../support/postgres.ts';
import { urlOf } from '../support/postgres-server.ts';
import { scaled } from '../support/scale.ts';

t.setTimeout(scaled(480_000, 1_500_000));
const server = await startPostgres();
/** Number of leads that are released one after the other. */
const RELEASES = 5;
const REPLICAS = 3;

const PAGE = 'https://dealer.example';
const PLAIN = { name: 'Dealer', origins: [PAGE], targets: { advertiserIds: '*' }, country: 'US' };
const PROVEN = { ...PLAIN, form: { token: 'required', proof: 'always', minFillS: 0 } };

/** The test's sixty leads stay below ten times this cap, from where leads are refused. */
const CAP = 7;

const folder = t.testdir({ 'config.json': JSON.stringify({ sites: { demo: PLAIN, proven: PROVEN } }) });
const dataKey = randomBytes(32);
/** They start at the same time on an empty database; one site asks for form tokens and proofs. */
const fleet = await startFleet(t, server, REPLICAS, {
  CONFIG_FILE: join(folder, 'config.json'),
  DATA_KEY: dataKey.toString('base64'),
  HASH_KEY: randomBytes(32).toString('base64'),
  PHONE_DAILY_MAX: String(CAP),
});

t.test('replicas that start at the same time accept leads, one lead for each Idempotency-Key', async (t) => {
  const sent = await Promise.all(
    Array.from({ length: 20 }, () => send(fleet.next(), leadOf(1), { 'idempotency-key': 'one' })),
  );
  t.ok(sent.every(({ status }) => status === 201 || status === 202 || status === 409));
  t.equal((await fleet.stored()).length, 1);
});

t.test('no lead is lost when server connections are terminated again and again under load', async (t) => {
  const record = await recordLeases(server, fleet.address);
  const before = (await fleet.stored()).length;
  const leads = leadsToSend(scaled(200, 4_000), 1_000);
  const terminate = () =>
    server.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = '${fleet.address.database}' AND application_name = 'text-connect-gateway'`,
    );
  const terminations: Promise<unknown>[] = [];
  await sendAll({
    leads,
    url: fleet.next,
    callers: 8,
    outage: true,
    onAcknowledged() {
      if (leads.acknowledged.size % 20 === 0) terminations.push(terminate());
    },
  });
  await Promise.all(terminations);
  t.ok(terminations.length >= 8);
  const rows = await fleet.settled(90_000);
  t.equal(rows.length - before, leads.acknowledged.size);
  t.ok(rows.every(({ status }) => status === 'delivered'));
  t.strictSame([...new Set(await fleet.received(leads.acknowledged.keys()))], [1], 'no lead was sent twice');
  t.strictSame(await record.doubled(), []);
});

t.test('a lead that another process releases is sent', async (t) => {
  const { provider, address, next } = fleet;
  const before = (await fleet.stored()).length;
  const stored = async () => (await fleet.stored()).slice(before);
  const operator = await createPostgresOutbox(address, {
    ...OPTIONS,
    vault: createVault([dataKey]),
    poolMax: 2,
    schema: 'require',
  });
  t.teardown(() => operator.close());
  await provider.answer('failure_other');
  for (let n = 0; n < RELEASES; n += 1) await send(next(), leadOf(500 + n));
  await eventually('all wait for a person', 10_000, async () =>
    (await stored()).every(({ status }) => status === 'parked') ? true : undefined,
  );
  await provider.answer('delivered');
  for (const { id } of await stored()) {
    const audit = { at: Date.now(), actor: 'cli:ann', action: 'release', count: 0, detail: id } as const;
    await operator.requeue({ ids: [id] }, 1, audit);
    await eventually('it is delivered', 10_000, async () =>
      (await operator.find(id))?.status === 'delivered' ? true : undefined,
    );
  }
});

t.test('an unreachable server makes the start fail with one line, which does not hold the password', async (t) => {
  const address = await server.database();
  const url = urlOf({ ...address, port: 1 });
  await t.rejects(
    startGateway(t, { DATABASE_URL: url }),
    /127\.0\.0\.1:1\/test_\d+ cannot be used: [^\n]*ECONNREFUSED/,
  );
  const wrong = urlOf({ ...address, password: 'canary-password' });
  const failed = await startGateway(t, { DATABASE_URL: wrong }).catch((error: Error) => error.message);
  t.match(failed, /password authentication failed/);
  t.notMatch(failed, /canary/);
});

/** Twenty spellings of one American number. */
function spellings(digits: string): string[] {
  const [area, office, line] = [digits.slice(0, 3), digits.slice(3, 6), digits.slice(6)];
  const gaps = ['', ' ', '-', '.', '/', '\u00a0', '\u2011', ' - '];
  const prefixes = ['+1', '+1 ', '+1-', '1-', '1 '];
  return [
    ...gaps.map((gap) => area + gap + office + gap + line),
    ...prefixes.map((prefix) => `${prefix}${area}-${office}-${line}`),
    `(${area}) ${office}-${line}`,
    `(${area})${office}${line}`,
    `+1 (${area}) ${office} ${line}`,
    `\u200e+1${area}${office}${line}`,
    `  ${area} ${office} ${line}  `,
    `+\uff11${area}${office}${line}`,
    `tel:+1${area}${office}${line}`,
  ];
}

t.test(
  'a number in twenty spellings at three replicas at once: exactly the cap is sent, the rest is held',
  async (t) => {
    const before = (await fleet.stored()).length;
    const spelled = spellings(phoneOf(2).slice(1));
    t.equal(new Set(spelled).size, 20);
    const leads = [...spelled, ...spelled, ...spelled].map((phone, n) =>
      send(fleet.next(), leadOf(2, { consumer: { phone } }), { 'idempotency-key': `spelling-${n}` }),
    );
    const replies = await Promise.all(leads);
    t.ok(replies.every(({ status }) => status === 201 || status === 202));
    const rows = (await fleet.settled(20_000)).slice(before);
    t.equal(rows.length, leads.length);
    t.equal(rows.filter(({ status }) => status === 'delivered').length, CAP);
    t.equal(rows.filter(({ status }) => status === 'held').length, leads.length - CAP);
    t.strictSame(await fleet.received([2]), [CAP]);
  },
);

const ROUNDS = scaled(2, 5);

const codesOf = (replies: readonly Reply[]): unknown[] =>
  replies.map(({ status, body }) => (status === 422 ? body.code : status)).sort();

t.test('a form token and a proof from one replica are accepted for exactly one lead across all replicas', async (t) => {
  const before = (await fleet.stored()).length;
  let leads = 100;
  const form = () => formOf(fleet.next(), PAGE, 'proven');
  /** Sends one lead with its own number to each replica. */
  const toAll = (evidence: readonly object[]): Promise<Reply[]> =>
    Promise.all(evidence.map((brought) => send(fleet.next(), leadOf(leads++, { site: 'proven', ...brought }))));

  for (let round = 0; round < ROUNDS; round += 1) {
    const { formToken, challenge } = await form();
    const both = { formToken, proof: await prove(challenge) };
    t.strictSame(codesOf(await toAll([both, both, both])), [201, 'form_token_invalid', 'form_token_invalid']);
    const forms = await Promise.all(Array.from({ length: REPLICAS }, form));
    const proof = await prove(forms[0]?.challenge);
    const sameProof = forms.map(({ formToken }) => ({ formToken, proof }));
    t.strictSame(codesOf(await toAll(sameProof)), [201, 'proof_required', 'proof_required']);
  }
  t.equal((await fleet.stored()).length - before, 2 * ROUNDS);
});

const KEYS = scaled(40, 1_000);
/** Requests with one key that each of the three replicas gets at the same time. */
const POSTS = 2;
const AT_ONCE = 4;

const allOf = <T>(count: number, make: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => make(n)));

t.test(
  `${KEYS} keys, each posted to three replicas at once: one lead and one call each, and equal answers`,
  async (t) => {
    await fleet.provider.answer('delivered', { delayMs: 20 });
    const before = (await fleet.stored()).length;
    const wrong: unknown[] = [];
    const ids = new Map<number, unknown>();
    const statuses = new Set<number>();
    const judge = (n: number, replies: readonly Reply[]): void => {
      for (const { status } of replies) statuses.add(status);
      const taken = replies.filter(({ status }) => status === 201 || status === 202);
      const told = new Set(taken.map(({ body }) => body.id));
      const delivered = new Set(taken.filter(({ status }) => status === 201).map(({ body }) => JSON.stringify(body)));
      const early = replies.filter(({ status, body }) => status === 409 && body.code === 'idempotency_in_progress');
      if (told.size !== 1 || delivered.size > 1 || taken.length + early.length !== replies.length)
        wrong.push(replies.map(({ status, body }) => [status, body]));
      ids.set(n, [...told][0]);
    };
    for (let first = 0; first < KEYS; first += AT_ONCE) {
      await allOf(Math.min(AT_ONCE, KEYS - first), async (offset) => {
        const n = 10_000 + first + offset;
        const post = () => send(fleet.next(), leadOf(n), { 'idempotency-key': `key-${n}` });
        judge(n, await allOf(3 * POSTS, post));
        // A request that was answered 409 gets the lead's state when it is repeated.
        judge(n, [await post()]);
      });
    }
    t.strictSame(wrong, []);
    t.ok(statuses.has(409), 'some requests met while the first was under way');
    const rows = (await fleet.settled(20_000)).slice(before);
    t.strictSame(rows.map(({ id }) => id).sort(), [...ids.values()].sort());
    t.ok(rows.every(({ status }) => status === 'delivered'));
    t.strictSame([...new Set(await fleet.received(ids.keys()))], [1]);
  },
);
