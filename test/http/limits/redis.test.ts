import t, { type Test } from 'tap';
import { redisServer } from '../../../src/config/formats/databases.ts';
import { connectRedis, faultOf } from '../../../src/http/limits/redis.ts';
import type { CountingServer } from '../../../src/http/limits/shared-counts.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { NO_REDIS, startRedis } from '../../support/redis.ts';
import { startUnverifiedServer } from '../../support/unverified-tls.ts';

const WINDOW_MS = 60_000;

t.setTimeout(60_000);

async function connect(t: Test, url: string, onLost: (error: unknown) => void = () => {}): Promise<CountingServer> {
  const server = await connectRedis(redisServer(url), onLost);
  t.teardown(() => server.close());
  return server;
}

/** Why a connection is refused, in the word that is logged. */
async function refusal(url: string): Promise<string> {
  const server = await connectRedis(redisServer(url), () => {}).catch(faultOf);
  if (typeof server === 'string') return server;
  server.close();
  return 'connected';
}

t.test(
  'requests are counted by key, over all connections, in a window from the first',
  { skip: NO_REDIS },
  async (t) => {
    const { url } = await startRedis(t);
    const [one, other] = [await connect(t, url), await connect(t, url)];
    t.strictSame(await one.count('ann', WINDOW_MS), { count: 1, resetMs: WINDOW_MS });
    const second = await other.count('ann', WINDOW_MS);
    t.equal(second.count, 2);
    t.ok(second.resetMs > WINDOW_MS - 10_000 && second.resetMs <= WINDOW_MS);
    t.match(await other.count('bob', WINDOW_MS), { count: 1 });
  },
);

t.test('counts asked for at once are each their own', { skip: NO_REDIS }, async (t) => {
  const { url } = await startRedis(t);
  const servers = [await connect(t, url), await connect(t, url), await connect(t, url)];
  const counted = await Promise.all(
    servers.flatMap((server) => Array.from({ length: 100 }, () => server.count('ann', WINDOW_MS))),
  );
  const numbers = counted.map(({ count }) => count).sort((a, b) => a - b);
  t.strictSame(
    numbers,
    Array.from({ length: 300 }, (_, index) => index + 1),
  );
});

t.test('every key ends with its window', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedis(t);
  const server = await connect(t, redis.url);
  await server.count('ann', WINDOW_MS);
  t.equal(await redis.command('PERSIST', 'ann'), 1);
  t.match(await server.count('ann', WINDOW_MS), { count: 2, resetMs: WINDOW_MS }, 'also one that lost its end');
  t.match(await server.count('ann', 1_000), { count: 3, resetMs: 1_000 }, 'also one of a longer window before');
  t.ok(Number(await redis.command('PTTL', 'ann')) <= 1_000);
});

t.test('a flushed server counts from one again', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedis(t);
  const server = await connect(t, redis.url);
  await server.count('ann', WINDOW_MS);
  await server.count('ann', WINDOW_MS);
  await redis.command('FLUSHALL');
  t.match(await server.count('ann', WINDOW_MS), { count: 1 });
  await redis.command('SCRIPT', 'FLUSH');
  t.match(await server.count('ann', WINDOW_MS), { count: 2 }, 'nor does it need what a server remembers of scripts');
});

t.test('user, password and database are those of the URL', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedis(t, ['--requirepass', 'p@ss/word'], 'p@ss/word');
  const server = await connect(t, `redis://:${encodeURIComponent('p@ss/word')}@127.0.0.1:${redis.port}/3`);
  await server.count('ann', WINDOW_MS);
  t.match(await redis.command('INFO', 'keyspace'), /db3:keys=1/);
  await redis.command(
    'ACL',
    'SETUSER',
    'gateway',
    'on',
    '>secret',
    '~tcg:limit:*',
    '+eval',
    '+incr',
    '+pttl',
    '+pexpire',
  );
  const limited = await connect(t, `redis://gateway:secret@127.0.0.1:${redis.port}`);
  t.match(await limited.count('tcg:limit:ann', WINDOW_MS), { count: 1 }, 'these rights are enough');
});

t.test('each way to be refused is named by one word, which quotes nothing', { skip: NO_REDIS }, async (t) => {
  const { port } = await startRedis(t, ['--requirepass', 'word'], 'word');
  t.equal(await refusal(`redis://127.0.0.1:${await freePort()}`), 'ECONNREFUSED');
  t.equal(await refusal('redis://nowhere.invalid'), 'ENOTFOUND');
  t.equal(await refusal(`redis://:canary@127.0.0.1:${port}`), 'WRONGPASS');
  t.equal(await refusal(`redis://:word@127.0.0.1:${port}/9999`), 'ERR');
  const open = await connect(t, `redis://127.0.0.1:${port}`);
  t.equal(faultOf(await open.count('ann', WINDOW_MS).catch((error: unknown) => error)), 'NOAUTH');
});

t.test(
  'a server that closes an idle connection is no fault: the next count goes over a new one',
  { skip: NO_REDIS },
  async (t) => {
    const redis = await startRedis(t);
    const lost: unknown[] = [];
    const server = await connect(t, redis.url, (error) => lost.push(error));
    await server.count('ann', WINDOW_MS);
    await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
    const counted = await eventually('a new connection counts', 5_000, () =>
      server.count('ann', WINDOW_MS).catch(() => undefined),
    );
    t.match(counted, { count: 2 });
    t.strictSame(lost, []);
  },
);

t.test('a connection that cannot be opened again is lost, and that is told once', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedis(t);
  const told = Promise.withResolvers<unknown>();
  const lost: unknown[] = [];
  await connect(t, redis.url, (error) => {
    lost.push(error);
    told.resolve(error);
  });
  await redis.stop();
  t.equal(faultOf(await told.promise), 'ECONNREFUSED');
  t.equal(lost.length, 1);
});

t.test('a server that accepts connections and answers nothing is given up', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedis(t, ['--requirepass', 'word'], 'word');
  redis.pause();
  t.equal(await refusal(`redis://:word@127.0.0.1:${redis.port}`), 'no_answer');
  redis.resume();
});

t.test(
  'a certificate is verified before the password is sent, whatever NODE_TLS_REJECT_UNAUTHORIZED says',
  async (t) => {
    const { port, received } = await startUnverifiedServer(t);
    t.equal(await refusal(`rediss://:canary@127.0.0.1:${port}`), 'DEPTH_ZERO_SELF_SIGNED_CERT');
    t.equal(received(), '');
  },
);
