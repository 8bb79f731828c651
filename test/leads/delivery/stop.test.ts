import t from 'tap';
import type { Outcome } from '../../../src/domain/provider.ts';
import { deliver } from '../../support/delivery.ts';
import { queued, sqliteOutbox } from '../../support/outbox.ts';

const START = 1_000_000;

t.test('delivery is stopped when every attempt under way is recorded, and not before', async (t) => {
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
