import t, { type Test } from 'tap';
import { LEASE_MS } from '../../../src/domain/ports/delivery-queue.ts';
import { watchSkew } from '../../../src/store/postgres/replica-guard.ts';
import { manualClock } from '../../support/clock.ts';

/** A watch of a server whose clock is `aheadMs` ahead of ours. */
function watchOf(t: Test, aheadMs: number, leaseMs = LEASE_MS) {
  const clock = manualClock(100_000);
  const server = { aheadMs };
  const told: number[] = [];
  const skew = watchSkew({
    database: { read: async () => [{ at: clock.now() + server.aheadMs }] },
    clock,
    leaseMs,
    onSkew: (ms) => told.push(ms),
  });
  t.teardown(() => skew.stop());
  return { skew, told, clock, server };
}

for (const [aheadMs, told, ready] of [
  [0, [], true],
  [2_000, [], true],
  [-2_001, [-2_001], true],
  [30_000, [30_000], true],
  [30_001, [30_001], false],
  [-30_001, [-30_001], false],
] as const) {
  const what = `${told.length ? '' : 'not '}told of, and ${ready ? '' : 'not '}gone on with`;
  t.test(`a clock that is ${aheadMs} ms ahead is ${what}`, async (t) => {
    const watch = watchOf(t, aheadMs);
    await watch.skew.measure();
    t.strictSame(watch.told, told);
    if (ready) t.doesNotThrow(watch.skew.check);
    else t.throws(watch.skew.check, { name: 'StorageUnavailable' });
  });
}

t.test('clocks are compared once a minute, and work resumes once they agree again', async (t) => {
  const { skew, told, clock, server } = watchOf(t, 0);
  server.aheadMs = 40_000;
  await clock.advance(59_999);
  t.doesNotThrow(skew.check);
  await clock.advance(1);
  t.throws(skew.check);
  server.aheadMs = 0;
  await clock.advance(60_000);
  t.doesNotThrow(skew.check);
  t.strictSame(told, [40_000]);
});

t.test('a process without leases works with any clock', async (t) => {
  const { skew } = watchOf(t, 3_600_000, 0);
  await skew.measure();
  t.doesNotThrow(skew.check);
});
