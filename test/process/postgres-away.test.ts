import { setTimeout as pause } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Address } from '../../src/store/postgres/connection.ts';
import { read } from '../support/caller.ts';
import { eventually } from '../support/eventually.ts';
import { type FaultyProxy, faultyProxy } from '../support/faulty-proxy.ts';
import { type Fleet, startFleet } from '../support/fleet.ts';
import { recordLeases } from '../support/lease-record.ts';
import { leadsToSend, sendAll } from '../support/load.ts';
import { startPostgres } from '../support/postgres.ts';
import { scaled } from '../support/scale.ts';

const LEADS = scaled(150, 4_000);
const REPLICAS = scaled(2, 3);
const CALLERS = 8;
const BACK_MS = 15_000;

t.setTimeout(scaled(180_000, 600_000));
const server = await startPostgres();
await server.query("CREATE ROLE gateway LOGIN PASSWORD 'canary-password'");

/** Connects through a proxy that can hang, as a user to whom the server's connection limits apply. */
async function restricted(t: Test, address: Address): Promise<FaultyProxy> {
  await server.query(`ALTER DATABASE ${address.database} OWNER TO gateway`);
  return faultyProxy(t, { ...address, user: 'gateway', password: 'canary-password' });
}

/** Terminates all connections and allows no new one, as if others had used up `max_connections`. */
async function starve({ address: { database } }: Fleet): Promise<() => Promise<unknown>> {
  await server.query('ALTER ROLE gateway CONNECTION LIMIT 0');
  await server.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}'`);
  return () => server.query('ALTER ROLE gateway CONNECTION LIMIT -1');
}

type Fault = (fleet: Fleet, way: FaultyProxy) => Promise<() => unknown>;

/** Each fault's function begins it and returns the function that ends it. */
const FAULTS: readonly [name: string, ms: number, begin: Fault][] = [
  ['crashes and stays away', 5_000, () => server.crash().then(() => server.start)],
  ['hangs', 8_000, async (_fleet, way) => way.stall()],
  ['has no connection left', 3_000, starve],
];

let way: FaultyProxy | undefined;
const fleet = await startFleet(t, server, REPLICAS, {}, async (address) => {
  way = await restricted(t, address);
  return way.address;
});
const record = await recordLeases(server, fleet.address);

for (const [index, [name, ms, begin]] of FAULTS.entries()) {
  t.test(`a Postgres that ${name} for ${ms / 1_000} s under load causes 503 and loses no lead`, async (t) => {
    const leads = leadsToSend(LEADS, index * LEADS);
    const refusals: unknown[] = [];
    const fault = async (): Promise<number> => {
      const end = await begin(fleet, way as FaultyProxy);
      await pause(ms);
      const acknowledged = leads.acknowledged.size;
      await end();
      const began = performance.now();
      await eventually('a lead is taken again', BACK_MS, () => leads.acknowledged.size > acknowledged || undefined);
      const taken = performance.now() - began;
      await Promise.all(
        fleet.running.map(({ url }) =>
          eventually('it is ready', BACK_MS, async () => (await read(url, '/readyz')).status === 200 || undefined),
        ),
      );
      t.comment(
        `a lead was taken ${taken.toFixed()} ms after it was over, all were ready after ${(performance.now() - began).toFixed()} ms`,
      );
      return acknowledged;
    };
    let outage: Promise<number> | undefined;
    let longest = 0;
    await sendAll({
      leads,
      url: fleet.next,
      callers: CALLERS,
      outage: true,
      onAcknowledged() {
        if (leads.acknowledged.size === LEADS / 3) outage ??= fault();
      },
      onReply({ status, body }, tookMs) {
        longest = Math.max(longest, tookMs);
        if (status === 503) refusals.push(body.code);
      },
    });
    t.ok(((await outage) ?? LEADS) < LEADS, 'the fault began before all leads were sent');
    t.comment(`${refusals.length} refusals, the longest answer took ${longest.toFixed()} ms`);
    t.strictSame([...new Set(refusals)], ['storage_unavailable']);

    const rows = await fleet.settled(90_000);
    t.equal(rows.length, (index + 1) * LEADS);
    t.ok(rows.every(({ status }) => status === 'delivered'));
    const ids = new Set(rows.map(({ id }) => id));
    t.ok(
      [...leads.acknowledged.values()].every((id) => ids.has(id)),
      'every acknowledged id is stored',
    );
    t.strictSame([...new Set(await fleet.received(leads.acknowledged.keys()))], [1], 'no lead was sent twice');
    t.strictSame(await record.doubled(), []);
  });
}

t.test('the gateways survived all of it, and their logs hold no password', async (t) => {
  for (const gateway of fleet.running) {
    t.equal((await gateway.end('SIGTERM')).code, 0);
    t.notMatch(gateway.output(), /canary/);
  }
});
