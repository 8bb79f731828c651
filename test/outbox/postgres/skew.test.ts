import t from 'tap';
import { type SkewParts, watchSkew } from '../../../src/outbox/postgres/skew.ts';

const LEASE_MS = 60_000;

/** A watch of a server whose clock is `aheadMs` ahead of ours, asked by a way that takes a second. */
function watchOf(aheadMs: number) {
  let now = 100_000;
  const told: number[] = [];
  const database: SkewParts['database'] = {
    async read() {
      now += 500;
      const at = now + aheadMs;
      now += 500;
      return [{ at }];
    },
  };
  const skew = watchSkew({ database, now: () => now, leaseMs: LEASE_MS, onSkew: (ms) => told.push(ms) });
  t.teardown(() => skew.stop());
  return { skew, told };
}

for (const [aheadMs, told, ready] of [
  [0, [], true],
  [2_000, [], true],
  [-2_001, [-2_001], true],
  [30_000, [30_000], true],
  [30_001, [30_001], false],
  [-30_001, [-30_001], false],
] as const) {
  t.test(
    `a clock that is ${aheadMs} ms ahead is ${told.length ? '' : 'not '}told of, and ${ready ? '' : 'not '}gone on with`,
    async (t) => {
      const watch = watchOf(aheadMs);
      await watch.skew.measure();
      t.strictSame(watch.told, told);
      if (ready) t.doesNotThrow(watch.skew.check);
      else t.throws(watch.skew.check, { name: 'StorageUnavailable' });
    },
  );
}
