import t, { type Test } from 'tap';
import { startGateway } from '../test/support/gateway.ts';
import { startRedis } from '../test/support/redis.ts';
import { openSlowLink } from '../test/support/slow-link.ts';
import { CALLERS, limitedBy, load, startLimited } from '../test/support/visitors.ts';

/**
 * What a Redis that hangs, refuses connections or is slow adds to a lead. Three replicas count in Redis, a fourth gateway has
 * the same settings without Redis and gets as many leads at the same time; only the difference means anything.
 *
 *   npm run bench:redis
 */
const LEADS = 400;
/** What Redis may add to a request at the 99th percentile, in milliseconds. */
const MOST_ADDED_MS = 350;
/** A request that takes this much longer than usual waited for Redis. */
const NOTICED_MS = 200;

t.setTimeout(300_000);

const p99 = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;

async function measure(
  t: Test,
  name: string,
  { url, during }: { readonly url: string; readonly during?: (sent: number) => void },
): Promise<void> {
  const replicas = await startLimited(t, url);
  const without = await startGateway(t, { ...replicas.env, ...limitedBy('') });
  const [counted, plain] = await Promise.all([
    load(replicas, LEADS, during && { during }),
    load(replicas, LEADS, { url: () => without.url }),
  ]);
  const usual = p99(plain.times);
  const added = p99(counted.times) - usual;
  const waited = counted.times.filter((ms) => ms > usual + NOTICED_MS).length;
  t.comment(
    `${name}: p99 ${usual.toFixed()} ms, and ${added.toFixed()} ms more with Redis; ${waited} of ${LEADS} waited`,
  );
  t.ok(added <= MOST_ADDED_MS, `at most ${MOST_ADDED_MS} ms more`);
  t.ok(during === undefined || waited <= 3 * CALLERS, 'only the requests that were under way waited');
}

t.test('a Redis that hangs', async (t) => {
  const redis = await startRedis(t);
  const during = (sent: number): void => {
    if (sent === LEADS / 2) redis.pause();
  };
  await measure(t, 'hangs', { url: redis.url, during });
});

t.test('a Redis that refuses connections', async (t) => {
  const redis = await startRedis(t);
  const during = (sent: number): void => {
    if (sent === LEADS / 2) void redis.stop();
  };
  await measure(t, 'refuses connections', { url: redis.url, during });
});

for (const ms of [100, 200, 290]) {
  t.test(`a Redis that answers after ${ms} ms`, async (t) => {
    const redis = await startRedis(t);
    const link = await openSlowLink(t, redis.port);
    link.delay(ms);
    await measure(t, `answers after ${ms} ms`, { url: `redis://127.0.0.1:${link.port}` });
  });
}
