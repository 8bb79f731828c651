import { join } from 'node:path';
import t from 'tap';
import { NO_LIMITS, phoneOf } from '../support/caller.ts';
import { expireLeases, integrityOf, storedLeads } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { type Leads, leadsToSend, sendAll } from '../support/load.ts';
import { memoryFolder } from '../support/memory-folder.ts';
import { startProvider } from '../support/provider.ts';
import { type Random, seeded } from '../support/random.ts';
import { chosenSeed, scaled } from '../support/scale.ts';

const LEADS = scaled(90, 10_000);
const KILLS = scaled(2, 500);
const CALLERS = 8;
/** Only the long form of the test waits the minute until the leases of dead processes expire; the short form expires them. */
const EXPIRE = scaled(true, false);
/** A dead process's lead is taken over when its lease expires, after 60 s at most; retries follow. */
const TAKEOVER_MS = 100_000;
const RESEND_MAX = 2;
/** Number of processes on one store, and how many of them are killed. */
const PROCESSES = scaled(4, 8);
const VICTIMS = scaled(2, 5);
const SHARED_LEADS = scaled(100, 5_000);
const SHARED_CALLERS = 24;

const seed = chosenSeed();
t.comment(`SEED=${seed}`);
t.setTimeout(scaled(480_000, 5_400_000));

for (const policy of ['resend', 'hold'] as const) {
  t.test(`killed at random under load, with ${policy}, it loses no acknowledged lead`, async (t) => {
    const provider = await startProvider(t);
    await provider.answer('delivered', { delayMs: 60 });
    const database = join(memoryFolder(t), 'gateway.db');
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
      const gateway = await startGateway(t, env);
      await killUnderLoad(gateway, leads, Math.ceil((LEADS * kill) / (KILLS + 1)), random);
      if (EXPIRE) expireLeases(database, [gateway.pid]);
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
    t.strictSame(lost, [], 'every acknowledged id is stored');
    t.equal(stored.length, LEADS, 'a lead that was repeated with its key is stored once');
    // With `resend` a lead stays unknown only if a kill interrupted each of its calls.
    const calledFor = policy === 'hold' ? 1 : 1 + RESEND_MAX;
    const others = stored.filter(
      ({ status, attempts }) => status !== 'delivered' && !(status === 'unknown' && attempts === calledFor),
    );
    t.strictSame(others, [], 'every lead is delivered, or unknown after its last allowed call');

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

t.test(`the survivors of ${PROCESSES} processes on one store finish the leads of the killed`, async (t) => {
  const provider = await startProvider(t);
  await provider.answer('delivered', { delayMs: 60 });
  const database = join(memoryFolder(t), 'gateway.db');
  const env = {
    ...NO_LIMITS,
    ...provider.env,
    DATABASE_URL: `sqlite:${database}`,
    UNKNOWN_RESEND_MAX: String(RESEND_MAX),
    RETRY_SCHEDULE_S: '1,1,1,1',
    DELIVER_WAIT_MS: '1000',
  };
  // The first process creates the file; the others open it.
  const living: RunningGateway[] = [await startGateway(t, env)];
  living.push(...(await Promise.all(Array.from({ length: PROCESSES - 1 }, () => startGateway(t, env)))));
  const random = seeded(seed);
  const pick = (): RunningGateway => living[random.below(living.length)] as RunningGateway;
  const leads = leadsToSend(SHARED_LEADS);
  const killed: Promise<unknown>[] = [];
  const dead: number[] = [];

  await sendAll({
    leads,
    url: () => pick().url,
    callers: SHARED_CALLERS,
    onAcknowledged() {
      if (leads.acknowledged.size < ((killed.length + 1) * SHARED_LEADS) / (VICTIMS + 1) || killed.length === VICTIMS)
        return;
      const [victim] = living.splice(random.below(living.length), 1);
      if (!victim) return;
      dead.push(victim.pid);
      killed.push(victim.end('SIGKILL'));
    },
  });
  await Promise.all(killed);
  t.equal(killed.length, VICTIMS);
  if (EXPIRE) expireLeases(database, dead);

  const stored = await eventually('no lead is queued any more', TAKEOVER_MS, () => {
    const rows = storedLeads(database);
    return rows.some(({ status }) => status === 'queued') ? undefined : rows;
  });
  for (const gateway of living) t.equal((await gateway.end('SIGTERM')).code, 0);
  t.equal(integrityOf(database), 'ok');
  t.equal(stored.length, SHARED_LEADS);
  t.ok(stored.every(({ status }) => status === 'delivered'));
  const ids = new Set(stored.map(({ id }) => id));
  t.strictSame(
    [...leads.acknowledged.values()].filter((id) => !ids.has(id)),
    [],
    'every acknowledged id is stored',
  );
  const calls = await provider.byPhone();
  const received = [...leads.acknowledged.keys()].map((n) => calls[phoneOf(n)]?.received ?? 0);
  t.ok(
    Math.min(...received) >= 1 && Math.max(...received) <= 1 + RESEND_MAX,
    'each lead arrived, at most as often as resending allows',
  );
  const repeated = received.filter((n) => n > 1).length;
  t.ok(repeated > 0 && repeated <= VICTIMS * SHARED_CALLERS, `${repeated} leads were under way in a killed process`);
});

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
