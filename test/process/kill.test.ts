import { join } from 'node:path';
import t from 'tap';
import { NO_LIMITS, phoneOf } from '../support/caller.ts';
import { integrityOf, storedLeads } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { type Leads, leadsToSend, sendAll } from '../support/load.ts';
import { startProvider } from '../support/provider.ts';
import { type Random, seeded } from '../support/random.ts';
import { chosenSeed, scaled } from '../support/scale.ts';

const LEADS = scaled(300, 10_000);
const KILLS = scaled(12, 500);
const CALLERS = 8;
/** What a dead process held is taken over when its lease runs out after 60 s; then come the retries. */
const TAKEOVER_MS = 100_000;
const RESEND_MAX = 2;

const seed = chosenSeed();
t.comment(`SEED=${seed}`);
t.setTimeout(scaled(240_000, 3_600_000));
// Most of the time goes into waiting for leases to run out.
t.jobs = 2;

for (const policy of ['resend', 'hold'] as const) {
  t.test(`killed at random under load, with ${policy}, it loses nothing that it acknowledged`, async (t) => {
    const provider = await startProvider(t);
    await provider.answer('delivered', { delayMs: 25 });
    const database = join(t.testdir(), 'gateway.db');
    const env = {
      ...NO_LIMITS,
      ...provider.env,
      DATABASE_URL: `sqlite:${database}`,
      UNKNOWN_OUTCOME: policy,
      UNKNOWN_RESEND_MAX: String(RESEND_MAX),
      RETRY_SCHEDULE_S: '1,1,1,1',
      DELIVER_WAIT_MS: '500',
    };
    const leads = leadsToSend(LEADS);
    const random = seeded(seed);
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await killUnderLoad(await startGateway(t, env), leads, Math.ceil((LEADS * kill) / (KILLS + 1)), random);
    }
    const gateway = await startGateway(t, env);
    await sendAll({ leads, url: () => gateway.url, callers: CALLERS });
    t.equal(leads.acknowledged.size, LEADS);

    const stored = await eventually('no lead is queued any more', TAKEOVER_MS, () => {
      const rows = storedLeads(database);
      return rows.some(({ status }) => status === 'queued') ? undefined : rows;
    });
    await gateway.end('SIGTERM');
    t.equal(integrityOf(database), 'ok');

    const ids = new Set(stored.map(({ id }) => id));
    const lost = [...leads.acknowledged.values()].filter((id) => !ids.has(id));
    t.strictSame(lost, [], 'every acknowledged id is there');
    t.equal(stored.length, LEADS, 'a lead that was sent again under its key is there once');
    // With `resend` only a lead that met a kill at each of its calls is left to a person.
    const calledFor = policy === 'hold' ? 1 : 1 + RESEND_MAX;
    const others = stored.filter(
      ({ status, attempts }) => status !== 'delivered' && !(status === 'unknown' && attempts === calledFor),
    );
    t.strictSame(others, [], 'every lead is delivered, or unknown when no more calls are allowed');

    const calls = await provider.byPhone();
    const received = [...leads.acknowledged.keys()].map((n) => calls[phoneOf(n)]?.received ?? 0);
    const [least, most] = policy === 'hold' ? [0, 1] : [1, 1 + RESEND_MAX];
    t.ok(Math.min(...received) >= least, `the provider saw each lead at least ${least} times`);
    t.ok(Math.max(...received) <= most, `the provider saw no lead more than ${most} times`);
    const unknown = stored.filter(({ status }) => status === 'unknown').length;
    const repeated = received.filter((n) => n > 1).length;
    t.ok(unknown + repeated > 0, `kills met leads that were being sent: ${unknown} unknown, ${repeated} repeated`);
  });
}

/** Kills the program a random moment after `target` leads are acknowledged, with requests and calls under way. */
async function killUnderLoad(gateway: RunningGateway, leads: Leads, target: number, random: Random): Promise<void> {
  let killed: Promise<unknown> | undefined;
  const kill = async (): Promise<void> => {
    for (let turns = random.below(400); turns > 0; turns -= 1) await new Promise((next) => setImmediate(next));
    await gateway.end('SIGKILL');
  };
  await sendAll({
    leads,
    url: () => gateway.url,
    callers: CALLERS,
    over: () => killed !== undefined,
    onAcknowledged() {
      if (leads.acknowledged.size >= target) killed ??= kill();
    },
  });
  await killed;
}
