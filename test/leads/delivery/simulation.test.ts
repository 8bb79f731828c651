import t from 'tap';
import { chosenSeed, scaled } from '../../support/scale.ts';
import { type Scenario, simulate } from '../../support/simulation/simulation.ts';

const SEEDS = scaled(20, 500);
const EIGHT = scaled(4, 60);
const first = chosenSeed();

t.comment(`SEED=${first}`);
t.setTimeout(scaled(110_000, 3_600_000));

const trouble = (seed: number, unknown: Scenario['unknown']): Scenario => ({
  seed,
  unknown,
  processes: 1,
  leads: 25,
  deaths: 3,
  freezes: 1,
  badTimes: 4,
});

for (const unknown of ['resend', 'hold'] as const) {
  t.test(`with ${unknown} deaths, sleep and faults of network and storage break no promise`, async (t) => {
    const folder = t.testdir();
    const ends = new Set<string>();
    for (let seed = first; seed < first + SEEDS; seed += 1) {
      const { violations, statuses } = await simulate(folder, trouble(seed, unknown));
      t.strictSame(violations, [], `SEED=${seed}`);
      for (const status of Object.keys(statuses)) ends.add(status);
    }
    t.strictSame([...ends].sort(), ['delivered', 'parked', 'rejected', 'unknown'], 'every end was met');
  });
}

t.test('eight processes on one store leave nothing behind when some of them die', async (t) => {
  const folder = t.testdir();
  let expiries = 0;
  for (let seed = first; seed < first + EIGHT; seed += 1) {
    const scenario = { ...trouble(seed, 'resend'), processes: 8, leads: 150, deaths: 16, freezes: 3, badTimes: 0 };
    const played = await simulate(folder, { ...scenario, soundProvider: true });
    t.strictSame(played.violations, [], `SEED=${seed}`);
    t.strictSame(Object.keys(played.statuses), ['delivered']);
    t.ok(played.longestLeaseMs <= 90_000, `no lead was stuck for longer than ${played.longestLeaseMs} ms`);
    expiries += played.expiries;
  }
  t.ok(expiries > 0, `${expiries} leases ran out`);
});

t.test('a seed replays exactly', async (t) => {
  const folders = t.testdir({ once: {}, again: {} });
  const scenario = { ...trouble(first, 'resend'), processes: 2 };
  const once = await simulate(`${folders}/once`, scenario);
  const again = await simulate(`${folders}/again`, scenario);
  t.ok(once.trace.length > 50);
  t.strictSame(again.trace, once.trace);
});
