import t from 'tap';
import { read } from '../support/caller.ts';
import { NO_REDIS, type OwnRedis, startRedis } from '../support/redis.ts';
import { allowance, CALLERS, load, MAX, MOST_ADDED_MS, startLimited } from '../support/visitors.ts';

t.setTimeout(180_000);

const LEADS = 400;

const FAULTS: readonly [name: string, begin: (redis: OwnRedis) => unknown, end: (redis: OwnRedis) => unknown][] = [
  ['hangs', (redis) => redis.pause(), (redis) => redis.resume()],
  ['refuses connections', (redis) => redis.stop(), (redis) => redis.start()],
];

for (const [name, begin, end] of FAULTS) {
  t.test(
    `a Redis that ${name} under load costs no lead and little time, and counts again once it is back`,
    { skip: NO_REDIS },
    async (t) => {
      const redis = await startRedis(t);
      const { replicas, without } = await startLimited(t, redis.url);
      t.equal(await allowance(replicas, '203.0.113.1'), MAX);
      const { added, heldUp, usual, others } = await load({ replicas, without, leads: LEADS }, (sent) => {
        if (sent === LEADS / 2) void begin(redis);
      });
      t.comment(
        `p99 ${usual.toFixed()} ms and ${added.toFixed()} ms more with the fault; ${heldUp} of ${LEADS} waited`,
      );
      t.strictSame(others, [], 'every lead is taken');
      t.ok(added <= MOST_ADDED_MS);
      t.ok(heldUp <= 3 * CALLERS, 'only those that were under way waited');
      await replicas.counting('local');
      for (const { url } of replicas.all) t.equal((await read(url, '/readyz')).status, 200);
      t.equal((await replicas.lead('203.0.113.1')).status, 429, 'who had used up its limit gets no new one');
      t.equal(await allowance(replicas, '203.0.113.2'), 3 * MAX, 'each replica holds the limit by itself');

      await end(redis);
      await replicas.counting('shared');
      t.equal(await allowance(replicas, '203.0.113.3'), MAX);
      for (const { lines } of replicas.all) {
        const changes = lines.filter(({ event }) => event?.startsWith('limits_')).map(({ event }) => event);
        t.strictSame(changes, ['limits_shared', 'limits_local', 'limits_shared'], 'one line a change');
      }
    },
  );
}
