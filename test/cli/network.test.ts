import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Test } from 'tap';
import t from 'tap';
import { reach } from '../../src/cli/check/network.ts';
import { besideRunning, gateway, startProgram } from '../support/cli/process.ts';
import { freePort } from '../support/free-port.ts';
import { NO_REDIS, startRedis } from '../support/redis.ts';

const FIXTURES = 'test/fixtures/tls';

t.setTimeout(60_000);

/** A port that keeps every byte it is sent. */
async function listen(t: Test) {
  const received: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('data', (bytes) => received.push(bytes)).on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port, received };
}

t.test('a listening endpoint is reached, and no byte is sent to it', async (t) => {
  const { server, port, received } = await listen(t);
  const closed = once(server, 'connection').then(([socket]) => once(socket, 'close'));
  t.match(await reach(`http://127.0.0.1:${port}/Service.svc/Call`, 1_000), {
    result: 'ok',
    detail: `127.0.0.1:${port} answers`,
  });
  await closed;
  t.equal(Buffer.concat(received).length, 0);
});

t.test('a port without a listener is a problem', async (t) => {
  const { server, port } = await listen(t);
  server.close();
  await once(server, 'close');
  t.match(await reach(`http://127.0.0.1:${port}/`, 1_000), {
    result: 'problem',
    detail: /cannot be reached \(ECONNREFUSED\)/,
  });
});

t.test('a name without an address is a problem', async (t) => {
  t.match(await reach('https://nowhere.invalid/', 1_000), {
    result: 'problem',
    detail: /^nowhere\.invalid has no address/,
  });
});

t.test('an endpoint that accepts and never answers is a problem after the timeout', async (t) => {
  const { port, received } = await listen(t);
  t.match(await reach(`https://127.0.0.1:${port}/`, 500), { result: 'problem', detail: /no answer in 500 ms/ });
  t.equal(Buffer.concat(received)[0], 22, 'nothing but the start of a TLS handshake was sent');
});

t.test('a Redis that counts is ok, and its password is never printed', { skip: NO_REDIS }, async (t) => {
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

t.test('over TLS only a Redis with a trusted certificate is ok', { skip: NO_REDIS }, async (t) => {
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
  // Node reads NODE_EXTRA_CA_CERTS only when a process starts.
  const trusted = await startProgram(['check'], { ...overTls, NODE_EXTRA_CA_CERTS: `${FIXTURES}/first.test-cert.pem` });
  t.equal(trusted.code, 0);
  t.match(trusted.out, /ok +redis /);
  const stranger = await startProgram(['check'], {
    ...overTls,
    NODE_EXTRA_CA_CERTS: `${FIXTURES}/second.test-cert.pem`,
  });
  t.equal(stranger.code, 1);
  t.match(stranger.out, /problem +redis .*\(DEPTH_ZERO_SELF_SIGNED_CERT\)/);
});

t.test('an unreachable Redis is a problem, and every other check still runs', async (t) => {
  const { env } = besideRunning(t);
  const { code, out } = await gateway(['check'], { ...env, REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
  t.equal(code, 1);
  t.match(out, /problem +redis .*\(ECONNREFUSED\)/);
  t.match(out, /ok +database /);
});
