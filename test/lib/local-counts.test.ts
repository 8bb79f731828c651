import t from 'tap';
import { createLocalCounts } from '../../src/lib/local-counts.ts';

const WINDOW_MS = 60_000;
const REMEMBERED = 100_000;

/** Counts on a clock that the test moves. */
function counts(restartAt?: number) {
  const clock = { now: 1_000_000 };
  const local = createLocalCounts(() => clock.now, restartAt);
  return { clock, count: (key: string) => local.count(key, WINDOW_MS), read: local.read };
}

t.test('a window begins with the first request and ends whatever comes later', async (t) => {
  const { clock, count } = counts();
  t.strictSame(count('ann'), { count: 1, resetMs: WINDOW_MS });
  clock.now += WINDOW_MS - 1;
  t.strictSame(count('ann'), { count: 2, resetMs: 1 });
  clock.now += 1;
  t.strictSame(count('ann'), { count: 1, resetMs: WINDOW_MS });
});

t.test('an answer stays what it was when the next request is counted', async (t) => {
  const { count } = counts();
  const first = count('ann');
  count('ann');
  t.match(first, { count: 1 });
});

t.test('beyond a hundred thousand requesters the least recently seen one is forgotten', async (t) => {
  const { count } = counts();
  count('ann');
  count('bob');
  count('ann');
  for (let others = 2; others < REMEMBERED; others += 1) count(`requester ${others}`);
  t.match(count('ann'), { count: 3 }, 'all of them fit');
  count('one more');
  t.match(count('bob'), { count: 1 });
  t.match(count('ann'), { count: 4 });
});

t.test('reading a count does not change it, and a window that ended counts nothing', async (t) => {
  const { clock, count, read } = counts();
  t.strictSame(read('ann'), { count: 0, resetMs: 0 });
  count('ann');
  clock.now += 1_000;
  t.strictSame(read('ann'), { count: 1, resetMs: WINDOW_MS - 1_000 });
  t.strictSame(read('ann'), { count: 1, resetMs: WINDOW_MS - 1_000 });
  clock.now += WINDOW_MS - 1_000;
  t.strictSame(read('ann'), { count: 0, resetMs: 0 });
});

t.test('the window begins anew at a given count, and at no later one', async (t) => {
  const { clock, count } = counts(2);
  count('ann');
  clock.now += 50_000;
  t.strictSame(count('ann'), { count: 2, resetMs: WINDOW_MS });
  clock.now += 50_000;
  t.strictSame(count('ann'), { count: 3, resetMs: WINDOW_MS - 50_000 });
});
