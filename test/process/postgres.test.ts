import t, { type Test } from 'tap';
import { createPostgresOutbox } from '../../src/outbox/postgres/outbox.ts';
import { leadOf, NO_LIMITS, phoneOf, read, send } from '../support/caller.ts';
import type { StoredLead } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { leadsToSend, sendAll } from '../support/load.ts';
import { OPTIONS } from '../support/outbox.ts';
import { startPostgres, urlOf } from '../support/postgres.ts';
import { startProvider } from '../support/provider.ts';
import { scaled } from '../support/scale.ts';

t.setTimeout(180_000);
const server = await startPostgres();
/** Releases one after the other. */
const ROUNDS = 5;

/** Replicas on a database of their own. */
async function replicas(t: Test, count: number, changes: Readonly<Record<string, string>> = {}) {
  const provider = await startProvider(t);
  const address = await server.database();
  const env = { ...NO_LIMITS, ...provider.env, DATABASE_URL: urlOf(address), ...changes };
  const gateways = await Promise.all(Array.from({ length: count }, () => startGateway(t, env)));
  const stored = async (): Promise<StoredLead[]> =>
    (await server.query(
      'SELECT id, status, attempts, lease_owner IS NOT NULL AS leased FROM conversations ORDER BY seq',
      address,
    )) as unknown as StoredLead[];
  const settled = (ms: number): Promise<StoredLead[]> =>
    eventually('no lead is queued any more', ms, async () => {
      const rows = await stored();
      return rows.some(({ status }) => status === 'queued') ? undefined : rows;
    });
  return { provider, address, gateways: gateways as [RunningGateway, ...RunningGateway[]], stored, settled };
}

t.test('replicas that start at once take leads, one lead a key, and caps hold over all of them', async (t) => {
  const { gateways, stored } = await replicas(t, 2, { PHONE_DAILY_MAX: '3' });
  const sent = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      send((gateways[n % 2] as RunningGateway).url, leadOf(1), { 'idempotency-key': 'one' }),
    ),
  );
  t.ok(sent.every(({ status }) => status === 201 || status === 202 || status === 409));
  t.equal((await stored()).length, 1);
  await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      send((gateways[n % 2] as RunningGateway).url, leadOf(2), { 'idempotency-key': `key-${n}` }),
    ),
  );
  const held = (await stored()).filter(({ status }) => status === 'held');
  t.equal(held.length, 17);
});

t.test(
  'the server is restarted under load: refusals or delays, and every lead that was taken is delivered once',
  async (t) => {
    const { provider, gateways, settled } = await replicas(t, 2);
    const leads = leadsToSend(scaled(400, 4_000));
    let turn = 0;
    let restart: Promise<void> | undefined;
    await sendAll({
      leads,
      url: () => (gateways[turn++ % 2] as RunningGateway).url,
      callers: 8,
      outage: true,
      onAcknowledged() {
        if (leads.acknowledged.size === 100) restart ??= server.stop().then(server.start);
      },
    });
    await restart;
    const rows = await settled(90_000);
    t.ok(rows.every(({ status }) => status === 'delivered'));
    const ids = new Set(rows.map(({ id }) => id));
    t.strictSame(
      [...leads.acknowledged.values()].filter((id) => !ids.has(id)),
      [],
      'every acknowledged id is there',
    );
    const calls = await provider.byPhone();
    const received = [...leads.acknowledged.keys()].map((n) => calls[phoneOf(n)]?.received ?? 0);
    t.strictSame([...new Set(received)], [1], 'nothing had to be sent again');
    for (const gateway of gateways) {
      await eventually(
        'it is ready again',
        10_000,
        async () => (await read(gateway.url, '/readyz')).status === 200 || undefined,
      );
      t.equal((await gateway.end('SIGTERM')).code, 0);
      t.notMatch(gateway.output(), /a%20password|a password of a test/);
    }
  },
);

t.test('backends that are terminated again and again under load lose nothing', async (t) => {
  const { provider, address, gateways, settled } = await replicas(t, 2);
  const leads = leadsToSend(scaled(400, 4_000));
  const terminate = () =>
    server.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = '${address.database}' AND application_name = 'text-connect-gateway'`,
    );
  const terminations: Promise<unknown>[] = [];
  let turn = 0;
  await sendAll({
    leads,
    url: () => (gateways[turn++ % 2] as RunningGateway).url,
    callers: 8,
    outage: true,
    onAcknowledged() {
      if (leads.acknowledged.size % 50 === 0) terminations.push(terminate());
    },
  });
  await Promise.all(terminations);
  t.ok(terminations.length >= 8);
  const rows = await settled(90_000);
  t.equal(rows.length, leads.acknowledged.size);
  t.ok(rows.every(({ status }) => status === 'delivered'));
  const calls = await provider.byPhone();
  t.ok([...leads.acknowledged.keys()].every((n) => calls[phoneOf(n)]?.received === 1));
});

t.test('what another process releases is sent at once, and not at the next look', async (t) => {
  const { provider, address, gateways, stored } = await replicas(t, 1);
  const [{ url }] = gateways;
  const operator = await createPostgresOutbox(address, { ...OPTIONS, poolMax: 2, schema: 'require' });
  t.teardown(() => operator.close());
  await provider.answer('failure_other');
  for (let n = 0; n < ROUNDS; n += 1) await send(url, leadOf(n));
  await eventually('all wait for a person', 10_000, async () =>
    (await stored()).every(({ status }) => status === 'parked') ? true : undefined,
  );
  await provider.answer('delivered');
  const begun = performance.now();
  for (const { id } of await stored()) {
    const audit = { at: Date.now(), actor: 'cli:ann', action: 'release', count: 0, detail: id } as const;
    await operator.requeue({ ids: [id] }, 1, audit);
    await eventually('it is delivered', 10_000, async () =>
      (await operator.find(id))?.status === 'delivered' ? true : undefined,
    );
  }
  // A worker with nothing to do looks every five seconds.
  t.ok(performance.now() - begun < (ROUNDS * 5_000) / 4);
});

t.test('a server that is not there refuses the start in one line, which does not tell the password', async (t) => {
  const address = await server.database();
  const url = urlOf({ ...address, port: 1 });
  await t.rejects(
    startGateway(t, { DATABASE_URL: url }),
    /127\.0\.0\.1:1\/test_\d+ cannot be used: [^\n]*ECONNREFUSED/,
  );
  const wrong = urlOf({ ...address, password: 'canary-password' });
  const failed = await startGateway(t, { DATABASE_URL: wrong }).catch((error: Error) => error.message);
  t.match(failed, /password authentication failed/);
  t.notMatch(failed, /canary/);
});
