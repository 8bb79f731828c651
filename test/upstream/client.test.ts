import t from 'tap';
import { createUpstream } from '../../src/upstream/client.ts';
import { lead } from '../support/lead.ts';
import { account } from './account.ts';
import { rawServer } from './answers/raw-server.ts';
import { ok, SUCCESS } from './answers/wire.ts';

t.test('a lead becomes one POST of its document to the account’s URL', async (t) => {
  const { url, requests } = await rawServer(t, ok(SUCCESS));
  const provider = account({ url }, { contentType: 'text/xml; charset=utf-8' });
  const upstream = createUpstream({ provider: () => provider, timeoutMs: 10_000 });
  t.teardown(() => upstream.close());
  await upstream.send(lead({ question: 'Ça va? 🚗' }));

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
  const upstream = createUpstream({
    provider: () => account({ url }),
    timeoutMs: 10_000,
    now: () => ticks.shift() ?? Number.NaN,
  });
  t.teardown(() => upstream.close());
  t.strictSame(await upstream.send(lead()), {
    outcome: { class: 'unknown', cause: 'http_404' },
    httpStatus: 404,
    durationMs: 180,
  });
});

t.test('calls one after another share their connections', async (t) => {
  const ports = new Set<number | undefined>();
  const { url, requests } = await rawServer(t, (socket) => {
    ports.add(socket.remotePort);
    socket.write(ok(SUCCESS));
  });
  const upstream = createUpstream({ provider: () => account({ url }), timeoutMs: 10_000 });
  t.teardown(() => upstream.close());
  for (let i = 0; i < 6; i += 1) t.equal((await upstream.send(lead())).outcome.class, 'delivered');
  t.equal(requests.length, 6);
  // A connection rests for one turn of the event loop after an answer, so there are two of them.
  t.ok(ports.size <= 2, `${ports.size} connections`);
});

t.test('a kept connection that dies under a call leaves it unknown, and the call is not repeated', async (t) => {
  const ports = new Set<number | undefined>();
  const { url, requests } = await rawServer(t, (socket) => {
    if (ports.has(socket.remotePort)) socket.resetAndDestroy();
    else socket.write(ok(SUCCESS));
    ports.add(socket.remotePort);
  });
  const upstream = createUpstream({ provider: () => account({ url }), timeoutMs: 10_000 });
  t.teardown(() => upstream.close());
  const classes: string[] = [];
  while (classes.length < 6 && !classes.includes('unknown')) {
    classes.push((await upstream.send(lead())).outcome.class);
  }
  t.equal(classes.at(-1), 'unknown');
  t.equal(requests.length, classes.length);
});

t.test('each call uses the account as it is then', async (t) => {
  const { url, requests } = await rawServer(t, ok(SUCCESS));
  const passwords = ['old', 'new'];
  const upstream = createUpstream({
    provider: (id) => account({ id, url, password: passwords.shift() ?? '' }),
    timeoutMs: 10_000,
  });
  t.teardown(() => upstream.close());
  await upstream.send(lead());
  await upstream.send(lead());
  t.strictSame(
    requests.map((request) => /<Password>(.*)<\/Password>/.exec(request)?.[1]),
    ['old', 'new'],
  );
});

t.test('a lead that can never become a call is refused, and nothing is sent', async (t) => {
  const { url, requests } = await rawServer(t, ok(SUCCESS));
  const upstream = createUpstream({
    provider: (id) => {
      if (id !== 'default') throw new Error(`no provider ${id}`);
      return account({ url });
    },
    timeoutMs: 10_000,
  });
  t.teardown(() => upstream.close());
  t.strictSame((await upstream.send(lead({ provider: 'gone' }))).outcome, {
    class: 'refused',
    cause: 'unknown_provider',
  });
  t.strictSame((await upstream.send(lead({ question: '\u0000' }))).outcome, {
    class: 'refused',
    cause: 'not_encodable',
  });
  t.equal(requests.length, 0);
});
