import pino from 'pino';
import t from 'tap';
import { createActivityReporter } from '../../src/admin/activity.ts';
import {
  createAttemptLog,
  createEvents,
  createRefusalStreaks,
  createTallies,
  NO_METRICS,
  REFUSALS_TO_ALERT,
} from '../../src/admin/events.ts';
import type { Status } from '../../src/domain/lead.ts';
import type { ActivityStore, MinuteCount } from '../../src/domain/ports/activity-store.ts';
import type { OutcomeClass } from '../../src/domain/provider.ts';
import type { AttemptReport } from '../../src/leads/delivery/attempt.ts';
import { manualClock } from '../support/clock.ts';

/** A reporter over a store that records its writes and refuses them while `broken` is set. */
function setup() {
  const written: (readonly MinuteCount[])[] = [];
  const store = {
    broken: false,
    forgotten: 0,
    async recordActivity(_state: unknown, counts: readonly MinuteCount[]) {
      if (store.broken) throw new Error('no storage');
      written.push(counts);
    },
    async forgetReplica() {
      store.forgotten += 1;
    },
  };
  const clock = manualClock(600_000);
  const tallies = createTallies();
  const monitor = { kick() {}, refused() {}, storageFault() {} };
  const callbacks = { hasCallbacks: () => false, sendCallbacks() {} };
  const parts = { counter: NO_METRICS, tallies, monitor, ...callbacks, onFailedCall() {}, clock };
  const reporter = createActivityReporter({
    store: store as unknown as ActivityStore,
    counts: tallies.minutes,
    state: () => ({ version: '1.0.0', startedAt: 0, breakers: {}, settingsRefused: false }),
    clock,
  });
  return { reporter, clock, written, store, events: createEvents(parts) };
}

t.test('counts are written every ten seconds, by minute and kind', async (t) => {
  const { reporter, clock, written, events } = setup();
  reporter.start();
  await clock.advance(0);
  t.strictSame(written, [[]], 'a process is known at once');
  for (let n = 0; n < 3; n += 1) events.attempt(report(`lead-${n}`, 'delivered'));
  events.attempt(report('lead', 'unknown'));
  await clock.advance(10_000);
  t.strictSame(written[1], [
    { minute: 10, kind: 'delivered', count: 3 },
    { minute: 10, kind: 'unknown', count: 1 },
  ]);
  await clock.advance(20_000);
  t.equal(written.length, 2, 'an idle process does not write each time');
  await clock.advance(10_000);
  t.strictSame(written[2], [], 'an idle process writes that it runs, and no count twice');
  await reporter.stop();
});

t.test('counts that the storage refuses are written later', async (t) => {
  const { reporter, clock, written, store, events } = setup();
  reporter.start();
  await clock.advance(0);
  store.broken = true;
  events.conversation('queued', 'demo');
  await clock.advance(10_000);
  events.conversation('queued', 'demo');
  store.broken = false;
  await clock.advance(10_000);
  t.strictSame(written[1], [{ minute: 10, kind: 'stored', count: 2 }]);
  await reporter.stop();
});

t.test('a stop writes what is left, removes the process and leaves no timer', async (t) => {
  const { reporter, clock, written, store, events } = setup();
  reporter.start();
  await clock.advance(0);
  events.conversation('queued', 'demo');
  await reporter.stop();
  t.strictSame(written.at(-1), [{ minute: 10, kind: 'stored', count: 1 }]);
  t.equal(store.forgotten, 1);
  t.equal(clock.next(), undefined);
});

function report(id: string, outcome: OutcomeClass, provider = 'main', uncalled = false): AttemptReport {
  return {
    lead: { site: 'demo', provider },
    lease: { id, fence: 1, provider, attempts: 0, createdAt: 1_000 },
    context: { tries: 0, unknowns: 0, mayHaveArrived: false },
    answer: {
      outcome: { class: outcome } as AttemptReport['answer']['outcome'],
      durationMs: 1,
      ...(uncalled && { uncalled }),
    },
    settlement: { status: 'parked', attempted: true },
    settled: undefined,
  };
}

t.test(
  'a change of a lead sends callbacks where anybody has one, and a lead that needs an operator wakes the monitor',
  async (t) => {
    const calls: string[] = [];
    let receivers = false;
    const events = createEvents({
      counter: NO_METRICS,
      tallies: createTallies(),
      monitor: {
        kick: () => calls.push('look'),
        refused: (code) => calls.push(code),
        storageFault: () => calls.push('fault'),
      },
      hasCallbacks: () => receivers,
      sendCallbacks: () => calls.push('send'),
      onFailedCall: (provider, cause) => calls.push(`${provider} ${cause}`),
      clock: manualClock(600_000),
    });
    const settledAs = (status: Status, provider = 'main') =>
      events.attempt({
        ...report('lead', 'refused', provider),
        settled: {
          conversation: { id: 'lead', status, attempts: 1, createdAt: 1, updatedAt: 1 },
          parkedProvider: false,
        },
      });
    settledAs('delivered');
    t.strictSame(calls.splice(0), []);
    receivers = true;
    for (const status of ['queued', 'delivered', 'parked'] as const) settledAs(status);
    t.strictSame(calls.splice(0), ['send', 'send', 'look']);
    settledAs('parked', 'test:main');
    events.conversation('held', 'demo', true);
    t.strictSame(calls.splice(0), ['send', 'send'], 'of a test nobody but its partner is told');
    events.conversation('held', 'demo');
    events.storageFault();
    t.strictSame(calls, ['send', 'look', 'fault']);
  },
);

/** The alerts that these attempts raise, by the event of the log line. */
function alerts(reports: readonly AttemptReport[]) {
  const lines: { event: string; provider?: string; inARow?: number; level: number }[] = [];
  const streaks = createRefusalStreaks();
  const log = createAttemptLog(
    pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) }),
    NO_METRICS,
    streaks,
  );
  for (const one of reports) log(one);
  return { events: lines.filter(({ event }) => event.startsWith('leads_')), counts: streaks.counts() };
}

const row = (length: number, provider = 'main') =>
  Array.from({ length }, (_, n) => report(`${provider}-${n}`, 'refused', provider));

t.test('five refused leads of one account in a row raise one alert', async (t) => {
  t.strictSame(alerts(row(REFUSALS_TO_ALERT - 1)).events, []);
  const { events, counts } = alerts(row(12));
  t.match(events, [{ event: 'leads_refused', level: 50, provider: 'main', inARow: REFUSALS_TO_ALERT }]);
  t.equal(events.length, 1);
  t.strictSame([...counts], [['main', 12]]);
});

t.test('each account has a row of its own', async (t) => {
  const mixed = row(4).flatMap((one, n) => [one, ...row(4, 'other').slice(n, n + 1)]);
  t.strictSame(alerts(mixed).events, []);
});

for (const outcome of ['delivered', 'rejected'] as const) {
  t.test(`an answer of the class ${outcome} ends the row, and is told after an alert`, async (t) => {
    const good = report('good', outcome);
    t.strictSame(alerts([...row(4), good, ...row(4)]).events, []);
    const { events, counts } = alerts([...row(6), good, good]);
    t.match(events, [{ event: 'leads_refused' }, { event: 'leads_taken_again', level: 40, provider: 'main' }]);
    t.equal(events.length, 2);
    t.equal(counts.size, 0);
  });
}

for (const outcome of ['not_sent', 'unknown', 'credentials'] as const) {
  t.test(`an outcome of the class ${outcome} says nothing of the account and ends no row`, async (t) => {
    const between = row(5).flatMap((one) => [one, report('other', outcome)]);
    t.match(alerts(between).events, [{ event: 'leads_refused' }]);
  });
}

t.test('one lead that is released again and again is counted once, and an attempt without a call never', async (t) => {
  const again = Array.from({ length: 9 }, () => report('same', 'refused'));
  t.strictSame([...alerts(again).counts], [['main', 1]]);
  const uncalled = row(9).map(({ lease }) => report(lease.id, 'refused', 'main', true));
  t.equal(alerts(uncalled).counts.size, 0);
});
