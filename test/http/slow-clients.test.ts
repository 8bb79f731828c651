import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { goodBody, testApp } from '../support/http/app.ts';
import { exchange, readAnswer, request } from '../support/http/wire.ts';

const SHORT = { headersMs: 100, requestMs: 200, handlerMs: 1000, checkIntervalMs: 20 };

async function dial(t: Test, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

for (const [what, start] of [
  ['a request that stops after one byte', 'P'],
  ['headers that do not end', 'POST /conversations HTTP/1.1\r\nhost: a\r\n'],
  [
    'a missing body',
    'POST /conversations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n',
  ],
  [
    'an incomplete body',
    'POST /conversations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{"s',
  ],
  [
    'chunks that do not end',
    'POST /conversations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{"s\r\n',
  ],
] as const) {
  t.test(`${what}: the connection is answered 408 and closed`, async (t) => {
    const { listen, submitted } = await testApp(t, { timeouts: SHORT });
    const socket = await dial(t, await listen());
    const closed = once(socket, 'close');
    const answer = readAnswer(socket);
    socket.write(start);
    const { status, headers, body } = await answer;
    t.equal(status, 408);
    t.equal(headers['content-type'], 'application/problem+json; charset=utf-8');
    t.match(JSON.parse(body), { code: 'request_timeout', status: 408 });
    await closed;
    t.equal(submitted.length, 0);
  });
}

t.test('single bytes do not extend the time limit', async (t) => {
  const { listen } = await testApp(t, { timeouts: SHORT });
  const socket = await dial(t, await listen());
  const answer = readAnswer(socket);
  socket.write('GET /healthz HTTP/1.1\r\n');
  const drip = setInterval(() => socket.write('x: y\r\n'), 10);
  t.teardown(() => clearInterval(drip));
  t.equal((await answer).status, 408);
});

t.test('a connection stays open after a refusal, and its next request is accepted', async (t) => {
  const { listen } = await testApp(t);
  const socket = await dial(t, await listen());
  for (const [body, status] of [
    ['{', 400],
    [' '.repeat(70_000), 413],
    [JSON.stringify(goodBody()), 201],
  ] as const) {
    const answer = readAnswer(socket);
    socket.write(request({ body }));
    t.equal((await answer).status, status);
  }
});

t.test('a client that writes its whole request before it reads still gets the refusal', async (t) => {
  const { listen } = await testApp(t);
  const socket = await dial(t, await listen());
  socket.pause();
  const body = Buffer.alloc(8 * 1024 * 1024, ' ');
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.write(request({ body, headers: { connection: 'close' } }), () => resolve());
  });
  const answer = readAnswer(socket);
  socket.resume();
  t.equal((await answer).status, 413);
});

t.test('an answer does not wait for a body that never ends', async (t) => {
  const { listen } = await testApp(t);
  const socket = await dial(t, await listen());
  const answer = readAnswer(socket);
  socket.write('POST /nope HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n{');
  t.equal((await answer).status, 404);
});

t.test('invalid input after a complete request does not prevent the answer to that request', async (t) => {
  const { listen, submitted } = await testApp(t);
  const socket = await dial(t, await listen());
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  const closed = once(socket, 'close');
  const good = request({ body: JSON.stringify(goodBody()) });
  socket.write(Buffer.concat([good, Buffer.from('nonsense\r\n\r\n')]));
  await closed;
  t.strictSame(received.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 201', 'HTTP/1.1 400'], 'and the rest is refused after it');
  t.equal(submitted.length, 1);
});

t.test('a request with Expect: 100-continue is accepted', async (t) => {
  const { listen } = await testApp(t);
  const body = JSON.stringify(goodBody());
  t.equal((await exchange(await listen(), request({ body, headers: { expect: '100-continue' } }))).status, 201);
});

t.test('HTTP/1.0 needs no Host', async (t) => {
  const { listen } = await testApp(t);
  t.equal((await exchange(await listen(), 'GET /healthz HTTP/1.0\r\n\r\n')).status, 200);
});
