import type { IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import t, { type Test } from 'tap';
import type { Receiver } from '../../src/domain/receiver.ts';
import { createSender } from '../../src/senders/sender.ts';
import { httpReceiver } from '../support/receivers.ts';
import { startUnverifiedServer } from '../support/unverified-tls.ts';

const SECRET = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;
const OTHER = `whsec_${Buffer.alloc(24, 2).toString('base64')}`;
const MESSAGE = { id: 'msg_1', body: '{"text":"naïve"}' };
const local = (host: string): boolean => host === '127.0.0.1' || host === 'localhost';

function senderOf(t: Test, allowed = local, now = Date.now) {
  const sender = createSender({ allowed, now });
  t.teardown(() => sender.close());
  return (url: string, secrets: readonly string[] = []) =>
    sender.send({ kind: 'webhook', url, secrets } satisfies Receiver, MESSAGE);
}

t.test(
  'a message arrives with signatures of both secrets, which the library of Standard Webhooks verifies',
  async (t) => {
    const received: { headers: IncomingHttpHeaders; body: string }[] = [];
    const url = await httpReceiver(t, async (request, response) => {
      received.push({ headers: request.headers, body: await text(request) });
      response.end();
    });
    t.strictSame(await senderOf(t)(url, [SECRET, OTHER]), { kind: 'delivered' });
    const [{ headers, body } = { headers: {}, body: '' }] = received;
    t.equal(body, MESSAGE.body);
    t.match(headers, { 'content-type': 'application/json', 'webhook-id': 'msg_1' });
    for (const secret of [SECRET, OTHER])
      t.strictSame(new Webhook(secret).verify(body, headers as Record<string, string>), { text: 'naïve' });
    const wrong = new Webhook(`whsec_${Buffer.alloc(24, 3).toString('base64')}`);
    t.throws(() => wrong.verify(body, headers as Record<string, string>));
  },
);

t.test('without a secret a message has an id and no signature', async (t) => {
  let headers: IncomingHttpHeaders = {};
  const url = await httpReceiver(t, (request, response) => {
    headers = request.headers;
    response.end();
  });
  await senderOf(t)(url);
  t.match(headers, { 'webhook-id': 'msg_1' });
  t.notOk('webhook-signature' in headers);
});

t.test('any other answer than 2xx is a failure with its status, and Retry-After is honoured', async (t) => {
  let status = 500;
  let retryAfter: string | undefined;
  const url = await httpReceiver(t, (_request, response) => {
    response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end('secret text');
  });
  const send = senderOf(t, local, () => Date.UTC(2026, 10, 28));
  t.strictSame(await send(url), { kind: 'failed', failure: 'http_500' });
  status = 429;
  for (const [header, retryAfterMs] of [
    ['120', 120_000],
    ['999999', 3_600_000],
    ['Sat, 28 Nov 2026 00:00:30 GMT', 30_000],
    ['Fri, 27 Nov 2026 00:00:00 GMT', 0],
  ] as const) {
    retryAfter = header;
    t.strictSame(await send(url), { kind: 'failed', failure: 'http_429', retryAfterMs }, header);
  }
  retryAfter = 'soon';
  t.strictSame(await send(url), { kind: 'failed', failure: 'http_429' });
  status = 204;
  t.strictSame(await send(url), { kind: 'delivered' });
});

t.test('a redirect is not followed', async (t) => {
  let calls = 0;
  const url = await httpReceiver(t, (_request, response) => {
    calls += 1;
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  t.strictSame(await senderOf(t)(url), { kind: 'failed', failure: 'http_307' });
  t.equal(calls, 1);
});

t.test('a private address is refused before a connection, by number and by name', async (t) => {
  let calls = 0;
  const url = await httpReceiver(t, (_request, response) => {
    calls += 1;
    response.end();
  });
  const send = senderOf(t, () => false);
  const { port } = new URL(url);
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '169.254.169.254'])
    t.strictSame(await send(`http://${host}:${port}/`), { kind: 'failed', failure: 'private_address' }, host);
  t.equal(calls, 0);
});

t.test('a receiver that is not there, or that hangs up, fails with a code', async (t) => {
  const url = await httpReceiver(t, (request) => request.socket.destroy());
  const send = senderOf(t);
  t.match(await send(url), { kind: 'failed', failure: /^[A-Z_]+$/ });
  t.strictSame(await send('http://127.0.0.1:1/'), { kind: 'failed', failure: 'ECONNREFUSED' });
});

t.test('a certificate is verified whatever NODE_TLS_REJECT_UNAUTHORIZED says', async (t) => {
  const { port, received } = await startUnverifiedServer(t);
  t.match(await senderOf(t)(`https://127.0.0.1:${port}/hook`), { kind: 'failed', failure: /tls|cert/i });
  t.equal(received(), '');
});
