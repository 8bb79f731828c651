import t from 'tap';
import { PROBE_EVERY_MS } from '../../../src/domain/ports/delivery-queue.ts';
import type { Outcome } from '../../../src/domain/provider.ts';
import { FAILURES_TO_OPEN } from '../../../src/leads/delivery/breaker.ts';
import { deliver } from '../../support/delivery.ts';
import { lead } from '../../support/lead.ts';
import { queued, sqliteOutbox } from '../../support/outbox.ts';

const DELIVERED: Outcome = { class: 'delivered' };
const NOT_SENT: Outcome = { class: 'not_sent', cause: 'refused' };
const START = 1_000_000;
const due = (provider: string) => ({ lead: lead({ provider }), start: { kind: 'due', at: START } }) as const;

t.test('while a region is away its leads wait and use up no attempt; then they drain at a bounded rate', async (t) => {
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
});

t.test('one region away does not keep the other from its leads', async (t) => {
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

t.test('when the pause is over exactly one call goes out to see', async (t) => {
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
