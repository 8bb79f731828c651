import { createHash } from 'node:crypto';
import t from 'tap';
import { leadOf, send } from '../support/caller.ts';
import { NO_REDIS, startRedis } from '../support/redis.ts';
import { startReplicas } from '../support/replicas.ts';

t.setTimeout(120_000);

const KEY = 'a-partner-key-of-the-tests';
const MAX = 10;

/** The demo's site and a partner with a small rate limit. */
const CONFIG = {
  sites: {
    demo: { name: 'Demo', origins: ['*'], allowAnyOrigin: true, targets: { advertiserIds: '*' }, country: 'US' },
  },
  partners: {
    crm: {
      keys: [`sha256:${createHash('sha256').update(KEY).digest('hex')}`],
      sites: ['demo'],
      rate: { max: 7, windowS: 600 },
    },
  },
};

function statuses(answers: readonly { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

t.test('three replicas on one Redis', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedis(t);
  const env = { REDIS_URL: redis.url, RATE_LIMIT_MAX: String(MAX), RATE_LIMIT_WINDOW_S: '600' };
  const replicas = await startReplicas(t, 3, env, CONFIG);
  // The first lead of a process takes longer, so that on a busy machine it may count locally.
  for (const { url } of replicas.all) t.equal((await replicas.lead('203.0.113.8', url)).status, 201);
  await replicas.counting('shared');

  await t.test('hold one limit, for leads, partners and reads, and their Redis holds no address', async (t) => {
    const leads = await Promise.all(Array.from({ length: 3 * MAX }, () => replicas.lead('203.0.113.9')));
    t.strictSame(statuses(leads), { 201: MAX, 429: 2 * MAX });
    t.equal((await replicas.lead('203.0.113.10')).status, 201, 'another visitor has its own limit');

    const partner = await Promise.all(
      Array.from({ length: 21 }, (_, n) =>
        send(replicas.next(), leadOf(1_000 + n), { authorization: `Bearer ${KEY}` }),
      ),
    );
    t.strictSame(statuses(partner), { 201: 7, 429: 14 });

    const read = async () => fetch(`${replicas.next()}/nowhere`, { headers: { 'x-forwarded-for': '203.0.113.11' } });
    t.strictSame(statuses(await Promise.all(Array.from({ length: 150 }, read))), { 404: 120, 429: 30 });

    const keys = (await redis.command('KEYS', '*')) as string[];
    t.ok(keys.every((key) => key.startsWith('tcg:limit:')));
    t.notMatch(keys.join(), /203\.0\.113|crm/);
    for (const key of keys) t.ok(Number(await redis.command('PTTL', key)) > 0 || key.endsWith(':probe'), key);
  });

  await t.test('start their limits anew without a fault after FLUSHALL', async (t) => {
    const burst = () => Promise.all(Array.from({ length: 2 * MAX }, () => replicas.lead('203.0.113.20')));
    t.strictSame(statuses(await burst()), { 201: MAX, 429: MAX });
    const before = replicas.all.map(({ lines }) => lines.length);
    await redis.command('FLUSHALL');
    t.strictSame(statuses(await burst()), { 201: MAX, 429: MAX });
    for (const [n, { lines }] of replicas.all.entries())
      t.notOk(lines.slice(before[n]).some(({ event }) => event === 'limits_local'));
  });
});
