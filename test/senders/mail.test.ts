import { once } from 'node:events';
import { createServer } from 'node:net';
import t from 'tap';
import type { MailReceiver } from '../../src/domain/receiver.ts';
import { createSender } from '../../src/senders/sender.ts';
import { mailServer } from '../support/receivers.ts';
import { startUnverifiedServer } from '../support/unverified-tls.ts';

const MESSAGE = {
  id: 'msg_1',
  body: JSON.stringify({ text: 'The account default is parked.\nIts leads wait: naïve' }),
};

function receiver(port: number, server: Partial<MailReceiver['server']> = {}): MailReceiver {
  return {
    kind: 'mail',
    from: 'gateway@example.com',
    to: ['ann@example.com', 'bob@example.com'],
    server: { host: '127.0.0.1', port, tls: 'none', ...server },
  };
}

const sender = createSender({ allowed: (host) => host === '127.0.0.1', now: Date.now });

t.test('an e-mail arrives with subject, text and the id of its message', async (t) => {
  const { port, mails } = await mailServer(t);
  const withUser = receiver(port, { user: 'gateway', password: 'word' });
  t.strictSame(await sender.send(withUser, MESSAGE), { kind: 'delivered' });
  const [mail] = mails;
  t.match(mail, { from: 'gateway@example.com', to: ['ann@example.com', 'bob@example.com'], user: 'gateway' });
  t.match(mail?.source, /^Subject: The account default is parked\.\r$/m);
  t.match(mail?.source, /^Message-ID: <msg_1@text-connect-gateway>\r$/m);
  t.match(mail?.source, 'na=C3=AFve');
});

t.test('a refusal of the server fails with its code and none of its words', async (t) => {
  const refuse = Object.assign(new Error('no such person'), { responseCode: 550 });
  const { port } = await mailServer(t, { onRcptTo: (_address, _session, done) => done(refuse) });
  t.strictSame(await sender.send(receiver(port), MESSAGE), { kind: 'failed', failure: 'smtp_550' });
  const wrong = receiver(port, { user: 'gateway', password: 'other' });
  t.strictSame(await sender.send(wrong, MESSAGE), { kind: 'failed', failure: 'smtp_535' });
});

t.test('with starttls a server without encryption gets nothing', async (t) => {
  const { port, mails } = await mailServer(t);
  t.match(await sender.send(receiver(port, { tls: 'starttls' }), MESSAGE), { kind: 'failed' });
  t.strictSame(mails, []);
});

t.test('a mail server with a private address is refused, and one that is not there fails with a code', async (t) => {
  let connections = 0;
  const server = createServer(() => {
    connections += 1;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  for (const host of ['localhost', '::1', '10.0.0.1'])
    t.strictSame(await sender.send(receiver(port, { host }), MESSAGE), { kind: 'failed', failure: 'private_address' });
  t.equal(connections, 0);
  t.strictSame(await sender.send(receiver(1), MESSAGE), { kind: 'failed', failure: 'ECONNREFUSED' });
});

t.test(
  'a certificate is verified before the password is sent, whatever NODE_TLS_REJECT_UNAUTHORIZED says',
  async (t) => {
    const { port, received } = await startUnverifiedServer(t);
    const server = { tls: 'implicit', user: 'u', password: 'canary' } as const;
    t.match(await sender.send(receiver(port, server), MESSAGE), {
      kind: 'failed',
      failure: 'ESOCKET',
    });
    t.equal(received(), '');
  },
);
