import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { Test } from 'tap';
import t from 'tap';
import { reach } from '../../src/cli/check/reach.ts';

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

t.test('an endpoint that listens is reached, and not a byte is said to it', async (t) => {
  const { server, port, received } = await listen(t);
  const closed = once(server, 'connection').then(([socket]) => once(socket, 'close'));
  t.match(await reach(`http://127.0.0.1:${port}/Service.svc/Call`, 1_000), {
    result: 'ok',
    detail: `127.0.0.1:${port} answers`,
  });
  await closed;
  t.equal(Buffer.concat(received).length, 0);
});

t.test('a port that nobody listens on is a problem', async (t) => {
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

t.test('an endpoint that accepts and then says nothing is given up on', async (t) => {
  const { port, received } = await listen(t);
  t.match(await reach(`https://127.0.0.1:${port}/`, 50), { result: 'problem', detail: /no answer in 50 ms/ });
  t.equal(Buffer.concat(received)[0], 22, 'nothing but the start of a TLS handshake was sent');
});
