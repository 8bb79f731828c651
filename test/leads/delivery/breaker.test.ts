import t from 'tap';
import {
  abandoned,
  type Breaker,
  begun,
  CLOSED,
  FAILURES_TO_OPEN,
  failed,
  succeeded,
  verdict,
} from '../../../src/leads/delivery/breaker.ts';

function open(at: number): Breaker {
  let breaker: Breaker = CLOSED;
  for (let n = 0; n < FAILURES_TO_OPEN; n += 1) breaker = failed(breaker, at);
  return breaker;
}

t.test('it opens after so many failures in a row, and not before', async (t) => {
  let breaker: Breaker = CLOSED;
  for (let n = 1; n < FAILURES_TO_OPEN; n += 1) breaker = failed(breaker, 0);
  t.equal(breaker.state, 'closed');
  t.equal(failed(succeeded(), 0).state, 'closed', 'a success starts the count anew');
  t.strictSame(failed(breaker, 1_000), { state: 'open', until: 6_000, openings: 1 });
});

t.test('an open one lets nothing through until its pause is over, and then one call', async (t) => {
  const breaker = open(0);
  t.strictSame(verdict(breaker, 4_999), { kind: 'wait', until: 5_000 });
  t.strictSame(verdict(breaker, 5_000), { kind: 'go' });
  const half = begun(breaker, 5_000);
  t.equal(half.state, 'half_open');
  t.equal(verdict(half, 5_001).kind, 'wait');
});

t.test('a failed probe doubles the pause, up to a minute', async (t) => {
  let breaker = open(0);
  const pauses: number[] = [];
  for (let n = 0; n < 6; n += 1) {
    const now = breaker.state === 'open' ? breaker.until : 0;
    breaker = failed(begun(breaker, now), now);
    if (breaker.state === 'open') pauses.push(breaker.until - now);
  }
  t.strictSame(pauses, [10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
});

t.test('a probe that succeeds closes it at once', async (t) => {
  t.strictSame(succeeded(), CLOSED);
});

t.test('a probe that never called anybody leaves the next one free to go', async (t) => {
  const breaker = abandoned(begun(open(0), 5_000), 5_100);
  t.strictSame(breaker, { state: 'open', until: 5_100, openings: 1 });
  t.equal(verdict(breaker, 5_100).kind, 'go');
  t.strictSame(abandoned(CLOSED, 1), CLOSED);
});

t.test('a probe whose end nobody reports does not block for ever', async (t) => {
  const half = begun(open(0), 5_000);
  t.equal(verdict(half, 5_000 + 90_000).kind, 'go');
});

t.test('failures that come in while it is open change nothing', async (t) => {
  const breaker = open(0);
  t.equal(failed(breaker, 100), breaker);
});
