import t from 'tap';
import { memoryFolder } from '../../support/memory-folder.ts';
import { chosenSeed, scaled } from '../../support/scale.ts';
import { simulate, trouble } from '../../support/simulation/simulation.ts';
import { sqliteStore } from '../../support/simulation/stores.ts';

const SEEDS = scaled(5, 500);
const EIGHT = scaled(1, 60);
const first = chosenSeed();

t.comment(`SEED=${first}`);
t.setTimeout(scaled(240_000, 3_600_000));

/** The final states that the scenarios of both policies reached. A single policy may miss one that is rare with it. */
const ends = new Set<string>();

for (const unknown of ['resend', 'hold'] as const) {
  t.test(`with ${unknown} crashes, suspensions and faults of network and storage violate no guarantee`, async (t) => {
    const folder = memoryFolder(t);
    for (let seed = first; seed < first + SEEDS; seed += 1) {
      const { violations, statuses } = await simulate(
        sqliteStore(folder, `${seed}-${unknown}`),
        trouble(seed, unknown),
      );
      t.strictSame(violations, [], `SEED=${seed}`);
      for (const status of Object.keys(statuses)) ends.add(status);
    }
  });
}

t.test('these scenarios reach every final state', async (t) => {
  t.strictSame([...ends].sort(), ['delivered', 'parked', 'rejected', 'unknown']);
});

t.test('with eight processes on one store every lead is delivered, although some processes crash', async (t) => {
  const folder = memoryFolder(t);
  let expiries = 0;
  for (let seed = first; seed < first + EIGHT; seed += 1) {
    const scenario = { ...trouble(seed, 'resend'), processes: 8, leads: 150, deaths: 16, freezes: 3, badTimes: 0 };
    const played = await simulate(sqliteStore(folder, `${seed}`), { ...scenario, soundProvider: true });
    t.strictSame(played.violations, [], `SEED=${seed}`);
    t.strictSame(Object.keys(played.statuses), ['delivered']);
    t.ok(played.longestLeaseMs <= 90_000, `no lead was stuck for longer than ${played.longestLeaseMs} ms`);
    expiries += played.expiries;
  }
  t.ok(expiries > 0, `${expiries} leases ran out`);
});

t.test('the same seed gives exactly the same run', async (t) => {
  const scenario = { ...trouble(first, 'resend'), processes: 2 };
  const once = await simulate(sqliteStore(memoryFolder(t), 'leads'), scenario);
  const again = await simulate(sqliteStore(memoryFolder(t), 'leads'), scenario);
  t.ok(once.trace.length > 50);
  t.strictSame(again.trace, once.trace);
});
