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

/** The reason for a refused connection, as it is logged. */
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

t.test('simultaneous counts each get their own number', { skip: NO_REDIS }, async (t) => {
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

t.test('every key expires with its window', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedis(t);
  const server = await connect(t, redis.url);
  await server.count('ann', WINDOW_MS);
  t.equal(await redis.command('PERSIST', 'ann'), 1);
  t.match(await server.count('ann', WINDOW_MS), { count: 2, resetMs: WINDOW_MS }, 'also a key without an expiry');
  t.match(await server.count('ann', 1_000), { count: 3, resetMs: 1_000 }, 'also a key with a longer window');
  t.ok(Number(await redis.command('PTTL', 'ann')) <= 1_000);
});

t.test('after a flush the server counts from one', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedis(t);
  const server = await connect(t, redis.url);
  await server.count('ann', WINDOW_MS);
  await server.count('ann', WINDOW_MS);
  await redis.command('FLUSHALL');
  t.match(await server.count('ann', WINDOW_MS), { count: 1 });
  await redis.command('SCRIPT', 'FLUSH');
  t.match(await server.count('ann', WINDOW_MS), { count: 2 }, 'the server needs no cached script');
});

t.test('the connection uses the user, password and database of the URL', { skip: NO_REDIS }, async (t) => {
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

t.test(
  'each reason for a refused connection is logged as one word without a quotation',
  { skip: NO_REDIS },
  async (t) => {
    const { port } = await startRedis(t, ['--requirepass', 'word'], 'word');
    t.equal(await refusal(`redis://127.0.0.1:${await freePort()}`), 'ECONNREFUSED');
    t.equal(await refusal('redis://nowhere.invalid'), 'ENOTFOUND');
    t.equal(await refusal(`redis://:canary@127.0.0.1:${port}`), 'WRONGPASS');
    t.equal(await refusal(`redis://:word@127.0.0.1:${port}/9999`), 'ERR');
    const open = await connect(t, `redis://127.0.0.1:${port}`);
    t.equal(faultOf(await open.count('ann', WINDOW_MS).catch((error: unknown) => error)), 'NOAUTH');
  },
);

t.test(
  'an idle connection that the server closes is no fault: the next count opens a new one',
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

t.test('a connection that cannot be reopened is reported as lost, once', { skip: NO_REDIS }, async (t) => {
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

t.test('connecting to a server that never answers fails', { skip: NO_REDIS }, async (t) => {
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
