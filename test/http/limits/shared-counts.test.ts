import t, { type Test } from 'tap';
import { COUNT_WAIT_MS, type CountingServer, createSharedCounts } from '../../../src/http/limits/shared-counts.ts';
import { systemClock } from '../../../src/lib/clock.ts';
import { manualClock } from '../../support/clock.ts';

const NEVER = new Promise<never>(() => {});

/** A server that the test plays: it answers after `delayMs`, or as `fault` says. */
function playedServer(t: Test) {
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
    /** The connection breaks by itself. */
    breakConnection: () => lost(new Error('broken')),
    count: (requester = 'ann') => shared.count('visitor', requester, 60_000),
  };
}

t.test('a requester is counted by the server, and apart for another purpose', async (t) => {
  const { shared, count, changes } = playedServer(t);
  await shared.start();
  t.strictSame(changes, ['shared']);
  t.strictSame(await count(), { count: 1, resetMs: 60_000 });
  t.match(await count(), { count: 2 });
  t.match(await count('bob'), { count: 1 });
  t.match(await shared.count('reads', 'ann', 60_000), { count: 1 });
});

t.test('keys have the purpose in their prefix, and only the hash of the requester', async (t) => {
  const { shared, count, keys } = playedServer(t);
  await shared.start();
  await count();
  t.strictSame(keys(), ['tcg:limit:probe', `tcg:limit:visitor:${Buffer.from('visitor/ann').toString('base64url')}`]);
});

t.test('a request waits 150 ms for a count at most, and no later one waits at all', async (t) => {
  const { shared, clock, script, count, changes, asked } = playedServer(t);
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
  t.equal(asked(), before, 'nobody asks a server that failed');
});

t.test('each count of a request may take the whole wait', async (t) => {
  const { shared, clock, script, count } = playedServer(t);
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

t.test('an answer that lies ready when a held-up process gets to it still counts', async (t) => {
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
  t.test(`a server that is ${fault} is tried again, less and less often, until it counts`, async (t) => {
    const { shared, clock, script, tries, changes, count, open } = playedServer(t);
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
  const { shared, clock, script, changes } = playedServer(t);
  script.delayMs = COUNT_WAIT_MS + 1;
  void shared.start();
  await clock.advance(1_000);
  t.match(changes, [/^local/]);
  script.delayMs = COUNT_WAIT_MS - 1;
  await clock.advance(10_000);
  t.match(changes, [/^local/, 'shared']);
});

t.test('a connection that breaks is noticed before anybody asks', async (t) => {
  const { shared, clock, changes, breakConnection, open } = playedServer(t);
  await shared.start();
  breakConnection();
  t.equal(shared.state(), 'local');
  t.equal(open(), 0);
  await clock.advance(1_000);
  t.strictSame(changes, ['shared', 'local: broken', 'shared']);
});

t.test('a server that fails again and again is left alone for longer, one that was steady is tried soon', async (t) => {
  const { shared, clock, tries, breakConnection } = playedServer(t);
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

t.test('once stopped it keeps no connection and tries none', async (t) => {
  const { shared, clock, script, tries, open } = playedServer(t);
  await shared.start();
  script.fault = 'refused';
  shared.stop();
  t.equal(open(), 0);
  await clock.advance(60_000);
  t.equal(tries.length, 1);
  t.equal(clock.next(), undefined, 'nothing is left to do');
});
