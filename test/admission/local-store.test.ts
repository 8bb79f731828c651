import type { FastifyRateLimitOptions, FastifyRateLimitStore } from '@fastify/rate-limit';
import t from 'tap';
import { localStore } from '../../src/admission/local-store.ts';

const WINDOW_MS = 60_000;
const REMEMBERED = 100_000;

/** A store on a clock that the test moves, and what it says of one more request. */
function store() {
  const clock = { now: 1_000_000 };
  const Store = localStore(() => clock.now);
  const made = new Store({} as FastifyRateLimitOptions);
  const count = (key: string, of: FastifyRateLimitStore = made) => {
    let counted: { current: number; ttl: number } | undefined;
    of.incr(key, (_error, result) => (counted = result), WINDOW_MS, 0);
    return counted;
  };
  return { clock, made, count };
}

t.test('a window begins with the first request and ends whatever comes later', async (t) => {
  const { clock, count } = store();
  t.strictSame(count('ann'), { current: 1, ttl: WINDOW_MS });
  clock.now += WINDOW_MS - 1;
  t.strictSame(count('ann'), { current: 2, ttl: 1 });
  clock.now += 1;
  t.strictSame(count('ann'), { current: 1, ttl: WINDOW_MS });
});

t.test('an answer stays what it was when the next request is counted', async (t) => {
  const { count } = store();
  const first = count('ann');
  count('ann');
  t.match(first, { current: 1 });
});

t.test('each limit has a store of its own', async (t) => {
  const { made, count } = store();
  const child = made.child({} as Parameters<FastifyRateLimitStore['child']>[0]);
  count('ann');
  t.match(count('ann', child), { current: 1 });
});

t.test('beyond a hundred thousand callers the one that was not seen for longest is forgotten', async (t) => {
  const { count } = store();
  count('ann');
  count('bob');
  count('ann');
  for (let others = 2; others < REMEMBERED; others += 1) count(`caller ${others}`);
  t.match(count('ann'), { current: 3 }, 'all of them fit');
  count('one more');
  t.match(count('bob'), { current: 1 });
  t.match(count('ann'), { current: 4 });
});
