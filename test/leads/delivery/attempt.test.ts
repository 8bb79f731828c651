import t from 'tap';
import { LEASE_MS, type Settlement } from '../../../src/domain/ports/delivery-queue.ts';
import { StorageUnavailable } from '../../../src/domain/ports/outbox.ts';
import type { Outcome } from '../../../src/domain/provider.ts';
import { createDelivery } from '../../../src/leads/delivery/attempt.ts';
import { createGate, FAILURES_TO_OPEN } from '../../../src/leads/delivery/breaker.ts';
import { manualClock } from '../../support/clock.ts';
import { lead } from '../../support/lead.ts';
import { leased, sqliteOutbox } from '../../support/outbox.ts';

const LEASE = { id: 'cnv_1', fence: 1, provider: 'default', attempts: 0, createdAt: 1_000 };

function delivery(outcome: Outcome, settle: () => Promise<void> = async () => undefined) {
  const clock = manualClock();
  const settled: Settlement[] = [];
  const reports: unknown[] = [];
  const permits: unknown[] = [];
  const renewed: number[] = [];
  const parts = createDelivery({
    upstream: { send: async () => ({ outcome, httpStatus: 200, durationMs: 12.4 }) },
    queue: {
      async renew(_leases, now) {
        renewed.push(now);
      },
      async settle({ id }, settlement, now) {
        await settle();
        settled.push(settlement);
        const conversation = { id, status: settlement.status, attempts: 1, createdAt: 0, updatedAt: now };
        return { conversation, parkedProvider: false };
      },
    },
    gate: createGate({ endpoint: () => 'na', clock, onChange: () => undefined }),
    rules: () => ({ scheduleS: [5], unknown: 'resend', resendMax: 1 }),
    credentials: () => 'credentials-1',
    report: (report) => reports.push(report),
    worker: { kick() {}, wakeBy() {} },
    clock,
    random: () => 0.5,
    leaseMs: LEASE_MS,
  });
  const context = {
    permit: { report: (answer: unknown) => permits.push(answer) },
    tries: 0,
    unknowns: 0,
    mayHaveArrived: false,
    requestId: 'r1',
  };
  return { ...parts, clock, settled, reports, permits, renewed, context };
}

t.test('an attempt records its outcome, reports it to the breaker and is logged once', async (t) => {
  const { attempt, settled, reports, permits, context } = delivery({ class: 'delivered' });
  t.match(await attempt(lead(), LEASE, context), { status: 'delivered' });
  t.match(settled, [{ status: 'delivered', attempted: true }]);
  t.strictSame(permits, ['delivered']);
  t.match(reports, [
    { lease: LEASE, answer: { outcome: { class: 'delivered' }, httpStatus: 200 }, context: { requestId: 'r1' } },
  ]);
});

t.test('an attempt passes its outcome, HTTP status and duration on for the history of the lead', async (t) => {
  const { attempt, settled, context } = delivery({ class: 'not_sent', cause: 'http_503', description: 'Busy' });
  await attempt(lead(), LEASE, context);
  t.match(settled, [{ description: 'Busy' }]);
  t.strictSame(settled[0]?.facts, { outcome: 'not_sent', cause: 'http_503', httpStatus: 200, durationMs: 12.4 });
});

t.test('an outcome is recorded once the storage is available again', async (t) => {
  let away = 3;
  const { attempt, clock, settled, context } = delivery({ class: 'delivered' }, async () => {
    away -= 1;
    if (away > 0) throw new StorageUnavailable('full');
  });
  const done = attempt(lead(), LEASE, context);
  await clock.advance(2_000);
  t.match(await done, { status: 'delivered' });
  t.equal(settled.length, 1);
});

t.test('an attempt gives up recording its outcome when its lease ends, and reports the fault', async (t) => {
  const { attempt, clock, context, reports } = delivery({ class: 'delivered' }, async () => {
    throw new StorageUnavailable('full');
  });
  const done = attempt(lead(), LEASE, context);
  await clock.advance(LEASE_MS);
  t.equal(await done, undefined);
  t.match(reports, [{ lease: LEASE, answer: { outcome: { class: 'delivered' } }, fault: { message: 'full' } }]);
});

t.test('leases are renewed while an attempt is under way, and no timer is left when none is', async (t) => {
  const answer = Promise.withResolvers<void>();
  const { attempt, clock, renewed, context } = delivery({ class: 'delivered' }, () => answer.promise);
  const done = attempt(lead(), LEASE, context);
  await clock.advance(LEASE_MS);
  t.strictSame(renewed, [LEASE_MS / 3, (2 * LEASE_MS) / 3, LEASE_MS]);
  answer.resolve();
  await done;
  await clock.settle();
  t.equal(clock.next(), undefined);
});

t.test('idle resolves when no attempt is under way', async (t) => {
  const { attempt, idle, running, settled, context } = delivery({ class: 'delivered' });
  void attempt(lead(), LEASE, context);
  t.equal(running(), 1);
  await idle();
  t.equal(running(), 0);
  t.equal(settled.length, 1);
});

t.test(
  'a lead that can become no call is parked, is no attempt, and says nothing of endpoint or credentials',
  async (t) => {
    const outbox = sqliteOutbox(t)();
    const clock = manualClock(1_000_000);
    const gate = createGate({ endpoint: () => 'na', clock, onChange: () => undefined });
    const refused: Outcome = { class: 'refused', cause: 'not_encodable' };
    const delivery = createDelivery({
      queue: outbox,
      upstream: { send: async () => ({ outcome: refused, durationMs: 0, uncalled: true }) },
      gate,
      rules: () => ({ scheduleS: [5], unknown: 'resend', resendMax: 1 }),
      credentials: () => 'credentials-1',
      report: () => undefined,
      worker: { kick() {}, wakeBy() {} },
      clock,
      random: () => 0.5,
      leaseMs: 60_000,
    });
    const takePermit = () => {
      const clearance = gate.clear('default');
      if (clearance.kind !== 'go') throw new Error(clearance.kind);
      return clearance.permit;
    };
    const account = { credentials: 'credentials-1', target: 'a' };
    const refusal = { status: 'queued', dueAt: 9e9, attempted: true, credentials: 'refused', account } as const;
    for (let n = 0; n < 2; n += 1) await outbox.settle(await leased(outbox, clock.now()), refusal, clock.now());
    for (let n = 0; n < FAILURES_TO_OPEN; n += 1) takePermit().report('not_sent');
    await clock.advance(6_000);

    const lease = await leased(outbox, clock.now());
    const context = { permit: takePermit(), tries: 0, unknowns: 0, mayHaveArrived: false };
    await delivery.attempt(lead(), lease, context);
    t.match(await outbox.show(lease.id), { status: 'parked', cause: 'refused', attempts: 0 });
    t.notMatch(gate.breakers().get('na'), 'closed');
    const third = await outbox.settle(await leased(outbox, clock.now()), refusal, clock.now());
    t.match(third, { parkedProvider: true }, 'the call that was not made does not end the streak of refusals');
    await outbox.close();
  },
);

t.test('the answer to a test lead proves nothing about the credentials of its account', async (t) => {
  for (const outcome of [{ class: 'credentials', cause: 'http_401' }, { class: 'delivered' }] as const) {
    const { attempt, settled, context } = delivery(outcome);
    await attempt(lead({ provider: 'test:default' }), { ...LEASE, provider: 'test:default' }, context);
    t.notOk(settled[0]?.account);
    const real = delivery(outcome);
    await real.attempt(lead(), LEASE, real.context);
    t.match(real.settled[0]?.account, { credentials: 'credentials-1' });
  }
});
