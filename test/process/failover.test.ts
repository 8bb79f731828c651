import t from 'tap';
import { eventually } from '../support/eventually.ts';
import { type FaultyProxy, faultyProxy } from '../support/faulty-proxy.ts';
import { startFleet } from '../support/fleet.ts';
import { leadsToSend, sendAll } from '../support/load.ts';
import { startPostgres } from '../support/postgres.ts';
import { startServer } from '../support/postgres-server.ts';
import { scaled } from '../support/scale.ts';

/*
 * A primary with a synchronous standby. The primary dies under load, the standby is promoted, and a forwarder leads the gateways
 * to it, as a virtual address or HAProxy does.
 */
const LEADS = scaled(150, 6_000);
const CALLERS = 8;

t.setTimeout(scaled(180_000, 600_000));
const primary = await startPostgres();
let way: FaultyProxy | undefined;
const fleet = await startFleet(t, primary, 2, {}, async (address) => {
  way = await faultyProxy(t, address);
  return way.address;
});
await primary.stop();
const standby = await startServer([], undefined, primary);
t.teardown(() => standby.end());
await primary.start();
await primary.query("ALTER SYSTEM SET synchronous_standby_names = 'standby'");
await primary.query('SELECT pg_reload_conf()');
await eventually('the standby follows synchronously', 30_000, async () => {
  const [row] = await primary.query("SELECT 1 AS yes FROM pg_stat_replication WHERE sync_state = 'sync'");
  return row;
});

t.test('a failover to a synchronous standby under load loses no acknowledged lead and sends none twice', async (t) => {
  const leads = leadsToSend(LEADS);
  const refusals = new Set<unknown>();
  const before = { stored: 0 };
  const failOver = async (): Promise<void> => {
    before.stored = leads.acknowledged.size;
    await primary.crash();
    await standby.query('SELECT pg_promote()');
    way?.redirect(standby.addressOf(fleet.address));
  };
  let over: Promise<void> | undefined;
  await sendAll({
    leads,
    url: fleet.next,
    callers: CALLERS,
    outage: true,
    onAcknowledged() {
      if (leads.acknowledged.size === LEADS / 3) over ??= failOver();
    },
    onReply({ status, body }) {
      if (status === 503) refusals.add(body.code);
    },
  });
  await over;
  t.ok(before.stored > 0 && before.stored < LEADS, `${before.stored} leads were acknowledged before`);
  t.strictSame(
    [...refusals].filter((code) => code !== 'storage_unavailable'),
    [],
  );

  const address = standby.addressOf(fleet.address);
  const rows = await eventually('no lead is queued any more', 90_000, async () => {
    const all = await standby.query('SELECT id, status FROM conversations', address);
    return all.some(({ status }) => status === 'queued') ? undefined : all;
  });
  const ids = new Set(rows.map(({ id }) => id));
  t.equal(rows.length, LEADS);
  t.strictSame(
    [...leads.acknowledged.values()].filter((id) => !ids.has(id)),
    [],
    'every acknowledged lead is there',
  );
  t.strictSame([...new Set(rows.map(({ status }) => status))], ['delivered']);
  t.strictSame([...new Set(await fleet.received(leads.acknowledged.keys()))], [1], 'no lead was sent twice');
  for (const gateway of fleet.running) t.equal((await gateway.end('SIGTERM')).code, 0);
});
