import t from 'tap';
import { createLocalCounts } from '../../../src/http/limits/local-counts.ts';

const WINDOW_MS = 60_000;
const REMEMBERED = 100_000;

/** Counts on a clock that the test moves. */
function counts() {
  const clock = { now: 1_000_000 };
  const local = createLocalCounts(() => clock.now);
  return { clock, count: (caller: string) => local.count(caller, WINDOW_MS) };
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

t.test('beyond a hundred thousand callers the one that was not seen for longest is forgotten', async (t) => {
  const { count } = counts();
  count('ann');
  count('bob');
  count('ann');
  for (let others = 2; others < REMEMBERED; others += 1) count(`caller ${others}`);
  t.match(count('ann'), { count: 3 }, 'all of them fit');
  count('one more');
  t.match(count('bob'), { count: 1 });
  t.match(count('ann'), { count: 4 });
});
