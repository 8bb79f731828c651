import { randomBytes } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { DEMO_CREDENTIALS } from '../../src/simulator/server.ts';
import { leadOf, NO_LIMITS, phoneOf, send } from '../support/caller.ts';
import { storedLeads } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import { leadsToSend, sendAll } from '../support/load.ts';
import { startProvider } from '../support/provider.ts';

t.setTimeout(210_000);

const LEADS = 200;
const ROTATED = 'rotated-password';
const ADMIN_TOKEN = 'admin-token-'.repeat(3);

async function setup(t: Test) {
  const provider = await startProvider(t);
  const folder = t.testdir({ password: `${DEMO_CREDENTIALS.password}\n` });
  const file = join(folder, 'password');
  const database = join(folder, 'gateway.db');
  const { PROVIDER_PASSWORD: _, ...env } = provider.env;
  const gateway = await startGateway(t, {
    ...NO_LIMITS,
    ...env,
    PROVIDER_PASSWORD_FILE: file,
    ADMIN_PORT: '0',
    ADMIN_TOKEN,
    DATABASE_URL: `sqlite:${database}`,
  });
  return {
    provider,
    gateway,
    statuses: () => [...new Set(storedLeads(database).map(({ status }) => status))].sort().join(),
    async changeAtProvider(password: string) {
      const answer = await fetch(`${provider.simulator.controlUrl}/credentials`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...DEMO_CREDENTIALS, password }),
      });
      t.ok(answer.ok, 'the provider now accepts only the new password');
    },
    /** Replaces the secret's file by a rename, as orchestrators do. */
    changeAtGateway(password: string) {
      writeFileSync(`${file}.new`, `${password}\n`);
      renameSync(`${file}.new`, file);
    },
  };
}

t.test('leads wait when the password changes under load, and the new password file releases them', async (t) => {
  const { provider, gateway, statuses, changeAtProvider, changeAtGateway } = await setup(t);
  const leads = leadsToSend(LEADS);
  let answered = 0;
  let change: Promise<void> | undefined;
  await sendAll({
    leads,
    url: () => gateway.url,
    callers: 8,
    onAcknowledged() {
      answered += 1;
      if (answered === LEADS / 4) change = changeAtProvider(ROTATED);
    },
  });
  await change;
  t.equal(leads.acknowledged.size, LEADS, 'no request was refused because of the credentials');
  await gateway.line(({ event }) => event === 'provider_parked');
  t.match(await send(gateway.url, leadOf(LEADS)), { status: 202, body: { status: 'queued' } });

  changeAtGateway(ROTATED);
  await gateway.line(({ event }) => event === 'provider_released');
  await eventually('everything delivered', 60_000, () => (statuses() === 'delivered' ? true : undefined));
  const tallies = await provider.byPhone();
  const wrong = Array.from({ length: LEADS + 1 }, (_, n) => tallies[phoneOf(n)]?.got).filter((got) => got !== 1);
  t.strictSame(wrong, [], 'each lead arrived once');
  t.notMatch(gateway.output(), new RegExp(`${ROTATED}|${DEMO_CREDENTIALS.password}`));
});

t.test('SIGHUP reloads the files at once, and an invalid file changes nothing', async (t) => {
  const { gateway, changeAtGateway } = await setup(t);
  changeAtGateway('');
  process.kill(gateway.pid, 'SIGHUP');
  const refused = await gateway.line(({ event }) => event === 'settings_refused');
  const started = await gateway.line(({ event }) => event === 'started');
  t.match(JSON.stringify(refused.problems), /PROVIDER_PASSWORD/);
  t.match(await send(gateway.url, leadOf(1)), { status: 201 }, 'the last valid password is still used');
  const admin = async (path: string) => {
    const answer = await fetch(`${started.adminUrl}${path}`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    return answer.text();
  };
  t.match(JSON.parse(await admin('/state')).settings, { refused: true, mistakes: 1, problems: [/PROVIDER_PASSWORD/] });
  t.match(await admin('/metrics'), /^tcg_settings_refused 1$/m);

  changeAtGateway(DEMO_CREDENTIALS.password);
  process.kill(gateway.pid, 'SIGHUP');
  t.match(await gateway.line(({ event }) => event === 'settings_mended'), { msg: /all right again/ });
  t.match(JSON.parse(await admin('/state')).settings, { refused: false });
  t.match(await admin('/metrics'), /^tcg_settings_refused 0$/m);
});

t.test('a gateway with another DATA_KEY warns and names each lead that it parks', async (t) => {
  const provider = await startProvider(t);
  const key = () => randomBytes(32).toString('base64');
  const env = {
    ...provider.env,
    DATABASE_URL: `sqlite:${join(t.testdir(), 'gateway.db')}`,
    HASH_KEY: key(),
    RETRY_SCHEDULE_S: '1,1',
  };
  await provider.answer('503');
  const first = await startGateway(t, { ...env, DATA_KEY: key() });
  const { body } = await send(first.url, leadOf(1));
  await first.end('SIGKILL');
  const second = await startGateway(t, { ...env, DATA_KEY: key() });
  t.match(await second.line(({ event }) => event === 'keys'), { level: 'warn', conversation: body.id });
  const parked = await second.line(({ event }) => event === 'lead_parked');
  t.match(parked, { level: 'error', conversation: body.id, provider: 'default', cause: 'unreadable' });
});
