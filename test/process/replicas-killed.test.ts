import t from 'tap';
import { startFleet } from '../support/fleet.ts';
import { recordLeases } from '../support/lease-record.ts';
import { leadsToSend, sendAll } from '../support/load.ts';
import { startPostgres } from '../support/postgres.ts';
import { seeded } from '../support/random.ts';
import { chosenSeed, scaled } from '../support/scale.ts';

const LEADS = scaled(400, 10_000);
const KILLS = scaled(8, 150);
const CALLERS = 12;
const REPLICAS = 3;
const RESEND_MAX = 2;

const seed = chosenSeed();
t.comment(`SEED=${seed}`);
t.setTimeout(scaled(180_000, 3_600_000));
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
