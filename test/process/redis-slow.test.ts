import t from 'tap';
import { NO_REDIS, startRedis } from '../support/redis.ts';
import { openSlowLink } from '../support/slow-link.ts';
import { allowance, load, MAX, MOST_ADDED_MS, startLimited } from '../support/visitors.ts';

t.setTimeout(180_000);

const LEADS = 200;

t.test('a slow Redis costs little time, and is left alone when it is too slow', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedis(t);
  const link = await openSlowLink(t, redis.port);
  const { replicas, without } = await startLimited(t, `redis://127.0.0.1:${link.port}`);
  for (const ms of [100, 200, 290, 1_000]) {
    link.delay(ms);
    const { added, usual, others } = await load({ replicas, without, leads: LEADS });
    t.comment(`answers after ${ms} ms: p99 ${usual.toFixed()} ms, and ${added.toFixed()} ms more`);
    t.strictSame(others, []);
    t.ok(added <= MOST_ADDED_MS, `answers after ${ms} ms`);
  }
  await replicas.counting('local');
  link.delay(0);
  await replicas.counting('shared');
  t.equal(await allowance(replicas, '203.0.113.4'), MAX);
});
