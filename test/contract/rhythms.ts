import type { Test } from 'tap';
import type { OpenOutbox } from '../support/outbox.ts';

const WEEK = 168;
const FIRST = 2_900 * WEEK;

/** What every store has to do with the hours in which sites send leads. */
export function rhythmContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('hours of all processes are added up, learnt once they are over, and each of them once', async (t) => {
    const opening = open(t);
    const [one, two] = [await opening({ owner: 'one' }), await opening({ owner: 'two' })];
    const counts = Array.from({ length: 4 * WEEK + 1 }, (_, n) => ({ site: 'demo', hour: FIRST + n, count: 5 }));
    await Promise.all([one, two].map((outbox) => outbox.addSiteHours(counts, [], 0)));
    const end = FIRST + 4 * WEEK;
    const learnAll = async (outbox: typeof one): Promise<number> => {
      let all = 0;
      for (let some = -1; some !== 0; all += some) some = await outbox.learnSiteHours(end, 0);
      return all;
    };
    const [first, second] = await Promise.all([learnAll(one), learnAll(two)]);
    t.equal(first + second, 4 * WEEK);
    const rhythm = (await one.rhythms(['demo', 'other'])).get('demo');
    t.match(rhythm, { since: FIRST, last: end - 1 });
    t.equal(rhythm?.sums[0], (await two.rhythms(['demo'])).get('demo')?.sums[0]);
    t.ok((rhythm?.sums[0] ?? 0) > 40, 'ten a week');
    t.equal(await one.learnSiteHours(end + 1, 0), 1, 'the last hour is over now');
    await Promise.all([one.close(), two.close()]);
  });

  t.test(
    'a site is a suspect from the hour on in which its silence means something, until it sends again',
    async (t) => {
      const outbox = await open(t)();
      const counts = (site: string, weeks: number) =>
        Array.from({ length: weeks * WEEK + 1 }, (_, n) => ({ site, hour: FIRST + n, count: 20 }));
      await outbox.addSiteHours([...counts('old', 4), ...counts('new', 1), ...counts('*US', 4)], [], 0);
      while ((await outbox.learnSiteHours(FIRST + 5 * WEEK, 0)) > 0);
      const last = FIRST + 4 * WEEK;
      t.strictSame([...(await outbox.suspects(last + 2, 9)).keys()], []);
      t.strictSame([...(await outbox.suspects(last + 3, 9)).keys()], ['old']);
      t.strictSame([...(await outbox.suspects(last + 3, 0)).keys()], []);
      t.equal((await outbox.rhythms(['*US'])).get('*US')?.recent?.[last], 20, 'a group keeps its last hours');
      await outbox.addSiteHours([{ site: 'old', hour: last + 4, count: 1 }], [], 0);
      await outbox.learnSiteHours(last + 5, 0);
      t.strictSame([...(await outbox.suspects(last + 5, 9)).keys()], []);
      await outbox.learnSiteHours(last + 5, last);
      t.strictSame(
        [...(await outbox.rhythms(['old', 'new', '*US'])).keys()].sort(),
        ['*US', 'old'],
        'given up sites go',
      );
      await outbox.close();
    },
  );

  t.test('refused pages are added up, the most frequent first; old ones and those beyond a thousand go', async (t) => {
    const outbox = await open(t)();
    const page = (origin: string, count: number, lastAt: number) => ({ site: 'demo', origin, count, lastAt });
    await outbox.addSiteHours([], [page('https://a.example', 1, 5_000), page('https://b.example', 2, 5_000)], 0);
    await outbox.addSiteHours([], [page('https://a.example', 4, 6_000)], 0);
    t.strictSame(await outbox.refusedOrigins(0), [
      page('https://a.example', 5, 6_000),
      page('https://b.example', 2, 5_000),
    ]);
    t.strictSame(await outbox.refusedOrigins(5_001), [page('https://a.example', 5, 6_000)]);
    const many = Array.from({ length: 1_001 }, (_, n) => page(`https://${n}.example`, 1, 9_000 + n));
    await outbox.addSiteHours([], many, 0);
    t.equal((await outbox.refusedOrigins(0)).length, 1_000);
    await outbox.addSiteHours([], [], 10_000);
    t.equal((await outbox.refusedOrigins(0)).length, 1);
    await outbox.close();
  });
}
