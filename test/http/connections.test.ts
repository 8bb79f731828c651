import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { CONNECTION_LIMITS } from '../../src/lib/connections.ts';
import { DELIVERED, goodBody, type Overrides, testApp } from '../support/http/app.ts';
import { exchange, readAnswer, request } from '../support/http/wire.ts';

const ALIVE = 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n';
const TLS = {
  certFile: 'test/fixtures/tls/first.test-cert.pem',
  keyFile: 'test/fixtures/tls/first.test-key.pem',
};

async function setup(t: Test, overrides: Overrides = {}) {
  const { listen, log } = await testApp(t, overrides);
  const port = await listen();
  const dial = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    // A connection that the gateway ends is reset where bytes are left unread.
    socket.on('error', () => undefined);
    t.teardown(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  return { port, dial, log, ended: () => log().filter(({ event }) => event === 'connection_ended') };
}

/** Everything that a connection receives until it is closed. */
async function untilClosed(socket: Socket): Promise<string> {
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  await new Promise((resolve) => socket.once('close', resolve));
  return received;
}

const statuses = (text: string): string[] => text.match(/HTTP\/1\.1 \d+/g) ?? [];

t.test('a few pipelined requests are answered in their order', async (t) => {
  const { dial, ended } = await setup(t);
  const socket = await dial();
  const received = untilClosed(socket);
  const lead = request({ body: JSON.stringify(goodBody()) });
  const last = request({ method: 'GET', path: '/nope', headers: { connection: 'close' } });
  socket.write(Buffer.concat([...Array(7).fill(Buffer.concat([Buffer.from(ALIVE), lead])), last]));
  t.strictSame(statuses(await received), [...Array(7).fill(['HTTP/1.1 200', 'HTTP/1.1 201']).flat(), 'HTTP/1.1 404']);
  t.strictSame(ended(), []);
});

t.test('a client that ends its sending side after its requests gets every answer', async (t) => {
  const settled = Promise.withResolvers<void>();
  const { dial } = await setup(t, {
    submit: async () => {
      await settled.promise;
      return { conversation: DELIVERED, replayed: false };
    },
  });
  const socket = await dial();
  const received = untilClosed(socket);
  const ended = once(socket, 'finish');
  const lead = request({ body: JSON.stringify(goodBody()) });
  socket.end(Buffer.concat([lead, request({ method: 'GET', path: '/nope', body: '' })]));
  await ended;
  // The gateway reads the end of the stream before the lead is settled: the answer to a later connection proves it.
  await exchange(Number(socket.remotePort), ALIVE);
  settled.resolve();
  t.strictSame(statuses(await received), ['HTTP/1.1 201', 'HTTP/1.1 404']);
});

t.test('a client that ends its sending side within its body is told that the request is not whole', async (t) => {
  const { dial } = await setup(t);
  const socket = await dial();
  const received = untilClosed(socket);
  socket.end('POST /conversations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{');
  t.strictSame(statuses(await received), ['HTTP/1.1 400']);
});

t.test(
  'a connection with more unanswered requests than the limit is closed, and later requests on it are not read',
  async (t) => {
    const seen: unknown[] = [];
    const submitted = Promise.withResolvers<never>();
    const { dial, ended } = await setup(t, {
      submit: (lead) => {
        seen.push(lead);
        return submitted.promise;
      },
    });
    const socket = await dial();
    const received = untilClosed(socket);
    socket.write(Buffer.concat(Array(100).fill(request({ body: JSON.stringify(goodBody()) }))));
    t.equal(await received, '');
    t.match(ended(), [{ cause: 'pipelined' }]);
    t.ok(seen.length <= CONNECTION_LIMITS.unanswered, `${seen.length} leads were taken`);
    submitted.reject(new Error('The test is over.'));
  },
);

t.test('requests with a refused Expect header count as requests, too', async (t) => {
  const { dial, ended } = await setup(t);
  const socket = await dial();
  const received = untilClosed(socket);
  socket.write('GET /healthz HTTP/1.1\r\nhost: a\r\nexpect: nothing\r\n\r\n'.repeat(1_000));
  t.ok(statuses(await received).length <= CONNECTION_LIMITS.unanswered);
  t.match(ended(), [{ cause: 'pipelined' }]);
});

t.test('the connection of a client that reads nothing is closed after a time limit', async (t) => {
  const { dial, ended } = await setup(t, { connectionLimits: { ...CONNECTION_LIMITS, unreadMs: 200 } });
  const socket = await dial();
  socket.pause();
  const closed = once(socket, 'close');
  // 1.4 MB each, more in all than what the system holds for a peer.
  socket.write(
    'GET /docs/static/swagger-ui-bundle.js HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(CONNECTION_LIMITS.unanswered),
  );
  // A paused socket is not told of its end.
  while (ended().length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.match(ended(), [{ cause: 'unread' }]);
  socket.resume();
  await closed;
});

t.test('a client that waits for the provider longer than that limit gets its answer', async (t) => {
  const { port } = await setup(t, {
    connectionLimits: { ...CONNECTION_LIMITS, unreadMs: 50 },
    submit: async () => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return { conversation: DELIVERED, replayed: false };
    },
  });
  t.equal((await exchange(port, request({ body: JSON.stringify(goodBody()) }))).status, 201);
});

for (const [what, last, status] of [
  ['its last request', ALIVE, '200'],
  ['a last request that is refused', 'GET /nope HTTP/1.1\r\nhost: a\r\n\r\n', '404'],
] as const) {
  t.test(`a connection is closed with the answer to ${what}`, async (t) => {
    const { dial } = await setup(t, { connectionLimits: { ...CONNECTION_LIMITS, requests: 3 } });
    const socket = await dial();
    const received = untilClosed(socket);
    socket.write(ALIVE.repeat(2) + last + ALIVE.repeat(2));
    const text = await received;
    t.strictSame(statuses(text), ['HTTP/1.1 200', 'HTTP/1.1 200', `HTTP/1.1 ${status}`]);
    t.equal(text.match(/^connection: close/gim)?.length, 1);
  });
}

t.test('connections beyond MAX_CONNECTIONS are closed, and those that are open are served', async (t) => {
  const { dial } = await setup(t, { settings: { maxConnections: 2 } });
  const [first] = [await dial(), await dial()];
  t.equal(await untilClosed(await dial()), '');
  const answer = readAnswer(first as Socket);
  first?.write(ALIVE);
  t.equal((await answer).status, 200);
});

t.test('a TLS connection without a handshake is closed after a time limit', async (t) => {
  const { dial } = await setup(t, {
    settings: { listen: { host: '127.0.0.1', port: 0, tls: TLS } },
    connectionLimits: { ...CONNECTION_LIMITS, handshakeMs: 100 },
  });
  t.equal(await untilClosed(await dial()), '');
  t.equal(CONNECTION_LIMITS.handshakeMs, 5_000);
});

t.test('health checks are limited by address, except for the first of each connection', async (t) => {
  const { port, dial } = await setup(t);
  const socket = await dial();
  const answers: { status: number; connection: string | undefined }[] = [];
  while (answers.at(-1)?.status !== 429 && answers.length < 700) {
    const answer = readAnswer(socket);
    socket.write(ALIVE);
    const { status, headers } = await answer;
    answers.push({ status, connection: headers.connection });
    for (const event of ['data', 'error', 'close']) socket.removeAllListeners(event);
  }
  t.equal(answers.length, 601);
  t.match(answers.at(-1), { status: 429, connection: 'close' });
  t.equal((await exchange(port, ALIVE)).status, 200, 'an orchestrator at the same address gets 200');
});

t.test('the limit on files of the button, by address, is far above what pages load', async (t) => {
  const { app } = await testApp(t);
  for (let n = 0; n < 1_200; n += 1) {
    const { statusCode } = await app.inject('/widget/v1.js');
    if (statusCode !== 404) t.fail(`the ${n + 1}th was answered ${statusCode}`);
  }
  t.equal((await app.inject('/widget/v1.js')).statusCode, 429);
  t.equal((await app.inject({ url: '/widget/v1.js', remoteAddress: '203.0.113.9' })).statusCode, 404);
});
