import t from 'tap';
import { MIGRATIONS } from '../../src/store/postgres/migrations.ts';
import { read } from '../support/caller.ts';
import { eventually } from '../support/eventually.ts';
import { startFleet } from '../support/fleet.ts';
import { type RunningGateway, refusedStart, startGateway } from '../support/gateway.ts';
import { leadsToSend, sendAll } from '../support/load.ts';
import { startPostgres } from '../support/postgres.ts';
import { laterRelease } from '../support/release.ts';

const REPLICAS = 3;
const CALLERS = 4;
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

t.setTimeout(180_000);
const server = await startPostgres();

const ready = (url: string): Promise<boolean> =>
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
    const load = sendAll({ leads, url: fleet.next, callers: CALLERS, over: () => over });

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
      for (const { url } of fleet.running) await ready(url);
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
  await ready(fleet.next());
  const { url } = await startGateway(t, fleet.env, laterRelease(t, '3.0.0', [EXPAND, CONTRACT]));
  await ready(url);
  t.match(await read(fleet.next(), '/readyz'), { status: 503, body: { checks: { storage: 'not writable' } } });
  t.equal((await old?.end('SIGTERM'))?.code, 0);
  const { code, stderr } = await refusedStart(t, fleet.env);
  t.equal(code, 1);
  t.match(stderr, /^The gateway could not start: .* written by a newer version \(schema \d+ for \d+ and later, .*\n$/);
});
