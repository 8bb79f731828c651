import t from 'tap';
import { PROBE_EVERY_MS } from '../../../src/domain/ports/delivery-queue.ts';
import type { Outcome } from '../../../src/domain/provider.ts';
import { FAILURES_TO_OPEN } from '../../../src/leads/delivery/breaker.ts';
import { manualClock } from '../../support/clock.ts';
import { deliver } from '../../support/delivery.ts';
import { lead } from '../../support/lead.ts';
import { leased, queued, sqliteOutbox } from '../../support/outbox.ts';

const DELIVERED: Outcome = { class: 'delivered' };
const REFUSED: Outcome = { class: 'credentials', cause: 'failure' };
const START = 1_000_000;

async function parkedProvider(t: Parameters<typeof deliver>[0], credentials: () => string = () => 'credentials-1') {
  const outbox = sqliteOutbox(t)();
  const state = { works: false };
  const parts = await deliver(t, { outbox, provider: () => (state.works ? DELIVERED : REFUSED), credentials });
  const ids = await Promise.all(Array.from({ length: 40 }, () => queued(outbox, START)));
  parts.worker.start();
  await parts.clock.advance(1_000);
  const statuses = async () => {
    const found = await Promise.all(ids.map((id) => outbox.find(id)));
    return [...new Set(found.map((conversation) => conversation?.status))].sort().join();
  };
  return { outbox, state, statuses, ...parts };
}

t.test(
  'a provider that refuses our credentials is parked with all its leads, and tried every ten minutes with one',
  async (t) => {
    const { statuses, clock, calls, gate } = await parkedProvider(t);
    t.equal(await statuses(), 'parked');
    t.match(gate.clear('default'), { kind: 'parked' });
    const before = calls.length;
    await clock.advance(598_000);
    t.equal(calls.length, before, 'left alone');
    await clock.advance(2_000);
    t.equal(calls.length, before + 1, 'one probe');
    await clock.advance(PROBE_EVERY_MS);
    t.equal(calls.length, before + 2);
    t.equal(await statuses(), 'parked');
  },
);

t.test('a successful probe releases all leads of the provider', async (t) => {
  const { state, statuses, clock, changes } = await parkedProvider(t);
  state.works = true;
  await clock.advance(610_000);
  t.equal(await statuses(), 'delivered');
  t.ok(changes.includes('default released'));
});

t.test('changed credentials release all leads at once', async (t) => {
  let credentials = 'credentials-1';
  const { state, statuses, clock, worker } = await parkedProvider(t, () => credentials);
  state.works = true;
  credentials = 'credentials-2';
  worker.kick();
  await clock.advance(5_000);
  t.equal(await statuses(), 'delivered');
});

t.test('new leads for a parked provider wait with the others', async (t) => {
  const { outbox, state, clock } = await parkedProvider(t);
  const id = await queued(outbox, clock.now());
  await clock.advance(6_000);
  t.match(await outbox.find(id), { status: 'parked', attempts: 0 });
  state.works = true;
  await clock.advance(610_000);
  t.match(await outbox.find(id), { status: 'delivered' });
});

t.test('once a provider is parked, no request calls it, even before the next poll that was scheduled', async (t) => {
  const outbox = sqliteOutbox(t)();
  const { clock, worker, delivery } = await deliver(t, { outbox, provider: () => REFUSED });
  worker.start();
  await clock.settle();
  for (let n = 0; n < 3; n += 1) {
    const clearance = delivery.clear('default');
    if (clearance.kind !== 'go') throw new Error(clearance.kind);
    const context = { permit: clearance.permit, tries: 0, unknowns: 0, mayHaveArrived: false };
    await delivery.attempt(lead(), await leased(outbox, START), context);
  }
  await clock.settle();
  t.match(delivery.clear('default'), { kind: 'parked' });
});

t.test(
  'a probe that is due while its endpoint is away waits for the endpoint, without looking again and again',
  async (t) => {
    const outbox = sqliteOutbox(t)();
    const state: { answer: Outcome } = { answer: REFUSED };
    let looks = 0;
    const counting = { ...outbox, parked: () => outbox.parked().finally(() => (looks += 1)) };
    const { clock, worker, gate, calls } = await deliver(t, {
      outbox: counting,
      provider: () => state.answer,
      limits: { concurrency: 3, perSecond: 50 },
    });
    for (let n = 0; n < 9; n += 1) await queued(outbox, START);
    worker.start();
    await clock.advance(1_000);
    state.answer = { class: 'not_sent', cause: 'refused' };
    // The breaker opens a moment before the probe is due, for five seconds.
    await clock.advance(598_000);
    for (let n = 0; n < FAILURES_TO_OPEN; n += 1) {
      const clearance = gate.clearProbe('default');
      if (clearance.kind === 'go') clearance.permit.report('not_sent');
    }
    const [provider] = await outbox.parked();
    const until = gate.blockedUntil('default') ?? 0;
    t.ok(provider && provider.probeAt < until, 'due, and not allowed');
    const before = looks;
    const called = calls.length;
    await clock.advance(until - 1 - clock.now());
    t.ok(looks - before <= 4, `${looks - before} looks`);
    t.equal(calls.length, called);
    await clock.advance(1_000);
    t.equal(calls.length, called + 1, 'the probe was not used up while it was not allowed');
  },
);

const REFUSAL = {
  status: 'queued',
  dueAt: START,
  attempted: true,
  credentials: 'refused',
  account: { credentials: 'credentials-1', target: 'a' },
} as const;

t.test('one of all processes probes a parked provider, every ten minutes', async (t) => {
  const open = sqliteOutbox(t);
  const clock = manualClock(START);
  const processes = await Promise.all(
    ['a', 'b', 'c'].map((owner) =>
      deliver(t, { outbox: open({ owner }), clock, provider: () => ({ class: 'delivered' }) }),
    ),
  );
  const outbox = open();
  for (let n = 0; n < 9; n += 1) await outbox.settle(await leased(outbox, START), REFUSAL, START);
  await outbox.close();
  for (let minutes = 10; minutes <= 30; minutes += 10) {
    await Promise.all(processes.map(({ parking }) => parking.refresh()));
    await Promise.all(processes.map(({ parking }) => parking.tidy()));
    await clock.advance(PROBE_EVERY_MS);
    const probes = await Promise.all(processes.map(({ parking }) => parking.claimProbes()));
    t.equal(probes.flat().length, 1, `after ${minutes} minutes`);
  }
});

t.test('a probe that is due is left to its time while its endpoint may not be called', async (t) => {
  const outbox = sqliteOutbox(t)();
  const { clock, parking, gate } = await deliver(t, { outbox, provider: () => DELIVERED });
  for (let n = 0; n < 3; n += 1) await outbox.settle(await leased(outbox, START), REFUSAL, START);
  await parking.refresh();
  await clock.advance(PROBE_EVERY_MS);
  for (let n = 0; n < FAILURES_TO_OPEN; n += 1) {
    const clearance = gate.clearProbe('default');
    if (clearance.kind === 'go') clearance.permit.report('not_sent');
  }
  t.strictSame(await parking.claimProbes(), []);
  t.match(await outbox.parked(), [{ probeAt: START + PROBE_EVERY_MS }], 'it is not postponed by ten minutes');
  t.equal(await outbox.count({ status: ['parked'] }), 1, 'no lead is leased');
  await clock.advance((gate.blockedUntil('default') ?? 0) - clock.now());
  t.equal((await parking.claimProbes()).length, 1);
});

t.test('refusals of calls that started before a change of credentials do not park the provider', async (t) => {
  const outbox = sqliteOutbox(t)();
  let credentials = 'old';
  const waiting: ((outcome: Outcome) => void)[] = [];
  const { clock, worker, calls } = await deliver(t, {
    outbox,
    credentials: () => credentials,
    provider: () =>
      credentials === 'new' ? { class: 'delivered' } : new Promise<Outcome>((resolve) => waiting.push(resolve)),
  });
  const ids = await Promise.all(Array.from({ length: 6 }, () => queued(outbox, START)));
  worker.start();
  await clock.advance(1_000);
  t.equal(calls.length, 6);
  credentials = 'new';
  for (const answer of waiting) answer({ class: 'credentials', cause: 'http_401' });
  await clock.advance(1_000);
  t.strictSame(await outbox.parked(), []);
  for (const id of ids) t.match(await outbox.find(id), { status: 'delivered', attempts: 2 });
});
