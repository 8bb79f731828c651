import t from 'tap';
import { afterFailure, HEALTHY, isQuiet, nextTry } from '../../src/outgoing/schedule.ts';

t.test('a message is tried again by the schedule, whose last delay is repeated', async (t) => {
  const at = (attempts: number, random = 0.5, retryAfterMs = 0) =>
    nextTry(attempts, [5, 30], { now: 1_000, random, retryAfterMs });
  t.equal(at(1), 6_000);
  t.equal(at(2), 31_000);
  t.equal(at(9), 31_000);
  t.equal(at(1, 0), 5_500, 'at most a tenth earlier');
  t.equal(at(1, 1), 6_500, 'or later');
  t.equal(at(1, 0.5, 60_000), 61_000, 'and not before the receiver asked for it');
  t.equal(nextTry(1, [], { now: 0, random: 0.5 }), 60_000);
});

t.test(
  'a destination is paused from its third failure in a row on, longer each time, up to five minutes',
  async (t) => {
    let health = HEALTHY;
    const pauses: number[] = [];
    for (let n = 0; n < 12; n += 1) {
      health = afterFailure(health, 0);
      pauses.push(health.pausedUntil / 1_000);
    }
    t.strictSame(pauses, [0, 0, 5, 10, 20, 40, 80, 160, 300, 300, 300, 300]);
  },
);

t.test('a quiet time holds by the clocks of its time zone, also over midnight and when these change', async (t) => {
  const night = { from: 22 * 60, to: 7 * 60, timeZone: 'America/New_York', urgentPasses: true };
  // New York is five hours behind UTC in winter and four in summer.
  for (const [time, quiet] of [
    ['2026-11-28T02:59:00Z', false],
    ['2026-11-28T03:00:00Z', true],
    ['2026-11-28T05:00:00Z', true],
    ['2026-11-28T11:59:59Z', true],
    ['2026-11-28T12:00:00Z', false],
    ['2026-07-01T02:00:00Z', true],
    ['2026-07-01T11:00:00Z', false],
  ] as const)
    t.equal(isQuiet(night, Date.parse(time)), quiet, time);
  const noon = { from: 12 * 60, to: 13 * 60, timeZone: 'UTC', urgentPasses: true };
  t.equal(isQuiet(noon, Date.parse('2026-11-28T12:00:00Z')), true);
  t.equal(isQuiet(noon, Date.parse('2026-11-28T13:00:00Z')), false);
  t.equal(
    isQuiet({ ...noon, to: noon.from }, Date.parse('2026-11-28T03:00:00Z')),
    true,
    'equal ends are the whole day',
  );
});
