import t from 'tap';
import { createActivityReporter } from '../../src/admin/activity.ts';
import type { ActivityStore, MinuteCount } from '../../src/domain/ports/activity-store.ts';
import { manualClock } from '../support/clock.ts';

/** A reporter over a store that records its writes and refuses them while `broken` is set. */
function setup() {
  const written: (readonly MinuteCount[])[] = [];
  const store = {
    broken: false,
    forgotten: 0,
    async recordActivity(_state: unknown, counts: readonly MinuteCount[]) {
      if (store.broken) throw new Error('no storage');
      written.push(counts);
    },
    async forgetReplica() {
      store.forgotten += 1;
    },
  };
  const clock = manualClock(600_000);
  const reporter = createActivityReporter({
    store: store as unknown as ActivityStore,
    state: () => ({ version: '1.0.0', startedAt: 0, breakers: {}, settingsRefused: false }),
    clock,
  });
  return { reporter, clock, written, store };
}

t.test('counts are written every ten seconds, by minute and kind', async (t) => {
  const { reporter, clock, written } = setup();
  reporter.start();
  await clock.advance(0);
  t.strictSame(written, [[]], 'a process is known at once');
  for (let n = 0; n < 3; n += 1) reporter.count('delivered');
  reporter.count('unknown');
  await clock.advance(10_000);
  t.strictSame(written[1], [
    { minute: 10, kind: 'delivered', count: 3 },
    { minute: 10, kind: 'unknown', count: 1 },
  ]);
  await clock.advance(20_000);
  t.equal(written.length, 2, 'an idle process does not write each time');
  await clock.advance(10_000);
  t.strictSame(written[2], [], 'an idle process writes that it runs, and no count twice');
  await reporter.stop();
});

t.test('counts that the storage refuses are written later', async (t) => {
  const { reporter, clock, written, store } = setup();
  reporter.start();
  await clock.advance(0);
  store.broken = true;
  reporter.count('stored');
  await clock.advance(10_000);
  reporter.count('stored');
  store.broken = false;
  await clock.advance(10_000);
  t.strictSame(written[1], [{ minute: 10, kind: 'stored', count: 2 }]);
  await reporter.stop();
});

t.test('a stop writes what is left, removes the process and leaves no timer', async (t) => {
  const { reporter, clock, written, store } = setup();
  reporter.start();
  await clock.advance(0);
  reporter.count('stored');
  await reporter.stop();
  t.strictSame(written.at(-1), [{ minute: 10, kind: 'stored', count: 1 }]);
  t.equal(store.forgotten, 1);
  t.equal(clock.next(), undefined);
});
