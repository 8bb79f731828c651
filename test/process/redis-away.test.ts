import t from 'tap';
import { read } from '../support/caller.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { NO_REDIS, type OwnRedis, startRedis } from '../support/redis.ts';
import { type Replicas, startReplicas } from '../support/replicas.ts';
import { openSlowLink } from '../support/slow-link.ts';

t.setTimeout(180_000);

const LEADS = 400;
const FEW = 200;
const CALLERS = 4;
const MAX = 5;
/** What Redis may add to a request at the 99th percentile. */
const MOST_ADDED_MS = 350;
/** More than any of this is not for Redis. */
const NOTICED_MS = 200;

let visitors = 0;

const p99 = (times: number[]): number => times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;

/**
 * Sends leads, each another visitor's, a few at a time: to the replicas, and as many at the same time to a gateway that is
 * the same but for Redis. Gives what Redis added at the 99th percentile, in milliseconds, and how many it held up.
 */
async function load(replicas: Replicas, without: RunningGateway, leads = LEADS, during?: (sent: number) => void) {
  const [times, plain]: [number[], number[]] = [[], []];
  const others: number[] = [];
  let sent = 0;
  const send = async (into: number[], url?: string): Promise<void> => {
    visitors += 1;
    const { status, ms } = await replicas.lead(`2001:db8:${visitors.toString(16)}::1`, url);
    into.push(ms);
    if (status !== 201) others.push(status);
  };
  const caller = async (): Promise<void> => {
    while (sent < leads) {
      sent += 1;
      during?.(sent);
      await send(times);
      await send(plain, without.url);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
  const usual = p99(plain);
  return { added: p99(times) - usual, heldUp: times.filter((ms) => ms > usual + NOTICED_MS).length, usual, others };
}

/** What one visitor gets through of three times its limit. */
async function allowance(replicas: Replicas, visitor: string): Promise<number> {
  const answers = await Promise.all(Array.from({ length: 9 * MAX }, () => replicas.lead(visitor)));
  return answers.filter(({ status }) => status === 201).length;
}

function withRedis(url: string): Record<string, string> {
  return { REDIS_URL: url, RATE_LIMIT_MAX: String(MAX), RATE_LIMIT_WINDOW_S: '600' };
}

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
      const replicas = await startReplicas(t, 3, withRedis(redis.url));
      await replicas.counting('shared');
      t.equal(await allowance(replicas, '203.0.113.1'), MAX);
      const without = await startGateway(t, { ...replicas.env, REDIS_URL: '' });
      const { added, heldUp, usual, others } = await load(replicas, without, LEADS, (sent) => {
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

t.test('a slow Redis costs little time, and is left alone when it is too slow', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedis(t);
  const link = await openSlowLink(t, redis.port);
  const replicas = await startReplicas(t, 3, withRedis(`redis://127.0.0.1:${link.port}`));
  await replicas.counting('shared');
  const without = await startGateway(t, { ...replicas.env, REDIS_URL: '' });
  for (const ms of [100, 200, 290, 1_000]) {
    link.delay(ms);
    const { added, usual, others } = await load(replicas, without, FEW);
    t.comment(`answers after ${ms} ms: p99 ${usual.toFixed()} ms, and ${added.toFixed()} ms more`);
    t.strictSame(others, []);
    t.ok(added <= MOST_ADDED_MS, `answers after ${ms} ms`);
  }
  await replicas.counting('local');
  link.delay(0);
  await replicas.counting('shared');
  t.equal(await allowance(replicas, '203.0.113.4'), MAX);
});

t.test(
  'a gateway starts without its Redis, says so without its password, and finds it later',
  { skip: NO_REDIS },
  async (t) => {
    const redis = await startRedis(t, ['--requirepass', 'canary-word'], 'canary-word');
    await redis.stop();
    const replicas = await startReplicas(t, 1, withRedis(`redis://:canary-word@127.0.0.1:${redis.port}`));
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
  const replicas = await startReplicas(t, 1, withRedis(redis.url));
  redis.pause();
  t.equal((await replicas.lead('203.0.113.6')).status, 201);
  const began = performance.now();
  t.equal((await replicas.all[0]?.end('SIGTERM'))?.code, 0);
  t.ok(performance.now() - began < 5_000);
  redis.resume();
});
