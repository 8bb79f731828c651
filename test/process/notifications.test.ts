import { hash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import t from 'tap';
import { leadOf, NO_LIMITS, send } from '../support/caller.ts';
import { freePort } from '../support/free-port.ts';
import { startGateway } from '../support/gateway.ts';
import { memoryFolder } from '../support/memory-folder.ts';
import { startProvider } from '../support/provider.ts';
import { mailServer, webhookReceiver } from '../support/receivers.ts';

const KEY = 'tcg_partner-key-of-a-test';
const CALLBACK_SECRET = `whsec_${Buffer.from('zyxwvutsrqponmlkjihgfedcba').toString('base64')}`;
const SECRET = `whsec_${Buffer.from('0123456789abcdefghijklmnop').toString('base64')}`;

t.test(
  'a notification that was stored survives kill -9 and arrives signed; others go by e-mail and to a partner',
  async (t) => {
    const folder = memoryFolder(t);
    const config = join(folder, 'config.json');
    const mail = await mailServer(t);
    const crm = await webhookReceiver(t);
    // Nobody listens there until the first process is killed.
    const port = await freePort();
    writeFileSync(
      config,
      JSON.stringify({
        sites: {
          demo: {
            name: 'Demo',
            origins: ['*'],
            country: 'US',
            targets: { advertiserIds: '*' },
            dailyMax: { phone: 1 },
          },
        },
        partners: {
          crm: {
            keys: [`sha256:${hash('sha256', KEY)}`],
            defaultSite: 'demo',
            callbacks: [{ url: crm.url, secret: CALLBACK_SECRET }],
          },
        },
        notifications: {
          targets: {
            chat: { url: `http://127.0.0.1:${port}/`, secret: SECRET },
            night: { email: ['ann@example.com'] },
          },
          smtp: { host: '127.0.0.1', port: mail.port, tls: 'none', from: 'gateway@example.com' },
        },
        allowPrivateHosts: ['127.0.0.1'],
      }),
    );
    const { env: provider } = await startProvider(t);
    const env = {
      ...NO_LIMITS,
      ...provider,
      NODE_ENV: 'development',
      CONFIG_FILE: config,
      DATABASE_URL: `sqlite:${join(folder, 'gateway.db')}`,
      RETRY_SCHEDULE_S: '1',
    };
    const killed = await startGateway(t, env);
    await send(killed.url, leadOf(1));
    t.equal(
      (await send(killed.url, leadOf(1, { listing: 'another' }))).body.status,
      'queued',
      'held, as a visitor sees it',
    );
    const failed = await killed.line(
      ({ event, destination, result }) => event === 'outgoing' && destination === 'notify:chat' && result === 'failed',
    );
    t.equal(failed.failure, 'ECONNREFUSED');
    await killed.line(
      ({ event, destination, result }) =>
        event === 'outgoing' && destination === 'notify:night' && result === 'delivered',
    );
    const sent = await send(killed.url, leadOf(2), { authorization: `Bearer ${KEY}` });
    const callback = await crm.next();
    t.match(new Webhook(CALLBACK_SECRET).verify(callback.body, callback.headers as Record<string, string>), {
      type: 'conversation.delivered',
      data: { id: sent.body.id, status: 'delivered', attempts: 1 },
    });
    await killed.end('SIGKILL');
    t.match(mail.mails, [
      { to: ['ann@example.com'], source: /^Subject: \[Text Connect Gateway\] Leads are held: 1\.\r$/m },
    ]);

    const receiver = await webhookReceiver(t, port);
    const gateway = await startGateway(t, env);
    const { headers, body } = await receiver.next();
    t.equal(headers['webhook-id'], failed.message, 'the same message');
    const verified = new Webhook(SECRET).verify(body, headers as Record<string, string>);
    t.match(verified, {
      type: 'notification.raised',
      text: /^\[Text Connect Gateway\] Leads are held: 1\./,
      data: { condition: 'leads_held', count: 1 },
    });
    t.equal((await gateway.end('SIGTERM')).code, 0);
    t.notMatch(`${body}${callback.body}${killed.output()}${gateway.output()}`, /404200|whsec_|smtp-password/);
  },
);
