import { join } from 'node:path';
import t from 'tap';
import { NO_LIMITS, phoneOf } from '../support/caller.ts';
import { integrityOf, storedLeads } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { leadsToSend, sendAll } from '../support/load.ts';
import { startProvider } from '../support/provider.ts';
import { seeded } from '../support/random.ts';
import { chosenSeed, scaled } from '../support/scale.ts';

const LEADS = scaled(200, 5_000);
const PROCESSES = 8;
const KILLS = 5;
const CALLERS = 24;
/** A lease of 60 s, and what the others need to notice, to send again and to hear the answer. */
const STUCK_MS = 90_000;
const RESEND_MAX = 2;

const seed = chosenSeed();
t.comment(`SEED=${seed}`);
t.setTimeout(scaled(240_000, 1_800_000));

t.test('of eight processes on one store those that live finish what the killed ones began', async (t) => {
  const provider = await startProvider(t);
  await provider.answer('delivered', { delayMs: 60 });
  const database = join(t.testdir(), 'gateway.db');
  const env = {
    ...NO_LIMITS,
    ...provider.env,
    DATABASE_URL: `sqlite:${database}`,
    UNKNOWN_RESEND_MAX: String(RESEND_MAX),
    RETRY_SCHEDULE_S: '1,1,1,1',
    DELIVER_WAIT_MS: '1000',
  };
  // The first one makes the file; the others find it.
  const living: RunningGateway[] = [await startGateway(t, env)];
  living.push(...(await Promise.all(Array.from({ length: PROCESSES - 1 }, () => startGateway(t, env)))));
  const random = seeded(seed);
  const pick = (): RunningGateway => living[random.below(living.length)] as RunningGateway;
  const leads = leadsToSend(LEADS);
  const killed: Promise<unknown>[] = [];

  await sendAll({
    leads,
    url: () => pick().url,
    callers: CALLERS,
    onAcknowledged() {
      if (leads.acknowledged.size < ((killed.length + 1) * LEADS) / (KILLS + 1) || killed.length === KILLS) return;
      const [victim] = living.splice(random.below(living.length), 1);
      if (victim) killed.push(victim.end('SIGKILL'));
    },
  });
  await Promise.all(killed);
  t.equal(killed.length, KILLS);

  const stored = await eventually('no lead is queued any more', STUCK_MS, () => {
    const rows = storedLeads(database);
    return rows.some(({ status }) => status === 'queued') ? undefined : rows;
  });
  for (const gateway of living) t.equal((await gateway.end('SIGTERM')).code, 0);
  t.equal(integrityOf(database), 'ok');
  t.equal(stored.length, LEADS);
  t.ok(stored.every(({ status }) => status === 'delivered'));
  const ids = new Set(stored.map(({ id }) => id));
  t.strictSame(
    [...leads.acknowledged.values()].filter((id) => !ids.has(id)),
    [],
    'every acknowledged id is there',
  );
  const calls = await provider.byPhone();
  const received = [...leads.acknowledged.keys()].map((n) => calls[phoneOf(n)]?.received ?? 0);
  t.ok(Math.min(...received) >= 1 && Math.max(...received) <= 1 + RESEND_MAX, 'each arrived, and none too often');
  const repeated = received.filter((n) => n > 1).length;
  t.ok(repeated > 0 && repeated <= KILLS * CALLERS, `${repeated} leads were under way in a killed process`);
});
