import t from 'tap';
import { leadOf, read, send } from '../support/caller.ts';
import { startPostgres } from '../support/postgres.ts';
import { urlOf } from '../support/postgres-server.ts';
import { NO_REDIS, type OwnRedis, startRedis } from '../support/redis.ts';
import { startReplicas } from '../support/replicas.ts';
import { openSlowLink } from '../support/slow-link.ts';
import { allowance, limitedBy, load, MAX, startLimited } from '../support/visitors.ts';

t.setTimeout(480_000);

const LEADS = 60;
const REPLICAS = 2;

const FAULTS: readonly [name: string, begin: (redis: OwnRedis) => unknown, end: (redis: OwnRedis) => unknown][] = [
  ['hangs', (redis) => redis.pause(), (redis) => redis.resume()],
  ['refuses connections', (redis) => redis.stop(), (redis) => redis.start()],
];

t.test(
  'a Redis that fails under load costs no lead, and counts again once it is back',
  { skip: NO_REDIS },
  async (t) => {
    const redis = await startRedis(t);
    const replicas = await startLimited(t, redis.url, { count: REPLICAS });
    for (const [index, [name, begin, end]] of FAULTS.entries()) {
      await t.test(`it ${name}`, async (t) => {
        const [early, meanwhile, late] = [1, 2, 3].map((n) => `203.0.113.${10 * index + n}`) as [
          string,
          string,
          string,
        ];
        t.equal(await allowance(replicas, early), MAX);
        const { others } = await load(replicas, LEADS, {
          during(sent) {
            if (sent === LEADS / 2) void begin(redis);
          },
        });
        t.strictSame(others, [], 'every lead is accepted while Redis is away');
        await replicas.counting('local');
        for (const { url } of replicas.all) t.equal((await read(url, '/readyz')).status, 200);
        t.equal((await replicas.lead(early)).status, 429, 'a visitor that had used up its limit gets no fresh quota');
        t.equal(await allowance(replicas, meanwhile), REPLICAS * MAX, 'each replica applies the limit by itself');

        await end(redis);
        await replicas.counting('shared');
        t.equal(await allowance(replicas, late), MAX);
        const changed = Array.from({ length: index + 1 }, () => ['limits_local', 'limits_shared']).flat();
        for (const { lines } of replicas.all) {
          const changes = lines.filter(({ event }) => event?.startsWith('limits_')).map(({ event }) => event);
          t.strictSame(changes, ['limits_shared', ...changed], 'each change is logged once');
        }
      });
    }
  },
);

const SLOW_LEADS = 40;

t.test('a slow Redis loses no lead, and a Redis that is too slow is not used', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedis(t);
  const link = await openSlowLink(t, redis.port);
  const replicas = await startLimited(t, `redis://127.0.0.1:${link.port}`, { count: REPLICAS });
  for (const ms of [100, 200, 290, 1_000]) {
    link.delay(ms);
    t.strictSame((await load(replicas, SLOW_LEADS)).others, [], `answers after ${ms} ms`);
  }
  await replicas.counting('local');
  link.delay(0);
  await replicas.counting('shared');
  t.equal(await allowance(replicas, '203.0.113.4'), MAX);
});

t.test(
  'a gateway starts without its Redis, says so without its password, finds it later, and stops while it hangs',
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
    redis.pause();
    t.equal((await replicas.lead('203.0.113.6')).status, 201);
    t.equal((await gateway?.end('SIGTERM'))?.code, 0);
    redis.resume();
    t.notMatch(gateway?.output(), /canary/);
  },
);

const POSTGRES_LEADS = 60;
/** The daily cap of a number; the test stays below ten times the cap, from where leads are refused. */
const CAP = 3;

t.test(
  'replicas on one Postgres whose Redis dies under load and comes back lose no lead, and caps stay exact meanwhile',
  { skip: NO_REDIS },
  async (t) => {
    const [server, redis] = await Promise.all([startPostgres(), startRedis(t)]);
    const address = await server.database();
    const replicas = await startLimited(t, redis.url, {
      count: 2,
      changes: { DATABASE_URL: urlOf(address), PHONE_DAILY_MAX: String(CAP) },
    });
    const loaded = async (during: (sent: number) => unknown): Promise<void> => {
      const { others } = await load(replicas, POSTGRES_LEADS, { during });
      t.strictSame(others, [], 'every lead is accepted and delivered before its answer');
    };
    t.equal(await allowance(replicas, '203.0.113.1'), MAX);

    await loaded((sent) => {
      if (sent === POSTGRES_LEADS / 2) redis.pause();
      // Redis ends while requests wait for its answer.
      if (sent === POSTGRES_LEADS / 2 + 2) void redis.stop();
    });
    await replicas.counting('local');
    t.equal(
      (await replicas.lead('203.0.113.1')).status,
      429,
      'a visitor that had used up its limit gets no fresh quota',
    );
    t.equal(await allowance(replicas, '203.0.113.2'), 2 * MAX, 'each replica applies the limit by itself');
    const ofOneNumber = await Promise.all(
      Array.from({ length: 4 * CAP }, (_, n) =>
        send(replicas.next(), leadOf(400_000), { 'x-forwarded-for': `198.51.100.${n}` }),
      ),
    );
    t.equal(
      ofOneNumber.filter(({ body }) => body.status === 'delivered').length,
      CAP,
      'both replicas count on one cap',
    );
    t.equal(ofOneNumber.filter(({ body }) => body.status === 'queued').length, 3 * CAP);

    await loaded((sent) => {
      if (sent === POSTGRES_LEADS / 2) void redis.start();
    });
    await replicas.counting('shared');
    t.equal(await allowance(replicas, '203.0.113.3'), MAX, 'both replicas count on one limit again');
    for (const { lines } of replicas.all) {
      const changes = lines.filter(({ event }) => event?.startsWith('limits_')).map(({ event }) => event);
      t.strictSame(changes, ['limits_shared', 'limits_local', 'limits_shared']);
    }

    const delivered = 2 * POSTGRES_LEADS + MAX + 2 * MAX + CAP + MAX;
    const stored = await server.query('SELECT status, count(*)::integer AS n FROM conversations GROUP BY 1', address);
    t.strictSame(Object.fromEntries(stored.map(({ status, n }) => [status, n])), { delivered, held: 3 * CAP });
    const calls = Object.values(await replicas.provider.byPhone()).map(({ received }) => received);
    t.equal(calls.length, delivered - CAP + 1);
    t.strictSame(
      calls.filter((one) => one !== 1),
      [CAP],
      'every lead was sent once',
    );
  },
);
