import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import t, { type Test } from 'tap';
import { message } from '../contract/outgoing.ts';
import { besideRunning, gateway } from '../support/cli/process.ts';
import { KEYS, soundFile } from '../support/config/load.ts';
import { webhookReceiver } from '../support/receivers.ts';

const SECRET = `whsec_${Buffer.from('0123456789abcdefghijklmnop').toString('base64')}`;

/** The environment of a file with one target that takes messages and one that is not there. */
async function configured(t: Test, folder = t.testdir()) {
  const receiver = await webhookReceiver(t);
  const path = join(folder, 'config.json');
  const targets = {
    chat: { url: receiver.url, secret: SECRET, quiet: { from: '00:00', to: '00:00', timeZone: 'UTC' } },
    gone: { url: 'http://127.0.0.1:1/' },
  };
  const file = { ...soundFile(), notifications: { targets }, allowPrivateHosts: ['127.0.0.1'] };
  writeFileSync(path, JSON.stringify(file));
  return { receiver, env: { CONFIG_FILE: path, ...KEYS } };
}

t.test('notify test sends to every target and says whether each took it', async (t) => {
  const { receiver, env } = await configured(t);
  const { code, out } = await gateway(['notify', 'test', '--json'], env);
  t.equal(code, 1);
  t.strictSame(JSON.parse(out), {
    results: [
      { target: 'chat', kind: 'webhook', result: 'delivered' },
      { target: 'gone', kind: 'webhook', result: 'failed', failure: 'ECONNREFUSED' },
    ],
  });
  const { headers, body } = await receiver.next();
  t.match(new Webhook(SECRET).verify(body, headers as Record<string, string>), {
    type: 'notification.test',
    text: '[Text Connect Gateway] This is a test of the notifications to chat.',
  });
});

t.test(
  'notify test of one target sends to that one only, and an unknown one is named with the known ones',
  async (t) => {
    const { env } = await configured(t);
    const { code, out } = await gateway(['notify', 'test', 'chat'], env);
    t.equal(code, 0);
    t.match(out, /^TARGET .*\nchat +webhook +delivered\n$/);
    t.match(await gateway(['notify', 'test', 'chta'], env), { code: 3, err: /no such target; there are chat, gone/ });
  },
);

t.test('notify test without notifications says so', async (t) => {
  t.match(await gateway(['notify', 'test'], {}), { code: 3, err: /has no notifications/ });
});

t.test('check shows the last results of each target', async (t) => {
  const { env: database, outbox, path } = besideRunning(t);
  const { env } = await configured(t, dirname(path));
  await outbox.enqueue([message({ destination: 'notify:gone' })]);
  const [claim] = await outbox.claimOutgoing('notify:gone', 1, 1_000);
  const at = Date.UTC(2026, 10, 28, 12);
  if (claim) await outbox.settleOutgoing(claim, { kind: 'postponed', dueAt: at, failure: 'http_500' }, at);
  const { out } = await gateway(['check', '--json'], { ...env, ...database });
  const checks = JSON.parse(out).checks as { name: string }[];
  t.match(
    checks.filter(({ name }) => name.startsWith('notify')),
    [
      { name: 'notify chat', result: 'ok', detail: 'took no message yet' },
      {
        name: 'notify gone',
        result: 'warning',
        detail: 'took no message yet, failed at 2026-11-28T12:00:00.000Z (http_500), 1 message waiting',
      },
    ],
  );
});
