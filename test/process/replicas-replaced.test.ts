import t from 'tap';
import { MIGRATIONS } from '../../src/store/postgres/migrations.ts';
import { read } from '../support/caller.ts';
import { eventually } from '../support/eventually.ts';
import { startFleet } from '../support/fleet.ts';
import { type RunningGateway, refusedStart, startGateway } from '../support/gateway.ts';
import { recordLeases } from '../support/lease-record.ts';
import { leadsToSend, sendAll } from '../support/load.ts';
import { startPostgres } from '../support/postgres.ts';
import { seeded } from '../support/random.ts';
import { laterRelease } from '../support/release.ts';
import { chosenSeed, scaled } from '../support/scale.ts';

const LEADS = scaled(150, 10_000);
const KILLS = scaled(3, 150);
const CALLERS = 12;
const REPLICAS = 3;
const RESEND_MAX = 2;

const seed = chosenSeed();
t.comment(`SEED=${seed}`);
t.setTimeout(scaled(360_000, 3_600_000));
const server = await startPostgres();

t.test(
  'three replicas that are killed and restarted at random lose no lead and lease none twice at a time',
  async (t) => {
    const fleet = await startFleet(t, server, REPLICAS, {
      UNKNOWN_RESEND_MAX: String(RESEND_MAX),
      RETRY_SCHEDULE_S: '1,1,1,1',
      DELIVER_WAIT_MS: '500',
    });
    await fleet.provider.answer('delivered', { delayMs: 100 });
    const record = await recordLeases(server, fleet.address);
    const random = seeded(seed);
    const leads = leadsToSend(LEADS);
    const dead: number[] = [];
    let kills = 0;
    const kill = async (place: number): Promise<void> => {
      for (let turns = random.below(200); turns > 0; turns -= 1) await new Promise((next) => setImmediate(next));
      const pid = fleet.running[place]?.pid as number;
      await fleet.replace(place, 'SIGKILL');
      dead.push(pid);
      // The short form expires the leases itself; the long form waits a minute for them.
      if (scaled(true, false)) await record.expire(dead);
    };
    // A replica is killed again only after another process has taken its place.
    const places = Array.from({ length: REPLICAS }, () => Promise.resolve());

    await sendAll({
      leads,
      url: fleet.next,
      callers: CALLERS,
      onAcknowledged() {
        if (kills === KILLS || leads.acknowledged.size < ((kills + 1) * LEADS) / (KILLS + 1)) return;
        kills += 1;
        const place = random.below(REPLICAS);
        places[place] = (places[place] as Promise<void>).then(() => kill(place));
      },
    });
    await Promise.all(places);
    t.equal(dead.length, KILLS);
    t.equal(leads.acknowledged.size, LEADS);
    // A statement of a killed process may be committed after its death.
    if (scaled(true, false)) await record.expire(dead);

    t.strictSame(await record.doubled(), [], 'no lead was leased twice at a time');
    const stored = await fleet.settled(100_000);
    for (const gateway of fleet.running) t.equal((await gateway.end('SIGTERM')).code, 0);
    t.equal(stored.length, LEADS, 'a lead that was repeated with its key is stored once');
    const ids = new Set(stored.map(({ id }) => id));
    t.strictSame(
      [...leads.acknowledged.values()].filter((id) => !ids.has(id)),
      [],
      'every acknowledged id is stored',
    );
    t.notOk(stored.some(({ leased }) => leased));
    t.strictSame(
      stored.filter(
        ({ status, attempts }) => !(status === 'delivered' || (status === 'unknown' && attempts > RESEND_MAX)),
      ),
      [],
      'every lead is delivered, or unknown after all its tries met a kill',
    );

    t.strictSame(
      await record.doubled(),
      [],
      'no lead was leased twice when the leases of dead processes were taken over',
    );
    const given = await record.given();
    const received = await fleet.received(leads.acknowledged.keys());
    const leases = [...leads.acknowledged.values()].map((id) => given.get(id) ?? 0);
    t.strictSame(
      received.flatMap((calls, n) => (calls > (leases[n] as number) ? [`${calls} calls, ${leases[n]} leases`] : [])),
      [],
      'nobody called without a lease of its own',
    );
    const delivered = new Set(stored.filter(({ status }) => status === 'delivered').map(({ id }) => id));
    const missing = [...leads.acknowledged.values()].filter((id, n) => delivered.has(id) && received[n] === 0);
    t.strictSame(missing, [], 'every delivered lead arrived');
    const repeated = received.filter((calls) => calls > 1).length;
    t.ok(repeated > 0, 'some kills interrupted a call');
    t.comment(`${repeated} of ${LEADS} leads were called again after ${KILLS} kills`);
  },
);

const UPDATE_CALLERS = 4;
/** So slow that requests and calls are under way at every moment, and that the load leaves the processor to the starts. */
const UPDATE_CALL_MS = 150;
/** More leads than can be sent while the replicas are replaced. */
const MANY = 100_000;
const OURS = MIGRATIONS.length;
/** A migration of the next release. It only adds, so that this release keeps working. */
const EXPAND = {
  script: `ALTER TABLE conversations ADD COLUMN later text, ADD COLUMN sooner integer NOT NULL DEFAULT 0;
    CREATE TABLE later (id text PRIMARY KEY);
    CREATE INDEX conversations_later ON conversations (later)`,
  oldestReader: OURS,
};
/** A migration of the release after that. It removes what the next release no longer uses. */
const CONTRACT = { script: 'DROP TABLE later', oldestReader: OURS + 1 };

const whenReady = (url: string): Promise<boolean> =>
  eventually('it is ready', 60_000, async () => (await read(url, '/readyz')).status === 200 || undefined);
const versionOf = (gateway: RunningGateway | undefined): unknown =>
  gateway?.lines.find(({ event }) => event === 'started')?.version;

t.test(
  'replicas are replaced one by one under load, on to two releases and once back, and no request notices',
  async (t) => {
    const next = laterRelease(t, '2.0.0', [EXPAND]);
    const after = laterRelease(t, '3.0.0', [EXPAND, CONTRACT]);
    const fleet = await startFleet(t, server, 2);
    await fleet.provider.answer('delivered', { delayMs: UPDATE_CALL_MS });
    const own = versionOf(fleet.running[0]);
    const leads = leadsToSend(MANY);
    let over = false;
    const load = sendAll({ leads, url: fleet.next, callers: UPDATE_CALLERS, over: () => over });

    const steps: readonly [place: number, program: string | undefined, version: unknown, schema: number][] = [
      [0, next, '2.0.0', OURS + 1],
      [1, next, '2.0.0', OURS + 1],
      // Roll back to this release, on the schema of the next one.
      [1, undefined, own, OURS + 1],
      [1, next, '2.0.0', OURS + 1],
      // From here on the last replica runs on what the release after its own has removed.
      [0, after, '3.0.0', OURS + 2],
    ];
    for (const [place, program, version, schema] of steps) {
      t.equal(await fleet.replace(place, 'SIGTERM', program), 0, `place ${place} is left`);
      t.equal(versionOf(fleet.running[place]), version);
      t.match(await server.query('SELECT version FROM gateway_schema', fleet.address), [{ version: schema }]);
      for (const { url } of fleet.running) await whenReady(url);
    }
    over = true;
    await load;

    t.equal((await fleet.stored()).length, leads.acknowledged.size, 'every stored lead was acknowledged');
    const rows = await fleet.settled(10_000);
    const ids = new Set(rows.map(({ id }) => id));
    t.ok(
      [...leads.acknowledged.values()].every((id) => ids.has(id)),
      'every acknowledged id is stored',
    );
    t.ok(rows.every(({ status, attempts }) => status === 'delivered' && attempts === 1));
    t.strictSame([...new Set(await fleet.received(leads.acknowledged.keys()))], [1], 'each lead was sent once');
    t.comment(`${rows.length} leads while ${steps.length} replicas were replaced`);
  },
);

t.test('a replica whose schema support has been removed is not ready and does not start again', async (t) => {
  const fleet = await startFleet(t, server, 1);
  const [old] = fleet.running;
  await whenReady(fleet.next());
  const { url } = await startGateway(t, fleet.env, laterRelease(t, '3.0.0', [EXPAND, CONTRACT]));
  await whenReady(url);
  t.match(await read(fleet.next(), '/readyz'), { status: 503, body: { checks: { storage: 'not writable' } } });
  t.equal((await old?.end('SIGTERM'))?.code, 0);
  const { code, stderr } = await refusedStart(t, fleet.env);
  t.equal(code, 1);
  t.match(stderr, /^The gateway could not start: .* written by a newer version \(schema \d+ for \d+ and later, .*\n$/);
});
