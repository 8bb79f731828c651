import t from 'tap';
import type { Outcome } from '../../../src/domain/provider.ts';
import { distribute } from '../../../src/leads/delivery/scheduler.ts';
import { deliver } from '../../support/delivery.ts';
import { lead } from '../../support/lead.ts';
import { queued, sqliteOutbox } from '../../support/outbox.ts';

const START = 1_000_000;
const DELIVERED: Outcome = { class: 'delivered' };

/** Runs the worker with `leads` due leads of each account, whose calls take `answersInMs`; gives the calls of each account. */
async function play(
  t: Parameters<typeof deliver>[0],
  accounts: Readonly<Record<string, { leads: number; answersInMs: number }>>,
  limits = { concurrency: 4, perSecond: 20 },
) {
  const outbox = sqliteOutbox(t)();
  const parts = await deliver(t, {
    outbox,
    limits,
    provider: ({ provider }) =>
      new Promise((resolve) => {
        parts.clock.after(accounts[provider]?.answersInMs ?? 0, () => resolve(DELIVERED));
      }),
  });
  for (const [provider, { leads }] of Object.entries(accounts)) {
    const changes = { lead: lead({ provider }), start: { kind: 'due', at: START } } as const;
    await Promise.all(Array.from({ length: leads }, () => queued(outbox, START, changes)));
  }
  parts.worker.start();
  return {
    clock: parts.clock,
    calls: (provider: string) => parts.calls.filter((call) => call.lead.provider === provider).length,
  };
}

t.test('a slow provider does not delay the leads of others', async (t) => {
  const { clock, calls } = await play(t, {
    'a-slow': { leads: 60, answersInMs: 9_000 },
    'b-quick': { leads: 200, answersInMs: 10 },
  });
  await clock.advance(5_000);
  t.equal(calls('a-slow'), 2, 'its share of what may run at a time');
  t.ok(calls('b-quick') >= 100, `${calls('b-quick')} of the other`);
  await clock.advance(300_000);
});

t.test('when the token bucket is the limit, accounts take turns', async (t) => {
  const accounts = {
    a: { leads: 60, answersInMs: 1 },
    b: { leads: 60, answersInMs: 1 },
    c: { leads: 60, answersInMs: 1 },
  };
  const { clock, calls } = await play(t, accounts, { concurrency: 32, perSecond: 10 });
  await clock.advance(5_000);
  const counts = ['a', 'b', 'c'].map(calls);
  t.ok(Math.max(...counts) - Math.min(...counts) <= 2, `${counts}`);
  t.ok(
    counts.every((count) => count >= 18),
    `${counts}`,
  );
});

t.test('capacity that one account does not need goes to the other', async (t) => {
  const { clock, calls } = await play(t, {
    a: { leads: 10, answersInMs: 60_000 },
    b: { leads: 1, answersInMs: 60_000 },
  });
  await clock.advance(1_000);
  t.strictSame([calls('a'), calls('b')], [3, 1]);
  await clock.advance(300_000);
});

t.test('distribute is even, keeps to the capacities and leaves nothing unused', async (t) => {
  const cases: [total: number, rooms: number[], expected: number[]][] = [
    [10, [20, 20], [5, 5]],
    [10, [2, 20], [2, 8]],
    [5, [9, 9, 9], [2, 2, 1]],
    [2, [9, 9, 9], [1, 1, 0]],
    [9, [1, 2], [1, 2]],
    [0, [9], [0]],
    [-3, [9], [0]],
    [3, [-2, 9], [0, 3]],
    [3, [], []],
    [3, [Number.POSITIVE_INFINITY], [3]],
  ];
  for (const [total, rooms, expected] of cases)
    t.strictSame(distribute(total, rooms), expected, `${total} into ${rooms}`);
});
