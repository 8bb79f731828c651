import t from 'tap';
import { createPostgresOutbox } from '../../src/store/postgres/outbox.ts';
import { leadOf, send } from '../support/caller.ts';
import { eventually } from '../support/eventually.ts';
import { startFleet } from '../support/fleet.ts';
import { startGateway } from '../support/gateway.ts';
import { recordLeases } from '../support/lease-record.ts';
import { leadsToSend, sendAll } from '../support/load.ts';
import { OPTIONS } from '../support/outbox.ts';
import { startPostgres } from '../support/postgres.ts';
import { urlOf } from '../support/postgres-server.ts';
import { scaled } from '../support/scale.ts';

t.setTimeout(180_000);
const server = await startPostgres();
/** Releases one after the other. */
const ROUNDS = 5;

t.test('replicas that start at once take leads, one lead a key', async (t) => {
  const fleet = await startFleet(t, server, 3);
  const sent = await Promise.all(
    Array.from({ length: 20 }, () => send(fleet.next(), leadOf(1), { 'idempotency-key': 'one' })),
  );
  t.ok(sent.every(({ status }) => status === 201 || status === 202 || status === 409));
  t.equal((await fleet.stored()).length, 1);
});

t.test('backends that are terminated again and again under load lose nothing', async (t) => {
  const fleet = await startFleet(t, server, 3);
  const record = await recordLeases(server, fleet.address);
  const leads = leadsToSend(scaled(400, 4_000));
  const terminate = () =>
    server.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = '${fleet.address.database}' AND application_name = 'text-connect-gateway'`,
    );
  const terminations: Promise<unknown>[] = [];
  await sendAll({
    leads,
    url: fleet.next,
    callers: 8,
    outage: true,
    onAcknowledged() {
      if (leads.acknowledged.size % 50 === 0) terminations.push(terminate());
    },
  });
  await Promise.all(terminations);
  t.ok(terminations.length >= 8);
  const rows = await fleet.settled(90_000);
  t.equal(rows.length, leads.acknowledged.size);
  t.ok(rows.every(({ status }) => status === 'delivered'));
  t.strictSame([...new Set(await fleet.received(leads.acknowledged.keys()))], [1], 'nothing had to be sent again');
  t.strictSame(await record.doubled(), []);
});

t.test('what another process releases is sent at once, and not at the next look', async (t) => {
  const { provider, address, next, stored } = await startFleet(t, server, 1);
  const operator = await createPostgresOutbox(address, { ...OPTIONS, poolMax: 2, schema: 'require' });
  t.teardown(() => operator.close());
  await provider.answer('failure_other');
  for (let n = 0; n < ROUNDS; n += 1) await send(next(), leadOf(n));
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
