import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t, { type Test } from 'tap';
import { reach } from '../../src/cli/check/network.ts';
import { type Outcome, REGION_URLS } from '../../src/domain/provider.ts';
import { DEFAULT_WIRE } from '../../src/domain/wire.ts';
import { createProviderClient, createSharedLookup, type Lookup, memoizeSuccess } from '../../src/provider/client.ts';
import { type BodyHeaders, decodeAnswer } from '../../src/provider/decode.ts';
import { lead } from '../support/lead.ts';
import { account, ok, rawServer, SUCCESS } from '../support/provider/raw-server.ts';
import { startUnverifiedServer } from '../support/unverified-tls.ts';

t.test('a lead becomes one POST of its document to the account’s URL', async (t) => {
  const { url, requests } = await rawServer(t, ok(SUCCESS));
  const textXml = account({ url }, { contentType: 'text/xml; charset=utf-8' });
  const provider = createProviderClient({ account: () => textXml, timeoutMs: 10_000 });
  t.teardown(() => provider.close());
  await provider.send(lead({ question: 'Ça va? 🚗' }));

  const [head, body] = requests[0]?.split('\r\n\r\n') ?? [];
  const lines = head?.split('\r\n') ?? [];
  t.equal(lines.shift(), 'POST /Text.svc/Start?x=1 HTTP/1.1');
  t.strictSame(lines.sort(), [
    'accept: application/xml',
    'connection: keep-alive',
    `content-length: ${Buffer.byteLength(body ?? '')}`,
    'content-type: text/xml; charset=utf-8',
    `host: ${new URL(url).host}`,
    'user-agent: text-connect-gateway',
  ]);
  t.match(body, /^<\?xml version="1\.0" encoding="utf-8"\?><MobileTextConnectRequest>/);
  t.match(body, '<ConsumerQuestion>Ça va? 🚗</ConsumerQuestion>');
});

t.test('an answer comes with its HTTP status and its duration in milliseconds', async (t) => {
  const { url } = await rawServer(t, 'HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
  const ticks = [1_000, 1_180];
  const provider = createProviderClient({
    account: () => account({ url }),
    timeoutMs: 10_000,
    monotonic: () => ticks.shift() ?? Number.NaN,
  });
  t.teardown(() => provider.close());
  t.strictSame(await provider.send(lead()), {
    outcome: { class: 'unknown', cause: 'http_404' },
    httpStatus: 404,
    durationMs: 180,
  });
});

t.test('consecutive calls share their connections', async (t) => {
  const ports = new Set<number | undefined>();
  const { url, requests } = await rawServer(t, (socket) => {
    ports.add(socket.remotePort);
    socket.write(ok(SUCCESS));
  });
  const provider = createProviderClient({ account: () => account({ url }), timeoutMs: 10_000 });
  t.teardown(() => provider.close());
  for (let i = 0; i < 6; i += 1) t.equal((await provider.send(lead())).outcome.class, 'delivered');
  t.equal(requests.length, 6);
  // undici reuses a connection one turn of the event loop after its answer, so a second one may be opened.
  t.ok(ports.size <= 2, `${ports.size} connections`);
});

t.test('a kept-alive connection that is reset during a call gives unknown, and the call is not repeated', async (t) => {
  const ports = new Set<number | undefined>();
  const { url, requests } = await rawServer(t, (socket) => {
    if (ports.has(socket.remotePort)) socket.resetAndDestroy();
    else socket.write(ok(SUCCESS));
    ports.add(socket.remotePort);
  });
  const provider = createProviderClient({ account: () => account({ url }), timeoutMs: 10_000 });
  t.teardown(() => provider.close());
  const classes: string[] = [];
  while (classes.length < 6 && !classes.includes('unknown')) {
    classes.push((await provider.send(lead())).outcome.class);
  }
  t.equal(classes.at(-1), 'unknown');
  t.equal(requests.length, classes.length);
});

t.test('each call uses the account as it is configured at that moment', async (t) => {
  const { url, requests } = await rawServer(t, ok(SUCCESS));
  const passwords = ['old', 'new'];
  const provider = createProviderClient({
    account: (id) => account({ id, url, password: passwords.shift() ?? '' }),
    timeoutMs: 10_000,
  });
  t.teardown(() => provider.close());
  await provider.send(lead());
  await provider.send(lead());
  t.strictSame(
    requests.map((request) => /<Password>(.*)<\/Password>/.exec(request)?.[1]),
    ['old', 'new'],
  );
});

t.test('a lead that no call can be made for is refused, and nothing is sent', async (t) => {
  const { url, requests } = await rawServer(t, ok(SUCCESS));
  const provider = createProviderClient({
    account: (id) => {
      if (id !== 'default') throw new Error(`no provider ${id}`);
      return account({ url });
    },
    timeoutMs: 10_000,
  });
  t.teardown(() => provider.close());
  t.strictSame((await provider.send(lead({ provider: 'gone' }))).outcome, {
    class: 'refused',
    cause: 'unknown_provider',
  });
  t.strictSame((await provider.send(lead({ question: '\u0000' }))).outcome, {
    class: 'refused',
    cause: 'not_encodable',
  });
  t.equal(requests.length, 0);
});

async function outcomeAt(t: Test, url: string, timeoutMs = 10_000): Promise<Outcome> {
  const provider = createProviderClient({ account: () => account({ url }), timeoutMs });
  t.teardown(() => provider.close());
  return (await provider.send(lead())).outcome;
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

t.test('a server that resets the connection during the TLS handshake is not_sent', async (t) => {
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
  const provider = createProviderClient({ account: () => account({ url }), timeoutMs: 10_000 });
  await provider.close();
  t.strictSame((await provider.send(lead())).outcome, { class: 'not_sent', cause: 'connect' });
  t.equal(requests.length, 0);
});

t.test('each region has the endpoint of the provider’s reference', async (t) => {
  const path = '/MobileTextConnectRestService.svc/InitiateMobileTextConversation';
  t.strictSame(REGION_URLS, {
    na: `https://services.contactatonce.com${path}`,
    au: `https://services.contactatonce.com.au${path}`,
    eu: `https://services.contactatonce.co.uk${path}`,
  });
});

t.test('the values that the reference leaves unstated have the documented defaults', async (t) => {
  t.strictSame(DEFAULT_WIRE, {
    root: 'MobileTextConnectRequest',
    order: 'documented',
    contentType: 'application/xml; charset=utf-8',
    listingFormat: 'text',
  });
});

t.test('a certificate is verified whatever NODE_TLS_REJECT_UNAUTHORIZED says', async (t) => {
  const { port, received } = await startUnverifiedServer(t);
  const url = `https://127.0.0.1:${port}/Text.svc/Start`;
  const provider = createProviderClient({ account: () => account({ url }), timeoutMs: 1_000 });
  t.teardown(() => provider.close());
  t.match(await provider.send(lead()), { outcome: { class: 'not_sent', cause: 'tls' } });
  t.match(await reach(url, 1_000), { result: 'problem', detail: /cannot be reached/ });
  t.equal(received(), '', 'no credentials were sent');
});

const HEADERS = { contentType: 'text/xml' };
const PLAIN_SUCCESS = '<R><Status>Success</Status></R>';

/** Decodes answers one after another and records those that were not remembered. */
function reader() {
  const decoded: string[] = [];
  const decode = memoizeSuccess((body, headers) => {
    decoded.push(Buffer.from(body).toString());
    return decodeAnswer(body, headers);
  });
  return { decoded, read: (text: string, headers: BodyHeaders = HEADERS) => decode(Buffer.from(text), headers) };
}

t.test('a Success that arrives again byte for byte is decoded once', async (t) => {
  const { decoded, read } = reader();
  t.strictSame([read(PLAIN_SUCCESS), read(PLAIN_SUCCESS), read(PLAIN_SUCCESS)], Array(3).fill({ status: 'Success' }));
  t.strictSame(decoded, [PLAIN_SUCCESS]);
});

t.test('an answer with one different byte or header is decoded again', async (t) => {
  const { decoded, read } = reader();
  read(PLAIN_SUCCESS);
  t.strictSame(read('<R><Status>Failure</Status></R>'), { status: 'Failure' });
  t.strictSame(read(`${PLAIN_SUCCESS}<R/>`), { unreadable: 'two_roots' });
  t.strictSame(read(PLAIN_SUCCESS, { ...HEADERS, contentEncoding: 'gzip' }), { unreadable: 'content_encoding' });
  t.strictSame(read(PLAIN_SUCCESS, { contentType: 'text/xml; charset=utf-7' }), { unreadable: 'charset' });
  t.strictSame(read(PLAIN_SUCCESS), { status: 'Success' });
  t.equal(decoded.length, 5);
});

t.test('an answer that may quote a lead is not remembered', async (t) => {
  for (const answer of [
    '<R><Status>Success</Status><Description>for +14045551212</Description></R>',
    '<R><Status>Failure</Status></R>',
  ]) {
    const { decoded, read } = reader();
    t.strictSame(read(answer), read(answer));
    t.equal(decoded.length, 2);
  }
});

t.test('a remembered answer does not change with the buffer it arrived in', async (t) => {
  const decode = memoizeSuccess(decodeAnswer);
  const body = Buffer.from(PLAIN_SUCCESS);
  decode(body, HEADERS);
  body.write('Failure', PLAIN_SUCCESS.indexOf('Success'));
  t.strictSame(decode(body, HEADERS), { status: 'Failure' });
});

type Query = { readonly hostname: string; readonly answer: Parameters<Lookup>[2] };

/** A name server that answers when the test says so. */
function silentServer() {
  const queries: Query[] = [];
  const lookup = createSharedLookup((hostname, _options, answer) => void queries.push({ hostname, answer }));
  const ask = (hostname: string, options = {}): Promise<unknown> =>
    new Promise((resolve) => lookup(hostname, options, (...answer) => resolve(answer)));
  return { queries, ask };
}

t.test('calls to one host share the query under way, whether it succeeds or fails', async (t) => {
  const { queries, ask } = silentServer();
  const answers = [ask('a.example'), ask('a.example'), ask('b.example')];
  t.strictSame(
    queries.map(({ hostname }) => hostname),
    ['a.example', 'b.example'],
  );
  queries[0]?.answer(null, '192.0.2.1', 4);
  const failed = Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
  queries[1]?.answer(failed, '');
  t.strictSame(await Promise.all(answers), [
    [null, '192.0.2.1', 4],
    [null, '192.0.2.1', 4],
    [failed, ''],
  ]);
});

t.test('a call after the answer asks anew, and so does one with other options', async (t) => {
  const { queries, ask } = silentServer();
  const first = ask('a.example');
  queries[0]?.answer(null, '192.0.2.1', 4);
  await first;
  void ask('a.example');
  void ask('a.example', { all: true });
  t.equal(queries.length, 3);
});
