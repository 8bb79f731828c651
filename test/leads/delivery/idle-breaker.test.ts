import t from 'tap';
import type { Outcome } from '../../../src/domain/provider.ts';
import { FAILURES_TO_OPEN } from '../../../src/leads/delivery/breaker.ts';
import { deliver } from '../../support/delivery.ts';
import { queued, sqliteOutbox } from '../../support/outbox.ts';

const NOT_SENT: Outcome = { class: 'not_sent', cause: 'refused' };
const START = 1_000_000;
/** More looks at the queue than a minute of sleeping needs; from then on each fails, so that a hot loop ends. */
const MANY = 100;

t.test('a breaker whose pause is over before any lead is due lets the worker sleep', async (t) => {
  const outbox = sqliteOutbox(t)();
  let looks = 0;
  const counting = {
    ...outbox,
    async parked() {
      looks += 1;
      if (looks > MANY) throw new Error('too many looks');
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
  t.strictSame(changes, ['na open'], 'no probe is begun that has nothing to send');
  t.ok(looks <= 20, `${looks} looks in 39 s`);
  await clock.advance(2_000);
  t.equal(calls.length, FAILURES_TO_OPEN + 1, 'one lead goes ahead when it is due');
});
