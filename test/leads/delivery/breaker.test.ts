import t from 'tap';
import { PROBE_EVERY_MS } from '../../../src/domain/ports/delivery-queue.ts';
import type { Outcome } from '../../../src/domain/provider.ts';
import {
  abandoned,
  type Breaker,
  begun,
  CLOSED,
  createGate,
  FAILURES_TO_OPEN,
  failed,
  succeeded,
  verdict,
} from '../../../src/leads/delivery/breaker.ts';
import { manualClock } from '../../support/clock.ts';
import { deliver } from '../../support/delivery.ts';
import { lead } from '../../support/lead.ts';
import { entry, hashing, queued, sqliteOutbox } from '../../support/outbox.ts';

function open(at: number): Breaker {
  let breaker: Breaker = CLOSED;
  for (let n = 0; n < FAILURES_TO_OPEN; n += 1) breaker = failed(breaker, at);
  return breaker;
}

t.test('the breaker opens after exactly so many consecutive failures', async (t) => {
  let breaker: Breaker = CLOSED;
  for (let n = 1; n < FAILURES_TO_OPEN; n += 1) breaker = failed(breaker, 0);
  t.equal(breaker.state, 'closed');
  t.equal(failed(succeeded(), 0).state, 'closed', 'a success starts the count anew');
  t.strictSame(failed(breaker, 1_000), { state: 'open', until: 6_000, openings: 1 });
});

t.test('an open breaker allows no call during its pause, and one call after it', async (t) => {
  const breaker = open(0);
  t.strictSame(verdict(breaker, 4_999), { kind: 'wait', until: 5_000 });
  t.strictSame(verdict(breaker, 5_000), { kind: 'go' });
  const half = begun(breaker, 5_000);
  t.equal(half.state, 'half_open');
  t.equal(verdict(half, 5_001).kind, 'wait');
});

t.test('a failed probe doubles the pause, up to one minute', async (t) => {
  let breaker = open(0);
  const pauses: number[] = [];
  for (let n = 0; n < 6; n += 1) {
    const now = breaker.state === 'open' ? breaker.until : 0;
    breaker = failed(begun(breaker, now), now);
    if (breaker.state === 'open') pauses.push(breaker.until - now);
  }
  t.strictSame(pauses, [10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
});

t.test('a successful probe closes the breaker at once', async (t) => {
  t.strictSame(succeeded(), CLOSED);
});

t.test('after a probe that made no call the next probe may start at once', async (t) => {
  const breaker = abandoned(begun(open(0), 5_000), 5_100);
  t.strictSame(breaker, { state: 'open', until: 5_100, openings: 1 });
  t.equal(verdict(breaker, 5_100).kind, 'go');
  t.strictSame(abandoned(CLOSED, 1), CLOSED);
});

t.test('a probe whose outcome is never reported stops blocking after its time-out', async (t) => {
  const half = begun(open(0), 5_000);
  t.equal(verdict(half, 5_000 + 90_000).kind, 'go');
});

t.test('failures that are reported while the breaker is open change nothing', async (t) => {
  const breaker = open(0);
  t.equal(failed(breaker, 100), breaker);
});

const DELIVERED: Outcome = { class: 'delivered' };
const NOT_SENT: Outcome = { class: 'not_sent', cause: 'refused' };
const START = 1_000_000;
const due = (provider: string) => ({ lead: lead({ provider }), start: { kind: 'due', at: START } }) as const;

t.test(
  'during an outage of an endpoint its leads wait without attempts, and afterwards they are delivered at a bounded rate',
  async (t) => {
    const outbox = sqliteOutbox(t)();
    let away = true;
    const { clock, worker, calls, changes } = await deliver(t, {
      outbox,
      provider: () => (away ? NOT_SENT : DELIVERED),
      limits: { concurrency: 8, perSecond: 10 },
      rules: { scheduleS: [5, 30, 120, 600, 3600] },
    });
    const ids = await Promise.all(Array.from({ length: 200 }, () => queued(outbox, START)));
    worker.start();
    await clock.advance(PROBE_EVERY_MS);
    const during = calls.length;
    t.ok(during < 40, `${during} calls in ten minutes of outage`);
    const untouched = (await Promise.all(ids.map((id) => outbox.find(id)))).filter((found) => found?.attempts === 0);
    t.ok(untouched.length >= 160, 'most leads have lost no attempt');
    away = false;
    await clock.advance(61_000);
    const seconds = new Map<number, number>();
    for (const { at } of calls.slice(during))
      seconds.set(Math.floor(at / 1_000), (seconds.get(Math.floor(at / 1_000)) ?? 0) + 1);
    t.ok(Math.max(...seconds.values()) <= 21, `at most ${Math.max(...seconds.values())} calls in one second`);
    await clock.advance(3_700_000);
    t.ok((await Promise.all(ids.map((id) => outbox.find(id)))).every((found) => found?.status === 'delivered'));
    t.equal(changes[0], 'na open');
    t.equal(changes.at(-1), 'na closed');
  },
);

t.test('an outage of one endpoint does not delay the leads of another', async (t) => {
  const outbox = sqliteOutbox(t)();
  const { clock, worker, gate } = await deliver(t, {
    outbox,
    providers: ['default', 'eu'],
    provider: ({ provider }) => (provider === 'eu' ? NOT_SENT : DELIVERED),
  });
  for (let n = 0; n < FAILURES_TO_OPEN; n += 1) await queued(outbox, START, due('eu'));
  worker.start();
  await clock.advance(100);
  t.match(gate.clear('eu'), { kind: 'later' });
  const id = await queued(outbox, clock.now(), due('default'));
  worker.kick();
  await clock.settle();
  t.match(await outbox.find(id), { status: 'delivered' });
});

t.test('when the pause of a breaker is over, exactly one call probes the endpoint', async (t) => {
  const outbox = sqliteOutbox(t)();
  const { clock, worker, calls } = await deliver(t, {
    outbox,
    provider: () => NOT_SENT,
    limits: { concurrency: 5, perSecond: 50 },
  });
  for (let n = 0; n < 30; n += 1) await queued(outbox, START);
  worker.start();
  await clock.advance(4_999);
  const before = calls.length;
  await clock.advance(2_000);
  t.equal(calls.length - before, 1);
});

t.test('only the first report of a permit counts', async (t) => {
  const gate = createGate({ endpoint: () => 'na', clock: manualClock(START), onChange: () => undefined });
  const clearance = gate.clear('default');
  if (clearance.kind !== 'go') throw new Error(clearance.kind);
  for (let n = 0; n < FAILURES_TO_OPEN; n += 1) clearance.permit.report('not_sent');
  t.strictSame([...gate.breakers()], [['na', 'closed']]);
});

t.test('a probe with a suppressed lead makes no call, and the next lead probes at once', async (t) => {
  const outbox = sqliteOutbox(t)();
  const { clock, worker, calls } = await deliver(t, {
    outbox,
    provider: (_, call) => (call <= FAILURES_TO_OPEN ? NOT_SENT : DELIVERED),
    rules: { scheduleS: [3_600] },
  });
  await Promise.all(Array.from({ length: FAILURES_TO_OPEN }, () => queued(outbox, START)));
  worker.start();
  await clock.advance(1_000);
  const phoneHash = hashing.phone('+14045550000');
  const suppressed = await queued(outbox, clock.now(), { phoneHash });
  const id = await queued(outbox, clock.now() + 1);
  await outbox.suppress(phoneHash, entry('suppress', clock.now()));
  await clock.advance(6_000);
  t.match(await outbox.find(suppressed), { status: 'rejected' });
  t.match(await outbox.find(id), { status: 'delivered' });
  t.equal(calls.length, FAILURES_TO_OPEN + 1);
});

t.test('test leads pass every breaker, change none, and are never held back with a parked account', async (t) => {
  const changes: string[] = [];
  const gate = createGate({
    endpoint: () => 'na',
    clock: manualClock(),
    onChange: (...change) => changes.push(change.join(' ')),
  });
  const fail = (provider: string) => {
    const clearance = gate.clear(provider);
    if (clearance.kind === 'go') clearance.permit.report('not_sent');
    return clearance.kind;
  };
  for (let n = 0; n < 2 * FAILURES_TO_OPEN; n += 1) t.equal(fail('test:default'), 'go');
  t.strictSame(changes, []);
  for (let n = 0; n < FAILURES_TO_OPEN; n += 1) fail('default');
  gate.setParked(new Set(['default']));
  t.strictSame(changes, ['na open']);
  t.equal(gate.clear('test:default').kind, 'go');
  t.equal(gate.blockedUntil('test:default'), undefined);
  t.equal(gate.isProbe('test:default'), false);
});
