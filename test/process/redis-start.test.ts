import t from 'tap';
import { read } from '../support/caller.ts';
import { NO_REDIS, startRedis } from '../support/redis.ts';
import { startReplicas } from '../support/replicas.ts';
import { limitedBy } from '../support/visitors.ts';

t.setTimeout(60_000);

t.test(
  'a gateway starts without its Redis, says so without its password, and finds it later',
  { skip: NO_REDIS },
  async (t) => {
    const redis = await startRedis(t, ['--requirepass', 'canary-word'], 'canary-word');
    await redis.stop();
    const replicas = await startReplicas(t, 1, limitedBy(`redis://:canary-word@127.0.0.1:${redis.port}`));
    await replicas.counting('local');
    t.equal((await replicas.lead('203.0.113.5')).status, 201);
    t.equal((await read(replicas.next(), '/readyz')).status, 200);
    await redis.start();
    await replicas.counting('shared');
    const [gateway] = replicas.all;
    t.match(
      gateway?.lines.find(({ event }) => event === 'limits_local'),
      { level: 'warn', cause: 'ECONNREFUSED' },
    );
    t.equal((await gateway?.end('SIGTERM'))?.code, 0);
    t.notMatch(gateway?.output(), /canary/);
  },
);

t.test('a gateway whose Redis hangs stops as soon as any other', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedis(t);
  const replicas = await startReplicas(t, 1, limitedBy(redis.url));
  redis.pause();
  t.equal((await replicas.lead('203.0.113.6')).status, 201);
  const began = performance.now();
  t.equal((await replicas.all[0]?.end('SIGTERM'))?.code, 0);
  t.ok(performance.now() - began < 5_000);
  redis.resume();
});
