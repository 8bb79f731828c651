import pino from 'pino';
import t from 'tap';
import { createAttemptLog } from '../../src/admin/attempt-log.ts';
import { createRefusalStreaks, REFUSALS_TO_ALERT } from '../../src/admin/refusal-streaks.ts';
import { NO_METRICS } from '../../src/app/services.ts';
import type { OutcomeClass } from '../../src/domain/provider.ts';
import type { AttemptReport } from '../../src/leads/delivery/attempt.ts';

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

/** The alerts that these attempts raise, by the event of the log line. */
function alerts(reports: readonly AttemptReport[]) {
  const lines: { event: string; provider?: string; inARow?: number; level: number }[] = [];
  const streaks = createRefusalStreaks();
  const log = createAttemptLog(
    pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) }),
    NO_METRICS,
    streaks,
    () => undefined,
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
