import pino from 'pino';
import t from 'tap';
import { createOverloadReport } from '../../src/admin/overload-report.ts';
import { manualClock } from '../support/clock.ts';

function stage() {
  const lines: Record<string, unknown>[] = [];
  const lasting: (string | undefined)[] = [];
  const clock = manualClock();
  const report = createOverloadReport({
    log: pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line)) }),
    onLasting: (reason) => lasting.push(reason),
    clock,
  });
  return {
    report,
    clock,
    lasting,
    lines: () => lines.splice(0).map(({ event, refused, total }) => ({ event, refused, total })),
  };
}

t.test('a thousand refused requests are one line when it begins, and one every half minute', async (t) => {
  const { report, clock, lasting, lines } = stage();
  t.equal(report.reason(), undefined);
  for (let n = 0; n < 999; n += 1) report.shed('event_loop');
  report.shed('storage');
  t.strictSame(lines(), [{ event: 'overloaded', refused: { event_loop: 1 }, total: 1 }]);
  await clock.advance(30_000);
  t.strictSame(lines(), [{ event: 'overloaded', refused: { event_loop: 999, storage: 1 }, total: 1_000 }]);
  t.equal(report.reason(), 'event_loop', 'the most frequent one');
  t.strictSame(lasting, [], 'half a minute needs nobody');
  report.shed('connections');
  await clock.advance(30_000);
  t.strictSame(lasting, ['connections']);
  t.equal(report.reason(), 'connections');
  await clock.advance(30_000);
  t.strictSame(lines(), [
    { event: 'overloaded', refused: { connections: 1 }, total: 1_001 },
    { event: 'overload_over', refused: undefined, total: 1_001 },
  ]);
  t.strictSame(lasting, ['connections', undefined]);
  t.equal(report.reason(), undefined);
  t.equal(clock.next(), undefined, 'without an overload no timer runs');
});

t.test('a stop writes what was counted last', async (t) => {
  const { report, clock, lines } = stage();
  report.shed('event_loop');
  await clock.advance(30_000);
  report.shed('event_loop');
  lines();
  report.stop();
  t.strictSame(lines(), [{ event: 'overloaded', refused: { event_loop: 1 }, total: 2 }]);
  t.equal(clock.next(), undefined);
});
