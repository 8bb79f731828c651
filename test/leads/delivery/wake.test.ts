import t from 'tap';
import type { Outcome } from '../../../src/domain/provider.ts';
import { deliver } from '../../support/delivery.ts';
import { lead } from '../../support/lead.ts';
import { leased, queued, sqliteOutbox } from '../../support/outbox.ts';

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

t.test('what is due later does not put off what is due sooner', async (t) => {
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

t.test('a worker that was stopped, also in the middle of a look, never looks again', async (t) => {
  const outbox = sqliteOutbox(t)();
  const held = Promise.withResolvers<void>();
  let looks = 0;
  const slow = {
    ...outbox,
    async parked() {
      looks += 1;
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
  t.equal(looks, 1);
  t.equal(clock.next(), undefined, 'and it sleeps no more');
});
