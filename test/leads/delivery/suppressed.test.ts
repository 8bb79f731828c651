import t, { type Test } from 'tap';
import type { Conversation, Lead } from '../../../src/domain/lead.ts';
import type { Answer, Outcome } from '../../../src/domain/provider.ts';
import { createRecentCalls } from '../../../src/leads/delivery/attempt.ts';
import { createSubmit } from '../../../src/leads/submit.ts';
import { deliver } from '../../support/delivery.ts';
import { lead } from '../../support/lead.ts';
import { entry, hashing, newLead, sqliteOutbox } from '../../support/outbox.ts';

const WAIT_MS = 4_000;
const STEP_MS = 20;
const REFUSED: Outcome = { class: 'rejected', reason: 'phone', cause: 'failure_phone' };
const ofNumber = (national: string, question: string): Lead =>
  lead({ question, phone: { e164: `+1${national}`, callingCode: '1', national } });
/** Numbers that the provider refuses. One of them is suppressed, so that it is never called. */
const GENUINE = '4045550001';
const SUPPRESSED = '4045550002';

/** A gateway whose provider refuses every number after `tookMs`, or fails as `outcome` says. */
async function gateway(t: Test, tookMs: number, outcome: Outcome = REFUSED) {
  const outbox = sqliteOutbox(t)();
  const parts = await deliver(t, {
    outbox,
    provider: async () => {
      await new Promise<void>((resume) => parts.clock.after(tookMs, resume));
      return outcome;
    },
  });
  const { clock, delivery, worker } = parts;
  const submit = createSubmit({
    store: outbox,
    delivery,
    hashing,
    dailyMax: () => ({ phone: 1_000, phoneTotal: 1_000, site: 1_000, visitor: 1_000 }),
    onUnrecorded: (error) => t.fail(String(error)),
    onQueued: () => undefined,
    waitMs: WAIT_MS,
    clock,
  });
  await outbox.suppress(hashing.phone(`+1${SUPPRESSED}`), entry('suppress', 1));
  const send = async (national: string, question: string) =>
    submit(ofNumber(national, question), {
      requestId: 'r',
      scope: { kind: 'visitor', id: 'demo', address: '192.0.2.1', idempotencyKey: `${national} ${question}` },
      screen: async () => ({ suspect: false, uses: [] }),
    });

  /** Everything that a stranger can see of a lead, every 20 ms, until `untilMs`: first answer, replays and states. */
  const observe = async (national: string, untilMs: number): Promise<string[]> => {
    const begun = clock.now();
    const seen: string[] = [];
    const note = (what: string, { status, attempts, reason, createdAt, updatedAt, dueAt }: Conversation): void => {
      const times = [createdAt, updatedAt, dueAt].map((at) => at !== undefined && at - begun);
      seen.push(`${clock.now() - begun} ${what} ${status} ${attempts} ${reason} ${times}`);
    };
    let id: string | undefined;
    const told = (what: string) =>
      [
        ({ conversation }: { conversation: Conversation }) => {
          id = conversation.id;
          note(what, conversation);
        },
        (error: Error) => void seen.push(`${clock.now() - begun} ${what} ${error.message}`),
      ] as const;
    send(national, 'the same').then(...told('answer'));
    while (clock.now() < begun + untilMs) {
      send(national, 'the same').then(...told('replay'));
      await clock.advance(STEP_MS);
      const stored = id === undefined ? undefined : await outbox.find(id);
      if (stored) note('state', stored);
    }
    return seen;
  };

  /** One call before, so that the gateway knows how long it takes; more failures would open the circuit breaker. */
  const warmUp = async (): Promise<void> => {
    const sent = send(GENUINE, 'before');
    await clock.advance(tookMs + WAIT_MS);
    await sent;
  };
  return { ...parts, outbox, worker, observe, warmUp };
}

for (const [name, tookMs, outcome] of [
  ['a provider that answers at once', 180, REFUSED],
  ['a provider that is slower than a visitor waits', WAIT_MS + 900, REFUSED],
  ['a provider that refuses connections', 40, { class: 'not_sent', cause: 'refused' }],
  ['a provider that does not answer in time', WAIT_MS + 1_000, { class: 'not_sent', cause: 'connect_timeout' }],
] as const) {
  t.test(`with ${name} a suppressed number looks like a refused one at any time`, async (t) => {
    const { observe, warmUp, calls } = await gateway(t, tookMs, outcome);
    await warmUp();
    const genuine = await observe(GENUINE, tookMs + 500);
    const before = calls.length;
    const suppressed = await observe(SUPPRESSED, tookMs + 500);
    t.strictSame(suppressed, genuine);
    t.equal(calls.length, before, 'the suppressed number was not sent');
    t.match(genuine.at(-1), outcome === REFUSED ? / rejected 1 phone / : / queued 1 /);
  });
}

t.test('a suppressed number is treated like any other when its account is no longer configured', async (t) => {
  const outbox = sqliteOutbox(t)();
  const { clock, delivery, stop } = await deliver(t, {
    outbox,
    provider: () => REFUSED,
    credentials: () => undefined as unknown as string,
  });
  const hash = hashing.phone(`+1${SUPPRESSED}`);
  await outbox.suppress(hash, entry('suppress', 1));
  const accepted = await outbox.accept(newLead({ lead: ofNumber(SUPPRESSED, 'q') }), clock.now());
  if (accepted.kind !== 'stored' || !accepted.lease) throw new Error('not leased');
  const clearance = delivery.clear('default');
  if (clearance.kind !== 'go') throw new Error(clearance.kind);
  const context = { permit: clearance.permit, tries: 0, unknowns: 0, mayHaveArrived: false, suppressed: true };
  const settled = await delivery.attempt(ofNumber(SUPPRESSED, 'q'), accepted.lease, context);
  t.match(settled, { status: 'parked', attempts: 0 });
  await stop();
});

t.test('a stop waits until the state of a suppressed number is recorded', async (t) => {
  const { observe, clock, stop, outbox } = await gateway(t, 180);
  const observed = observe(SUPPRESSED, 40);
  await clock.advance(40);
  await observed;
  const stopping = stop();
  await clock.advance(1_000);
  await stopping;
  t.equal(await outbox.count({ status: ['rejected'] }), 1);
});

const answer = (outcome: Outcome, durationMs: number): Answer => ({ outcome, durationMs });
const DELIVERED: Outcome = { class: 'delivered' };

t.test('an expected call takes as long as a recent one: of a refused number, else of any that was answered', (t) => {
  let now = 0;
  let random = 0;
  const calls = createRecentCalls(
    () => now,
    () => random,
  );
  const expected = () => calls.expected('default');
  t.strictSame(expected(), { durationMs: 150, answered: true }, 'nothing is known yet');
  random = 0.999;
  t.match(expected(), { answered: true });
  t.ok(expected().durationMs < 600);
  for (const durationMs of [100, 200, 300]) calls.record('default', answer(DELIVERED, durationMs));
  t.strictSame(expected(), { durationMs: 300, answered: true });
  for (const durationMs of [10, 20, 30, 40]) calls.record('default', answer(REFUSED, durationMs));
  t.strictSame(expected(), { durationMs: 40, answered: true });
  random = 0;
  t.strictSame(expected(), { durationMs: 10, answered: true });
  for (let n = 0; n < 32; n += 1) calls.record('default', answer(REFUSED, 50 + n));
  t.strictSame(expected(), { durationMs: 50, answered: true }, 'older calls are forgotten');
  t.strictSame(calls.expected('other'), { durationMs: 150, answered: true }, 'each account has its own');

  for (const failed of ['not_sent', 'unknown', 'credentials'] as const) {
    calls.record('default', answer({ class: failed, cause: 'x' }, 7));
    t.strictSame(expected(), { durationMs: 7, answered: false }, `after ${failed}`);
  }
  now += 60_000;
  t.strictSame(expected(), { durationMs: 50, answered: true }, 'a failure of a minute ago says nothing');
  t.end();
});

t.test('the wait that the provider asked for lasts until it is over or a call is answered, an hour at most', (t) => {
  let now = 5_000;
  const calls = createRecentCalls(
    () => now,
    () => 0,
  );
  const busy = (retryAfterMs?: number): Outcome =>
    retryAfterMs === undefined
      ? { class: 'not_sent', cause: 'http_503' }
      : { class: 'not_sent', cause: 'http_429', retryAfterMs };
  t.equal(calls.askedToWaitMs('default'), 0, 'nothing is known yet');
  calls.record('default', answer(busy(30_000), 7));
  now += 10_000;
  t.equal(calls.askedToWaitMs('default'), 20_000);
  t.equal(calls.askedToWaitMs('other'), 0, 'each account has its own');
  calls.record('default', answer(DELIVERED, 7));
  t.equal(calls.askedToWaitMs('default'), 0, 'the provider works again');
  calls.record('default', answer(busy(90_000_000), 7));
  t.equal(calls.askedToWaitMs('default'), 3_600_000);
  calls.record('default', answer(busy(), 7));
  t.equal(calls.askedToWaitMs('default'), 0);
  calls.record('default', answer(busy(1_000), 7));
  now += 1_001;
  t.equal(calls.askedToWaitMs('default'), 0);
  t.end();
});
