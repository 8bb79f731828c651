import { join } from 'node:path';
import t, { type Test } from 'tap';
import { FAULTS, nationalOf } from '../../src/simulator/faults/table.ts';
import { leadOf, NO_LIMITS, phoneOf, post, read, send } from '../support/caller.ts';
import { type StoredLead, storedLeads } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import { memoryFolder } from '../support/memory-folder.ts';
import { startProvider } from '../support/provider.ts';
import { scaled } from '../support/scale.ts';

const RESETS = scaled(24, 1_000);

t.setTimeout(scaled(180_000, 600_000));

type Expected = { readonly status: number; readonly state: string; readonly reason?: string };
const DELIVERED: Expected = { status: 201, state: 'delivered' };
const UNKNOWN: Expected = { status: 202, state: 'unknown' };
const QUEUED: Expected = { status: 202, state: 'queued' };
const PARKED: Expected = { status: 202, state: 'parked' };
const rejected = (reason: string): Expected => ({ status: 422, state: 'rejected', reason });

/** A visitor sees no difference between leads that are not final. */
const seenByVisitor = ({ status, state }: Expected) =>
  status === 202 ? { status: 'queued', attempts: 0 } : { status: state, attempts: 1 };

/**
 * The answer to the request and the final state of the lead, with `UNKNOWN_OUTCOME=hold` and a provider that gets one second for
 * a call (the table "What the provider's answer becomes"). Every fault of the simulator that is not here is `unknown`.
 */
const EXPECTED: Readonly<Record<string, Expected>> = {
  delivered: DELIVERED,
  bom: DELIVERED,
  spaces: DELIVERED,
  failure_phone: rejected('phone'),
  failure_400: rejected('phone'),
  failure_target: rejected('target'),
  failure_credentials: QUEUED,
  '401': QUEUED,
  failure_other: PARKED,
  failure_quotes_question: PARKED,
  failure_blank: PARKED,
  failure_500: PARKED,
  '403': PARKED,
  '403_failure': PARKED,
  '429_seconds': QUEUED,
  '429_date': QUEUED,
  '503': QUEUED,
  '503_retry_after': QUEUED,
  '503_failure': QUEUED,
  wrong_charset: DELIVERED,
};

/** A question that would classify the lead as rejected if the provider's quotation of it were matched. */
const QUESTION = 'Is my phone number invalid?';

async function setup(t: Test, changes: Record<string, string>) {
  const provider = await startProvider(t);
  const database = join(memoryFolder(t), 'gateway.db');
  const { url, lines } = await startGateway(t, {
    ...NO_LIMITS,
    ...provider.env,
    DATABASE_URL: `sqlite:${database}`,
    ...changes,
  });
  return { provider, database, url, lines };
}

/** Delivers a lead, which resets the breaker and the streak of refused credentials. */
async function heal(t: Test, url: string, n: number): Promise<void> {
  const reply = await send(url, leadOf(n));
  if (reply.status !== 201) t.fail(`a good lead was answered ${reply.status}`);
}

const faulty = (fault: string, question: string): object => {
  const found = FAULTS.find(({ name }) => name === fault);
  if (!found) throw new Error(`The simulator has no fault ${fault}.`);
  return leadOf(0, { consumer: { phone: `+1${nationalOf(found)}`, question } });
};

t.test('each fault of the provider leads to the answer and the state that the contract states', async (t) => {
  const { provider, database, url, lines } = await setup(t, { UNKNOWN_OUTCOME: 'hold', UPSTREAM_TIMEOUT_MS: '1000' });
  const names = FAULTS.map(({ name }) => name);
  t.strictSame(
    Object.keys(EXPECTED).filter((name) => !names.includes(name)),
    [],
  );
  for (const [n, fault] of FAULTS.entries()) {
    await t.test(`${fault.name}: ${fault.summary}`, async (t) => {
      const expected = EXPECTED[fault.name] ?? UNKNOWN;
      const before = lines.length;
      const reply = await send(url, faulty(fault.name, QUESTION));
      t.equal(reply.status, expected.status);
      if (expected.reason) t.match(reply.body, { code: 'lead_rejected', reason: expected.reason });
      else t.match(reply.body, seenByVisitor(expected));
      t.match(await read(url, `/conversations/${reply.body.id}`), { body: seenByVisitor(expected) });
      const stored = storedLeads(database).find(({ id }) => id === reply.body.id);
      t.match(stored, { status: expected.state, attempts: 1 });
      t.equal(reply.headers.has('retry-after'), expected.status === 202, 'a lead that is not final has Retry-After');
      const told = JSON.stringify([reply.body, lines.slice(before)]);
      for (const secret of [QUESTION, provider.simulator.endpoint, provider.env.PROVIDER_PASSWORD]) {
        t.notOk(told.includes(String(secret)), 'neither the answer nor the log holds it');
      }
      const { received, got } = await provider.ofPhone(`1${nationalOf(fault)}`);
      t.ok(received <= 1, 'the provider was called at most once');
      if (expected === DELIVERED) t.equal(got, 1, 'a delivered lead has arrived');
      await heal(t, url, n);
    });
  }
});

t.test(`${RESETS} calls that are reset after they were read are not repeated with hold`, async (t) => {
  const { provider, database, url } = await setup(t, { UNKNOWN_OUTCOME: 'hold' });
  const ids = new Set<unknown>();
  // After four resets one lead succeeds, because five failures in a row would open the breaker.
  for (let n = 0; n < RESETS; n += 4) {
    const together = Array.from({ length: Math.min(4, RESETS - n) }, (_, offset) =>
      send(url, faulty('reset_after_read', `Question ${n + offset}`)),
    );
    for (const { status, body } of await Promise.all(together)) {
      ids.add(body.id);
      if (status !== 202 || body.status !== 'queued') t.fail(`answered ${status} ${JSON.stringify(body)}`);
    }
    await heal(t, url, n);
  }
  t.equal(ids.size, RESETS);
  const held = storedLeads(database).filter(({ id }) => ids.has(id));
  t.equal(held.length, RESETS);
  t.strictSame(new Set(held.map(({ status, attempts }) => `${status} ${attempts}`)), new Set(['unknown 1']));
  t.match(await provider.ofPhone('14045552074'), { received: RESETS, got: RESETS });
  const received = Object.values(await provider.byLead()).map((tally) => tally.received);
  t.equal(Math.max(...received), 1, 'no lead was sent twice');
});

/** The gateway of the other tests. It answers before a slow call ends, and soon sends a lead again. */
const resending = await setup(t, {
  UNKNOWN_RESEND_MAX: '2',
  RETRY_SCHEDULE_S: '1,1,1,1,1,1,1,1',
  DELIVER_WAIT_MS: '100',
});

t.test(
  'with resend an unknown outcome is sent UNKNOWN_RESEND_MAX times more, logged as a possible repeat',
  async (t) => {
    const { provider, database, url, lines } = resending;
    const { status, body } = await send(url, faulty('reset_after_read', QUESTION));
    t.equal(status, 202);
    t.match(body, { status: 'queued' });
    const ended = await untilFinal(database, body.id, 'unknown');
    t.equal(ended.attempts, 3);
    t.match(await provider.ofPhone('14045552074'), { received: 3 });
    const attempts = lines.filter(({ event, conversation }) => event === 'attempt' && conversation === body.id);
    t.strictSame(
      attempts.map(({ possibleRepeat }) => possibleRepeat),
      [undefined, true, true],
    );
  },
);

t.test('with a provider slower than DELIVER_WAIT_MS the answer is 202, and the lead is delivered later', async (t) => {
  const { provider, database, url } = resending;
  await provider.answer('delivered', { delayMs: 600 });
  const { status, headers, body } = await send(url, leadOf(1));
  t.equal(status, 202);
  t.match(body, { status: 'queued', attempts: 0 });
  t.ok(headers.has('retry-after'));
  t.equal(headers.get('location'), `/conversations/${body.id}`);
  await untilFinal(database, body.id, 'delivered');
  t.match(await provider.ofPhone(phoneOf(1)), { received: 1 });
});

t.test('while the provider is unreachable the answer is 202, and the leads arrive once it is back', async (t) => {
  const { provider, database, url } = resending;
  await provider.answer('503');
  const replies = await Promise.all(Array.from({ length: 20 }, (_, n) => post(url, leadOf(100 + n))));
  t.ok(replies.every((reply) => reply?.status === 202 && reply.body.status === 'queued'));
  await provider.answer('delivered');
  for (const reply of replies) await untilFinal(database, reply?.body.id, 'delivered');
});

/** The breaker's pause of 5 s may have to pass first. */
function untilFinal(database: string, id: unknown, status: string): Promise<StoredLead> {
  return eventually(`${id} is ${status}`, 20_000, () =>
    storedLeads(database).find((lead) => lead.id === id && lead.status === status),
  );
}
