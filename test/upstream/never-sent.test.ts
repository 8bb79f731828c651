import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t, { type Test } from 'tap';
import type { Outcome } from '../../src/conversation/outcome.ts';
import { createUpstream } from '../../src/upstream/client.ts';
import { lead } from '../support/lead.ts';
import { account } from './account.ts';
import { rawServer } from './answers/raw-server.ts';
import { ok, SUCCESS } from './answers/wire.ts';

async function outcomeAt(t: Test, url: string, timeoutMs = 10_000): Promise<Outcome> {
  const upstream = createUpstream({ provider: () => account({ url }), timeoutMs });
  t.teardown(() => upstream.close());
  return (await upstream.send(lead())).outcome;
}

t.test('a closed port is not_sent', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  t.strictSame(await outcomeAt(t, `http://127.0.0.1:${port}/`), { class: 'not_sent', cause: 'refused' });
});

t.test('a name that does not resolve is not_sent', async (t) => {
  // A label of more than 63 characters fails before any name server is asked.
  t.strictSame(await outcomeAt(t, `http://${'a'.repeat(64)}.invalid/`), { class: 'not_sent', cause: 'dns' });
});

t.test('a server that speaks no TLS is not_sent', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  t.strictSame(await outcomeAt(t, `https://127.0.0.1:${port}/`), { class: 'not_sent', cause: 'tls' });
});

t.test('a server that hangs up within the TLS handshake is not_sent', async (t) => {
  const server = createServer((socket) => socket.once('data', () => socket.resetAndDestroy())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  t.strictSame(await outcomeAt(t, `https://127.0.0.1:${port}/`), { class: 'not_sent', cause: 'connect' });
});

t.test('a TLS handshake that never ends is not_sent when the time is up', async (t) => {
  const server = createServer((socket) => t.teardown(() => socket.destroy())).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  t.strictSame(await outcomeAt(t, `https://127.0.0.1:${port}/`, 250), { class: 'not_sent', cause: 'connect_timeout' });
});

t.test('a call after close is not_sent', async (t) => {
  const { url, requests } = await rawServer(t, ok(SUCCESS));
  const upstream = createUpstream({ provider: () => account({ url }), timeoutMs: 10_000 });
  await upstream.close();
  t.strictSame((await upstream.send(lead())).outcome, { class: 'not_sent', cause: 'connect' });
  t.equal(requests.length, 0);
});
