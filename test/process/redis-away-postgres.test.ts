import t from 'tap';
import { leadOf, send } from '../support/caller.ts';
import { startPostgres } from '../support/postgres.ts';
import { urlOf } from '../support/postgres-server.ts';
import { NO_REDIS, startRedis } from '../support/redis.ts';
import { allowance, load, MAX, MOST_ADDED_MS, startLimited } from '../support/visitors.ts';

const LEADS = 110;
/** Leads of one number a day; what is beyond it here stays below ten times of it. */
const CAP = 3;

t.setTimeout(60_000);

t.test(
  'replicas on one Postgres whose Redis dies under load and comes back lose no lead, and caps stay exact meanwhile',
  { skip: NO_REDIS },
  async (t) => {
    const [server, redis] = await Promise.all([startPostgres(), startRedis(t)]);
    const address = await server.database();
    const { replicas, without } = await startLimited(t, redis.url, {
      count: 2,
      changes: { DATABASE_URL: urlOf(address), PHONE_DAILY_MAX: String(CAP) },
    });
    const loaded = async (during: (sent: number) => unknown): Promise<void> => {
      const { added, usual, others } = await load({ replicas, without, leads: LEADS }, during);
      t.comment(`p99 ${usual.toFixed()} ms without Redis, and ${added.toFixed()} ms more with it`);
      t.strictSame(others, [], 'every lead is taken, and delivered while its caller waits');
      t.ok(added <= MOST_ADDED_MS);
    };
    t.equal(await allowance(replicas, '203.0.113.1'), MAX);

    await loaded((sent) => {
      if (sent === LEADS / 2) redis.pause();
      // It ends with requests that wait for its word.
      if (sent === LEADS / 2 + 2) void redis.stop();
    });
    await replicas.counting('local');
    t.equal((await replicas.lead('203.0.113.1')).status, 429, 'who had used up its limit gets no new one');
    t.equal(await allowance(replicas, '203.0.113.2'), 2 * MAX, 'each replica holds the limit by itself');
    const ofOneNumber = await Promise.all(
      Array.from({ length: 4 * CAP }, (_, n) =>
        send(replicas.next(), leadOf(400_000), { 'x-forwarded-for': `198.51.100.${n}` }),
      ),
    );
    t.equal(ofOneNumber.filter(({ body }) => body.status === 'delivered').length, CAP, 'a cap is over both');
    t.equal(ofOneNumber.filter(({ body }) => body.status === 'held').length, 3 * CAP);

    await loaded((sent) => {
      if (sent === LEADS / 2) void redis.start();
    });
    await replicas.counting('shared');
    t.equal(await allowance(replicas, '203.0.113.3'), MAX, 'one limit over both again');
    for (const { lines } of replicas.all) {
      const changes = lines.filter(({ event }) => event?.startsWith('limits_')).map(({ event }) => event);
      t.strictSame(changes, ['limits_shared', 'limits_local', 'limits_shared']);
    }

    const delivered = 4 * LEADS + MAX + 2 * MAX + CAP + MAX;
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
