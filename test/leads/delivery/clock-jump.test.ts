import t from 'tap';
import type { Outcome } from '../../../src/domain/provider.ts';
import { FAILURES_TO_OPEN } from '../../../src/leads/delivery/breaker.ts';
import { HOUR_MS } from '../../../src/lib/clock.ts';
import { createLocalCounts } from '../../../src/lib/local-counts.ts';
import { manualClock } from '../../support/clock.ts';
import { deliver } from '../../support/delivery.ts';
import { lead } from '../../support/lead.ts';
import { leased, queued, sqliteOutbox } from '../../support/outbox.ts';

/*
 * The wall clock is set forward or back by an hour while the gateway runs: by NTP, by an operator, or because the machine stood
 * still. Leads may be late because of it, and nothing else.
 */

const NOON = Date.UTC(2026, 10, 24, 12);
const DELIVERED: Outcome = { class: 'delivered' };
const NOT_SENT: Outcome = { class: 'not_sent', cause: 'refused' };

for (const unknown of ['resend', 'hold'] as const) {
  t.test(`a call under way when the clock goes forward is recorded, and not repeated with ${unknown}`, async (t) => {
    const outbox = sqliteOutbox(t)();
    const answer = Promise.withResolvers<Outcome>();
    const { clock, worker, delivery, calls, changes } = await deliver(t, {
      outbox,
      rules: { unknown },
      provider: () => answer.promise,
    });
    const clearance = delivery.clear('default');
    if (clearance.kind !== 'go') throw new Error(clearance.kind);
    const context = { permit: clearance.permit, tries: 0, unknowns: 0, mayHaveArrived: false };
    const attempt = delivery.attempt(lead(), await leased(outbox, clock.now()), context);
    worker.start();
    await clock.settle();
    clock.jump(HOUR_MS);
    await clock.advance(6_000);
    answer.resolve(DELIVERED);
    t.match(await attempt, { status: 'delivered', attempts: 1 });
    await clock.advance(120_000);
    t.equal(calls.length, 1);
    t.strictSame(changes, [], 'nobody took the lead over');
  });
}

for (const [way, jump] of [
  ['back', -HOUR_MS],
  ['forward', HOUR_MS],
] as const) {
  t.test(`leads are sent at the usual rate after the clock goes ${way}`, async (t) => {
    const outbox = sqliteOutbox(t)();
    const { clock, worker, calls } = await deliver(t, {
      outbox,
      clock: manualClock(NOON),
      provider: () => DELIVERED,
      limits: { concurrency: 10, perSecond: 5 },
    });
    worker.start();
    await clock.settle();
    clock.jump(jump);
    for (let n = 0; n < 20; n += 1) await queued(outbox, clock.now());
    worker.kick();
    await clock.advance(2_000);
    t.ok(calls.length >= 10 && calls.length < 20, `${calls.length} calls in 2 s, of which 15 may be made`);
    await clock.advance(10_000);
    t.equal(calls.length, 20);
  });

  t.test(`an open circuit breaker is tried again after its pause when the clock goes ${way}`, async (t) => {
    const outbox = sqliteOutbox(t)();
    const { clock, gate } = await deliver(t, { outbox, provider: () => NOT_SENT });
    for (let n = 0; n < FAILURES_TO_OPEN; n += 1) {
      const clearance = gate.clear('default');
      if (clearance.kind === 'go') clearance.permit.report('not_sent');
    }
    t.equal(gate.clear('default').kind, 'later');
    clock.jump(jump);
    t.equal((gate.blockedUntil('default') ?? 0) - clock.now(), 5_000);
    await clock.advance(4_999);
    t.equal(gate.clear('default').kind, 'later');
    await clock.advance(1);
    t.equal(gate.clear('default').kind, 'go');
  });

  t.test(`the window of a limit lasts as long as ever when the clock goes ${way}`, async (t) => {
    const clock = manualClock();
    const counts = createLocalCounts(clock.monotonic);
    counts.count('visitor', 60_000);
    clock.jump(jump);
    t.strictSame(counts.count('visitor', 60_000), { count: 2, resetMs: 60_000 });
    await clock.advance(60_000);
    t.strictSame(counts.count('visitor', 60_000), { count: 1, resetMs: 60_000 });
  });
}
