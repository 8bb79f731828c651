import t, { type Test } from 'tap';
import { COUNT_WAIT_MS, type CountingServer, createSharedCounts } from '../../../src/http/limits/shared-counts.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { manualClock } from '../../support/clock.ts';

const NEVER = new Promise<never>(() => {});

/** A fake server: it answers after `delayMs`, or as `fault` says. */
function fakeServer(t: Test) {
  const clock = manualClock(1_000_000);
  const counts = new Map<string, number>();
  const tries: number[] = [];
  const changes: string[] = [];
  const script = { delayMs: 0, fault: undefined as 'refused' | 'hung' | 'full' | undefined };
  let open = 0;
  let lost: (error: unknown) => void = () => {};
  let asked = 0;

  const server = (): CountingServer => ({
    async count(key) {
      asked += 1;
      if (script.fault === 'hung') return NEVER;
      if (script.fault === 'full') throw new Error('OOM command not allowed');
      if (script.delayMs > 0) await new Promise<void>((resolve) => void clock.after(script.delayMs, resolve));
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return { count, resetMs: 60_000 };
    },
    close() {
      open -= 1;
    },
  });
  const shared = createSharedCounts({
    async connect(onLost) {
      tries.push(clock.now());
      if (script.fault === 'refused') throw new Error('refused');
      open += 1;
      lost = onLost;
      return server();
    },
    hash: (purpose, requester) => Buffer.from(`${purpose}/${requester}`),
    clock,
    onChange: (state, error) => changes.push(error instanceof Error ? `${state}: ${error.message}` : state),
  });
  t.teardown(() => shared.stop());
  return {
    shared,
    clock,
    script,
    tries,
    changes,
    keys: () => [...counts.keys()],
    asked: () => asked,
    open: () => open,
    /** Breaks the connection from outside. */
    breakConnection: () => lost(new Error('broken')),
    count: (requester = 'ann') => shared.count('visitor', requester, 60_000),
  };
}

t.test('the server counts each requester, separately for each purpose', async (t) => {
  const { shared, count, changes } = fakeServer(t);
  await shared.start();
  t.strictSame(changes, ['shared']);
  t.strictSame(await count(), { count: 1, resetMs: 60_000 });
  t.match(await count(), { count: 2 });
  t.match(await count('bob'), { count: 1 });
  t.match(await shared.count('reads', 'ann', 60_000), { count: 1 });
});

t.test('a key consists of its purpose and a hash of the requester', async (t) => {
  const { shared, count, keys } = fakeServer(t);
  await shared.start();
  await count();
  t.strictSame(keys(), ['tcg:limit:probe', `tcg:limit:visitor:${Buffer.from('visitor/ann').toString('base64url')}`]);
});

t.test('a request waits at most 150 ms for its count, and later ones do not wait', async (t) => {
  const { shared, clock, script, count, changes, asked } = fakeServer(t);
  t.equal(COUNT_WAIT_MS, 150);
  await shared.start();
  script.fault = 'hung';
  const answer = count('ann');
  await clock.advance(COUNT_WAIT_MS - 1);
  t.equal(shared.state(), 'shared');
  await clock.advance(1);
  t.equal(await answer, undefined);
  t.match(changes, ['shared', /^local/]);
  const before = asked();
  t.equal(await count(), undefined);
  t.equal(asked(), before, 'no request asks a server that failed');
});

t.test('each count of one request may take the whole time limit', async (t) => {
  const { shared, clock, script, count } = fakeServer(t);
  await shared.start();
  script.delayMs = COUNT_WAIT_MS - 10;
  for (const counted of [1, 2]) {
    const answer = count('ann');
    await clock.advance(COUNT_WAIT_MS - 10);
    t.match(await answer, { count: counted, resetMs: 60_000 });
  }
  script.delayMs = COUNT_WAIT_MS + 10;
  const third = count('ann');
  await clock.advance(COUNT_WAIT_MS);
  t.equal(await third, undefined);
});

t.test('an answer that arrived while the event loop was blocked still counts', async (t) => {
  const changes: string[] = [];
  const shared = createSharedCounts({
    connect: async () => ({
      count: () => new Promise((resolve) => setImmediate(() => resolve({ count: 1, resetMs: 60_000 }))),
      close() {},
    }),
    hash: (_purpose, requester) => Buffer.from(requester),
    clock: systemClock,
    onChange: (state) => changes.push(state),
  });
  t.teardown(() => shared.stop());
  await shared.start();
  const answer = shared.count('visitor', 'ann', 60_000);
  const until = performance.now() + COUNT_WAIT_MS + 5;
  while (performance.now() < until);
  t.match(await answer, { count: 1 });
  t.strictSame(changes, ['shared']);
});

for (const fault of ['refused', 'hung', 'full'] as const) {
  t.test(`a server that is ${fault} is retried with growing delays until it counts`, async (t) => {
    const { shared, clock, script, tries, changes, count, open } = fakeServer(t);
    script.fault = fault;
    const started = shared.start();
    await clock.advance(1_000);
    await started;
    await clock.advance(60_000);
    t.equal(changes.length, 1, 'one change is told once');
    t.match(changes[0], /^local: /);
    t.equal(open(), 0, 'no connection is left open');
    const pauses = tries.slice(1).map((at, index) => Math.round((at - (tries[index] ?? 0)) / 1000));
    t.strictSame(pauses.slice(0, 5), [1, 2, 4, 8, 10]);
    script.fault = undefined;
    await clock.advance(10_000);
    t.strictSame(changes.slice(1), ['shared']);
    t.match(await count(), { count: 1 });
  });
}

t.test('a server that answers too slowly for two counts of one request is not used', async (t) => {
  const { shared, clock, script, changes } = fakeServer(t);
  script.delayMs = COUNT_WAIT_MS + 1;
  void shared.start();
  await clock.advance(1_000);
  t.match(changes, [/^local/]);
  script.delayMs = COUNT_WAIT_MS - 1;
  await clock.advance(10_000);
  t.match(changes, [/^local/, 'shared']);
});

t.test('a broken connection is noticed before the next count', async (t) => {
  const { shared, clock, changes, breakConnection, open } = fakeServer(t);
  await shared.start();
  breakConnection();
  t.equal(shared.state(), 'local');
  t.equal(open(), 0);
  await clock.advance(1_000);
  t.strictSame(changes, ['shared', 'local: broken', 'shared']);
});

t.test('the retry delay grows while a server fails, and is short after it worked for long', async (t) => {
  const { shared, clock, tries, breakConnection } = fakeServer(t);
  await shared.start();
  for (const pause of [1_000, 2_000, 4_000, 8_000]) {
    breakConnection();
    await clock.advance(pause - 1);
    const before = tries.length;
    await clock.advance(1);
    t.equal(tries.length, before + 1, `${pause} ms`);
  }
  await clock.advance(60_000);
  breakConnection();
  await clock.advance(1_000);
  t.equal(shared.state(), 'shared');
});

t.test('after the stop no connection is open and none is tried', async (t) => {
  const { shared, clock, script, tries, open } = fakeServer(t);
  await shared.start();
  script.fault = 'refused';
  shared.stop();
  t.equal(open(), 0);
  await clock.advance(60_000);
  t.equal(tries.length, 1);
  t.equal(clock.next(), undefined, 'nothing is left to do');
});
