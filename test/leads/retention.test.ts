import t, { type Test } from 'tap';
import type { ConsentStore } from '../../src/domain/ports/lead-records.ts';
import type { RetentionStore } from '../../src/domain/ports/privacy-store.ts';
import { createSweeper, type Swept } from '../../src/leads/retention.ts';
import { DAY_MS } from '../../src/lib/clock.ts';
import { manualClock } from '../support/clock.ts';
import { leased, newLead, sqliteOutbox } from '../support/outbox.ts';

const HOUR_MS = 3_600_000;
const START = 100 * DAY_MS;

type SweptStore = RetentionStore & Pick<ConsentStore, 'flagConsents'>;

function sweeping(t: Test, store: Partial<SweptStore> = {}, options: { retentionDays?: () => number } = {}) {
  const clock = manualClock(START);
  const calls: string[] = [];
  const swept: Swept[] = [];
  const faults: unknown[] = [];
  const recorded = <Args extends unknown[], T>(name: string, run: (...args: Args) => Promise<T>) => {
    return (...args: Args): Promise<T> => {
      calls.push(`${name} ${args.join()}`.trim());
      return run(...args);
    };
  };
  const sweeper = createSweeper({
    store: {
      expire: recorded('expire', store.expire ?? (async () => 0)),
      purge: recorded('purge', store.purge ?? (async () => 0)),
      scrub: recorded('scrub', store.scrub ?? (async () => undefined)),
      flagConsents: store.flagConsents ?? (async () => undefined),
    },
    retentionDays: options.retentionDays ?? (() => 30),
    onSwept: (one) => swept.push(one),
    onFault: (error) => faults.push(error),
    clock,
  });
  t.teardown(() => sweeper.stop());
  const named = (name: string) => calls.filter((call) => call.startsWith(name));
  return { clock, calls, named, swept, faults, sweeper };
}

/** Creates a function that gives these numbers one after the other, then 0. */
function sequence(...numbers: number[]): () => Promise<number> {
  return async () => numbers.shift() ?? 0;
}

t.test(
  'the sweeper runs at the start and then every hour, with the retention days configured at that time',
  async (t) => {
    let days = 30;
    const { clock, named, sweeper } = sweeping(t, {}, { retentionDays: () => days });
    sweeper.start();
    await clock.settle();
    t.strictSame(named('expire'), [`expire ${START - 30 * DAY_MS},200`]);
    t.strictSame(named('purge'), [`purge ${START},200`]);
    days = 7;
    await clock.advance(HOUR_MS - 1);
    t.equal(named('expire').length, 1);
    await clock.advance(1);
    t.equal(named('expire')[1], `expire ${START + HOUR_MS - 7 * DAY_MS},200`);
  },
);

t.test('many leads are removed in chunks with pauses between them, and reported once', async (t) => {
  const { clock, named, swept, sweeper } = sweeping(t, { expire: sequence(200, 200, 20), purge: sequence(200, 3) });
  sweeper.start();
  await clock.settle();
  t.equal(named('expire').length, 1, 'the second chunk waits for a pause');
  await clock.advance(1_000);
  t.equal(named('expire').length, 3);
  t.equal(named('purge').length, 2);
  t.strictSame(swept, [{ expired: 420, purged: 203 }]);
  await clock.advance(HOUR_MS);
  t.equal(swept.length, 1, 'a sweep that removes nothing is not reported');
});

t.test('removed data is scrubbed at the start, and then at most once a day', async (t) => {
  const { clock, named, sweeper } = sweeping(t, { expire: sequence(0, 1, 1) });
  sweeper.start();
  await clock.settle();
  t.equal(named('scrub').length, 1, 'an earlier process may have died before scrubbing');
  await clock.advance(DAY_MS - 1);
  t.equal(named('scrub').length, 1);
  await clock.advance(1);
  t.equal(named('scrub').length, 2);
  await clock.advance(3 * DAY_MS);
  t.equal(named('scrub').length, 2, 'nothing was removed since the last scrub');
});

t.test('a fault is reported, and the next sweep scrubs again', async (t) => {
  const fault = new Error('full');
  let working = false;
  const failing = async () => {
    if (!working) throw fault;
  };
  const { clock, named, faults, swept, sweeper } = sweeping(t, { expire: sequence(3), scrub: failing });
  sweeper.start();
  await clock.settle();
  t.strictSame(faults, [fault]);
  t.strictSame(swept, [{ expired: 3, purged: 0 }]);
  working = true;
  await clock.advance(HOUR_MS);
  t.equal(named('scrub').length, 2, 'the failed scrub is repeated');
  t.equal(faults.length, 1);
});

t.test('stopping between two chunks starts no further chunk and leaves no timer', async (t) => {
  const { clock, calls, sweeper } = sweeping(t, { expire: async () => 200 });
  sweeper.start();
  await clock.settle();
  t.equal(calls.length, 1);
  await sweeper.stop();
  t.equal(clock.next(), undefined);
  await clock.advance(2 * HOUR_MS);
  t.equal(calls.length, 1);
});

t.test('stopping waits for the running chunk', async (t) => {
  const chunk = Promise.withResolvers<number>();
  const { clock, calls, sweeper } = sweeping(t, { expire: () => chunk.promise });
  sweeper.start();
  await clock.settle();
  let stopped = false;
  const stopping = sweeper.stop().then(() => {
    stopped = true;
  });
  await clock.settle();
  t.notOk(stopped);
  chunk.resolve(200);
  await stopping;
  t.equal(calls.length, 1);
  t.equal(clock.next(), undefined);
});

t.test('over a real store, final leads lose their personal data after the retention period', async (t) => {
  const outbox = sqliteOutbox(t)();
  t.teardown(() => outbox.close());
  const { clock, swept, sweeper } = sweeping(t, outbox);
  const settled = async (at: number) => {
    const lease = await leased(outbox, at, newLead({ request: { ...newLead().request, expiresAt: START } }));
    await outbox.settle(lease, { status: 'delivered', attempted: true }, at);
    return lease.id;
  };
  const old = await settled(START - 30 * DAY_MS - 1);
  const recent = await settled(START - 30 * DAY_MS + 1);
  sweeper.start();
  while (swept.length === 0) await clock.settle();
  t.strictSame(swept, [{ expired: 1, purged: 2 }]);
  t.match(await outbox.show(old), { status: 'delivered', erased: true });
  t.match(await outbox.show(recent), { status: 'delivered', erased: false });
});
