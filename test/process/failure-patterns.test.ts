import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { soundFile } from '../support/config/load.ts';
import { eventually } from '../support/eventually.ts';
import { startGateway } from '../support/gateway.ts';
import { failure, ok, rawServer } from '../support/provider/raw-server.ts';

const TOKEN = 'admin-token-'.repeat(3);

t.test('a pattern that is added while the gateway runs decides about a lead that is released', async (t) => {
  const { url, requests } = await rawServer(t, ok(failure('No texting plan at this handset')));
  const folder = t.testdir();
  const config = join(folder, 'config.json');
  const write = (failurePatterns: object) => {
    const file = soundFile();
    Object.assign(file.sites.motors, { origins: ['*'], failurePatterns });
    Object.assign(file.providers.main, { url });
    writeFileSync(config, JSON.stringify(file));
  };
  write({});
  const env = {
    NODE_ENV: 'development',
    CONFIG_FILE: config,
    ADMIN_PORT: '0',
    ADMIN_TOKEN: TOKEN,
    DATABASE_URL: `sqlite:${join(folder, 'gateway.db')}`,
  };
  const gateway = await startGateway(t, env);
  const answer = await fetch(`${gateway.url}/conversations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ site: 'motors', consumer: { phone: '(404) 555-1212' } }),
  });
  t.equal(answer.status, 202);
  const { id } = (await answer.json()) as { id: string };
  const { adminUrl } = await gateway.line(({ event }) => event === 'started');
  const authorization = `Bearer ${TOKEN}`;
  const shown = async () =>
    (await fetch(`${adminUrl}/leads/${id}?reveal=true`, { headers: { authorization } })).json() as Promise<{
      status: string;
    }>;
  t.match(await shown(), { status: 'parked', cause: 'refused', description: 'No texting plan at this handset' });

  write({ 'no texting plan': { class: 'rejected', reason: 'phone' } });
  process.kill(gateway.pid, 'SIGHUP');
  t.match(await gateway.line(({ event }) => event === 'settings_replaced'), { changed: ['sites/motors'] });
  const released = await fetch(`${adminUrl}/leads/release`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ ids: [id] }),
  });
  t.equal(released.status, 200);
  const lead = await eventually('the lead is rejected', 15_000, async () => {
    const record = await shown();
    return record.status === 'rejected' ? record : undefined;
  });
  t.match(lead, { reason: 'phone' });
  t.equal(requests.length, 2, 'one call before the release and one after it');
});
