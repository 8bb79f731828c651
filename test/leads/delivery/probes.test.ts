import t from 'tap';
import { PROBE_EVERY_MS } from '../../../src/domain/ports/delivery-queue.ts';
import { manualClock } from '../../support/clock.ts';
import { deliver } from '../../support/delivery.ts';
import { leased, sqliteOutbox } from '../../support/outbox.ts';

const START = 1_000_000;
const REFUSED = {
  status: 'queued',
  dueAt: START,
  attempted: true,
  credentials: 'refused',
  account: { credentials: 'credentials-1', target: 'a' },
} as const;

t.test('of all processes that see a probe due, one probes, every ten minutes', async (t) => {
  const open = sqliteOutbox(t);
  const clock = manualClock(START);
  const processes = await Promise.all(
    ['a', 'b', 'c'].map((owner) =>
      deliver(t, { outbox: open({ owner }), clock, provider: () => ({ class: 'delivered' }) }),
    ),
  );
  const outbox = open();
  for (let n = 0; n < 9; n += 1) await outbox.settle(await leased(outbox, START), REFUSED, START);
  await outbox.close();
  for (let minutes = 10; minutes <= 30; minutes += 10) {
    await Promise.all(processes.map(({ parking }) => parking.refresh()));
    await Promise.all(processes.map(({ parking }) => parking.tidy()));
    await clock.advance(PROBE_EVERY_MS);
    const probes = await Promise.all(processes.map(({ parking }) => parking.claimProbes()));
    t.equal(probes.flat().length, 1, `after ${minutes} minutes`);
  }
});
