import t from 'tap';
import { freePort } from '../support/free-port.ts';
import { NO_REDIS, startRedis } from '../support/redis.ts';
import { besideRunning, gateway } from './support/process.ts';

const FIXTURES = 'test/fixtures/tls';

t.setTimeout(60_000);

t.test('a Redis that counts is fine, and its password is told nobody', { skip: NO_REDIS }, async (t) => {
  const { env } = besideRunning(t);
  const { port } = await startRedis(t, ['--requirepass', 'canary-word'], 'canary-word');
  const good = await gateway(['check'], { ...env, REDIS_URL: `redis://:canary-word@127.0.0.1:${port}` });
  t.equal(good.code, 0);
  t.match(good.out, new RegExp(`ok +redis +127\\.0\\.0\\.1:${port} counts`));
  const wrong = await gateway(['check'], { ...env, REDIS_URL: `redis://:canary-other@127.0.0.1:${port}` });
  t.equal(wrong.code, 1);
  t.match(wrong.out, /problem +redis .*does not count \(WRONGPASS\)/);
  t.notMatch(good.out + good.err + wrong.out + wrong.err, /canary/);
});

t.test('over TLS a Redis counts whose certificate is trusted, and no other', { skip: NO_REDIS }, async (t) => {
  const { env } = besideRunning(t);
  const port = await freePort();
  const pair = [
    '--tls-cert-file',
    `${FIXTURES}/first.test-cert.pem`,
    '--tls-key-file',
    `${FIXTURES}/first.test-key.pem`,
  ];
  await startRedis(t, ['--tls-port', String(port), '--tls-auth-clients', 'no', ...pair]);
  const overTls = { ...env, REDIS_URL: `rediss://127.0.0.1:${port}` };
  const trusted = await gateway(['check'], { ...overTls, NODE_EXTRA_CA_CERTS: `${FIXTURES}/first.test-cert.pem` });
  t.equal(trusted.code, 0);
  t.match(trusted.out, /ok +redis /);
  const stranger = await gateway(['check'], { ...overTls, NODE_EXTRA_CA_CERTS: `${FIXTURES}/second.test-cert.pem` });
  t.equal(stranger.code, 1);
  t.match(stranger.out, /problem +redis .*\(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
});

t.test('a Redis that cannot be reached is a problem, and the rest is checked all the same', async (t) => {
  const { env } = besideRunning(t);
  const { code, out } = await gateway(['check'], { ...env, REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
  t.equal(code, 1);
  t.match(out, /problem +redis .*\(ECONNREFUSED\)/);
  t.match(out, /ok +database /);
});
