import t from 'tap';
import type { Outbox } from '../../../src/domain/ports/outbox.ts';
import type { Outcome } from '../../../src/domain/provider.ts';
import { FAILURES_TO_OPEN } from '../../../src/leads/delivery/breaker.ts';
import { deliver } from '../../support/delivery.ts';
import { lead } from '../../support/lead.ts';
import { leased, newLead, queued, sqliteOutbox } from '../../support/outbox.ts';

const DELIVERED: Outcome = { class: 'delivered' };
const NOT_SENT: Outcome = { class: 'not_sent', cause: 'refused' };
const START = 1_000_000;

t.test(
  'a lead whose caller waited for its first attempt is tried again when its step is due, and not later',
  async (t) => {
    const outbox = sqliteOutbox(t)();
    const { clock, worker, delivery, calls } = await deliver(t, {
      outbox,
      rules: { scheduleS: [1, 30] },
      provider: (_, call) => (call === 1 ? NOT_SENT : DELIVERED),
    });
    worker.start();
    await clock.advance(100);
    const clearance = delivery.clear('default');
    if (clearance.kind !== 'go') throw new Error(clearance.kind);
    const context = { permit: clearance.permit, tries: 0, unknowns: 0, mayHaveArrived: false };
    await delivery.attempt(lead(), await leased(outbox, clock.now()), context);
    await clock.advance(10_000);
    t.strictSame(
      calls.map(({ at }) => at - START),
      [100, 1_100],
    );
  },
);

t.test('a later due time does not postpone an earlier one', async (t) => {
  const outbox = sqliteOutbox(t)();
  const { clock, worker, calls } = await deliver(t, { outbox, provider: () => DELIVERED });
  worker.start();
  await clock.settle();
  await queued(outbox, START + 1_000);
  worker.wakeBy(START + 1_000);
  worker.wakeBy(START + 4_000);
  await clock.advance(10_000);
  t.strictSame(
    calls.map(({ at }) => at - START),
    [1_000],
  );
});

t.test('a worker that is stopped, even during a poll, never polls again', async (t) => {
  const outbox = sqliteOutbox(t)();
  const held = Promise.withResolvers<void>();
  let polls = 0;
  const slow = {
    ...outbox,
    async parked() {
      polls += 1;
      await held.promise;
      return outbox.parked();
    },
  };
  const { clock, worker } = await deliver(t, { outbox: slow, provider: () => DELIVERED });
  worker.start();
  await clock.settle();
  const stopped = worker.stop();
  held.resolve();
  await stopped;
  worker.kick();
  worker.wakeBy(clock.now() + 1_000);
  await clock.advance(60_000);
  t.equal(polls, 1);
  t.equal(clock.next(), undefined, 'no timer is left');
});

t.test('stop resolves only after every attempt under way is recorded', async (t) => {
  const outbox = sqliteOutbox(t)();
  const answer = Promise.withResolvers<Outcome>();
  const { clock, worker, calls, stop } = await deliver(t, { outbox, provider: () => answer.promise });
  const id = await queued(outbox, START);
  worker.start();
  await clock.settle();
  t.equal(calls.length, 1);
  let stopped = false;
  const stopping = stop().then(() => {
    stopped = true;
  });
  await clock.advance(5_000);
  t.notOk(stopped);
  answer.resolve({ class: 'delivered' });
  await stopping;
  t.match(await outbox.find(id), { status: 'delivered', attempts: 1 });
});

/** More polls than a sleeping worker makes in a minute; every further poll fails, so that a busy loop ends. */
const MANY = 100;

t.test('the worker sleeps while no lead is due, although the pause of a breaker is over', async (t) => {
  const outbox = sqliteOutbox(t)();
  let polls = 0;
  const counting = {
    ...outbox,
    async parked() {
      polls += 1;
      if (polls > MANY) throw new Error('too many polls');
      return outbox.parked();
    },
  };
  const { clock, worker, calls, changes } = await deliver(t, {
    outbox: counting,
    provider: () => NOT_SENT,
    rules: { scheduleS: [40, 40] },
  });
  await Promise.all(Array.from({ length: FAILURES_TO_OPEN }, () => queued(outbox, START)));
  worker.start();
  await clock.advance(39_000);
  t.equal(calls.length, FAILURES_TO_OPEN);
  t.strictSame(changes, ['na open'], 'no probe starts without a lead to send');
  t.ok(polls <= 20, `${polls} polls in 39 s`);
  await clock.advance(2_000);
  t.equal(calls.length, FAILURES_TO_OPEN + 1, 'one lead probes the endpoint when it is due');
});

/** Opens the breaker at `START` with leads whose next attempt is far away. */
async function openBreaker(t: Parameters<typeof deliver>[0], changes: (outbox: Outbox) => Partial<Outbox>) {
  const outbox = sqliteOutbox(t)();
  const parts = await deliver(t, {
    outbox: { ...outbox, ...changes(outbox) },
    provider: (_, call) => (call <= FAILURES_TO_OPEN ? NOT_SENT : DELIVERED),
    rules: { scheduleS: [3_600, 3_600] },
  });
  await Promise.all(Array.from({ length: FAILURES_TO_OPEN }, () => queued(outbox, START)));
  parts.worker.start();
  await parts.clock.advance(1_000);
  t.equal(parts.calls.length, FAILURES_TO_OPEN);
  return { ...parts, outbox };
}

t.test('a probe whose lead another process claimed first keeps the endpoint closed no longer', async (t) => {
  let taken = 0;
  const { clock, outbox, calls } = await openBreaker(t, ({ claim }) => ({
    async claim(request) {
      if (!request.probing || taken > 0) return claim(request);
      taken += 1;
      return [];
    },
  }));
  const id = await queued(outbox, clock.now());
  await clock.advance(6_000);
  t.equal(taken, 1, 'the probe found nothing');
  t.equal(calls.length, FAILURES_TO_OPEN + 1, 'the next one starts without a wait for its outcome');
  t.match(await outbox.find(id), { status: 'delivered' });
});

t.test('an endpoint that may be back is probed with a lead whose earlier outcomes are known', async (t) => {
  const { clock, outbox, calls } = await openBreaker(t, () => ({}));
  const odd = await outbox.accept(newLead({ lead: lead({ question: 'odd' }) }), clock.now());
  if (odd.kind !== 'stored' || !odd.lease) throw new Error('not leased');
  const unknown = { status: 'queued', dueAt: clock.now(), attempted: true, repeatable: true } as const;
  await outbox.settle(odd.lease, unknown, clock.now());
  await queued(outbox, clock.now() + 10, { lead: lead({ question: 'good' }) });
  await clock.advance(6_000);
  t.equal(calls[FAILURES_TO_OPEN]?.lead.question, 'good', 'although the other one is due longer');
});

t.test('the worker polls again at once as long as there are leads to move between queue and parking', async (t) => {
  const outbox = sqliteOutbox(t)();
  let chunks = 3;
  let polls = 0;
  const full = {
    ...outbox,
    async releaseWaiting(_provider: string, limit: number) {
      polls += 1;
      chunks -= 1;
      return chunks >= 0 ? limit : 0;
    },
  };
  const { clock, worker } = await deliver(t, { outbox: full, provider: () => DELIVERED });
  worker.start();
  await clock.advance(0);
  t.equal(polls, 4, 'without a moment between them');
  await clock.advance(60_000);
  t.equal(polls, 4, 'a chunk that was not full was the last one');
});
