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

const LEADS = scaled(400, 10_000);
const KILLS = scaled(8, 150);
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
      // A minute is long; in the long form leases run out by themselves.
      if (scaled(true, false)) await record.expire(dead);
    };
    // A place is killed again only when another process has taken it.
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
    // What a killed process had sent to the server may be committed after it died.
    if (scaled(true, false)) await record.expire(dead);

    t.strictSame(await record.doubled(), [], 'no lease was given while another ran');
    const stored = await fleet.settled(100_000);
    for (const gateway of fleet.running) t.equal((await gateway.end('SIGTERM')).code, 0);
    t.equal(stored.length, LEADS, 'a lead that was sent again under its key is there once');
    const ids = new Set(stored.map(({ id }) => id));
    t.strictSame(
      [...leads.acknowledged.values()].filter((id) => !ids.has(id)),
      [],
      'every acknowledged id is there',
    );
    t.notOk(stored.some(({ leased }) => leased));
    t.strictSame(
      stored.filter(
        ({ status, attempts }) => !(status === 'delivered' || (status === 'unknown' && attempts > RESEND_MAX)),
      ),
      [],
      'every lead is delivered, or unknown after all its tries met a kill',
    );

    t.strictSame(await record.doubled(), [], 'nor when what the dead held was taken over');
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
    t.strictSame(missing, [], 'what is called delivered arrived');
    const repeated = received.filter((calls) => calls > 1).length;
    t.ok(repeated > 0, 'kills met leads that were being sent');
    t.comment(`${repeated} of ${LEADS} leads were called again after ${KILLS} kills`);
  },
);

const UPDATE_CALLERS = 4;
/** More than can be sent while the replicas are replaced. */
const MANY = 100_000;
const OURS = MIGRATIONS.length;
/** Of the next release: it only adds, so that ours works on. */
const EXPAND = {
  script: `ALTER TABLE conversations ADD COLUMN later text, ADD COLUMN sooner integer NOT NULL DEFAULT 0;
    CREATE TABLE later (id text PRIMARY KEY);
    CREATE INDEX conversations_later ON conversations (later)`,
  oldestReader: OURS,
};
/** Of the one after it: what the next release does without goes. */
const CONTRACT = { script: 'DROP TABLE later', oldestReader: OURS + 1 };

const whenReady = (url: string): Promise<boolean> =>
  eventually('it is ready', 10_000, async () => (await read(url, '/readyz')).status === 200 || undefined);
const versionOf = (gateway: RunningGateway | undefined): unknown =>
  gateway?.lines.find(({ event }) => event === 'started')?.version;

t.test(
  'replicas are replaced one by one under load, on to two releases and once back, and no request notices',
  async (t) => {
    const next = laterRelease(t, '2.0.0', [EXPAND]);
    const after = laterRelease(t, '3.0.0', [EXPAND, CONTRACT]);
    const fleet = await startFleet(t, server, REPLICAS);
    await fleet.provider.answer('delivered', { delayMs: 20 });
    const own = versionOf(fleet.running[0]);
    const leads = leadsToSend(MANY);
    let over = false;
    const load = sendAll({ leads, url: fleet.next, callers: UPDATE_CALLERS, over: () => over });

    const steps: readonly [place: number, program: string | undefined, version: unknown, schema: number][] = [
      [0, next, '2.0.0', OURS + 1],
      [1, next, '2.0.0', OURS + 1],
      // Back to ours, on the schema of the next.
      [1, undefined, own, OURS + 1],
      [1, next, '2.0.0', OURS + 1],
      [2, next, '2.0.0', OURS + 1],
      [0, after, '3.0.0', OURS + 2],
      [1, after, '3.0.0', OURS + 2],
      [2, after, '3.0.0', OURS + 2],
    ];
    for (const [place, program, version, schema] of steps) {
      t.equal(await fleet.replace(place, 'SIGTERM', program), 0, `place ${place} is left`);
      t.equal(versionOf(fleet.running[place]), version);
      t.match(await server.query('SELECT version FROM gateway_schema', fleet.address), [{ version: schema }]);
      for (const { url } of fleet.running) await whenReady(url);
    }
    over = true;
    await load;

    t.equal((await fleet.stored()).length, leads.acknowledged.size, 'whoever was let in got its answer');
    const rows = await fleet.settled(10_000);
    const ids = new Set(rows.map(({ id }) => id));
    t.ok(
      [...leads.acknowledged.values()].every((id) => ids.has(id)),
      'every acknowledged id is there',
    );
    t.ok(rows.every(({ status, attempts }) => status === 'delivered' && attempts === 1));
    t.strictSame([...new Set(await fleet.received(leads.acknowledged.keys()))], [1], 'each was sent once');
    t.comment(`${rows.length} leads while ${steps.length} replicas were replaced`);
  },
);

t.test('a replica that a release has left behind is not ready, and is not started again', async (t) => {
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
