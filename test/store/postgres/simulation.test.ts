import t from 'tap';
import { startPostgres } from '../../support/postgres.ts';
import { chosenSeed, scaled } from '../../support/scale.ts';
import { simulate, trouble } from '../../support/simulation/simulation.ts';
import { postgresStore } from '../../support/simulation/stores.ts';

const SEEDS = scaled(2, 50);
const first = chosenSeed();

t.comment(`SEED=${first}`);
t.setTimeout(scaled(240_000, 3_600_000));

const server = await startPostgres();

for (let seed = first; seed < first + SEEDS; seed += 1) {
  const unknown = seed % 2 === 0 ? 'resend' : 'hold';
  t.test(`with ${unknown} crashes, suspensions and faults of two processes violate no guarantee`, async (t) => {
    const scenario = { ...trouble(seed, unknown), processes: 2 };
    const { trace, violations, statuses } = await simulate(await postgresStore(server), scenario);
    t.strictSame(violations, [], `SEED=${seed}`);
    const stored = Object.values(statuses).reduce((sum, n) => sum + n, 0);
    t.equal(stored, scenario.leads, 'every lead is stored once');
    t.ok(
      trace.some((line) => line.endsWith(' dies')),
      'a process crashed',
    );
  });
}
