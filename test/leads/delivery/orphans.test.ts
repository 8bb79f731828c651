import t from 'tap';
import { deliver } from '../../support/delivery.ts';
import { lead } from '../../support/lead.ts';
import { queued, sqliteOutbox } from '../../support/outbox.ts';

const START = 1_000_000;

t.test('leads of an account that is configured no more are parked, whenever it was taken out', async (t) => {
  const outbox = sqliteOutbox(t)();
  const { clock, worker } = await deliver(t, {
    outbox,
    providers: ['default'],
    provider: ({ provider }) =>
      provider === 'gone' ? { class: 'refused', cause: 'unknown_provider' } : { class: 'delivered' },
  });
  const store = (at: number) =>
    queued(outbox, at, { lead: lead({ provider: 'gone' }), start: { kind: 'due', at: clock.now() } });
  const before = await store(START);
  worker.start();
  await clock.advance(1_000);
  t.match(await outbox.find(before), { status: 'parked' });
  const later = await store(clock.now());
  await clock.advance(5_000);
  t.match(await outbox.find(later), { status: 'parked' });
});
