import t from 'tap';
import type { Outcome } from '../../../src/domain/provider.ts';
import { createDelivery } from '../../../src/leads/delivery/attempt.ts';
import { createGate, FAILURES_TO_OPEN } from '../../../src/leads/delivery/breaker.ts';
import { manualClock } from '../../support/clock.ts';
import { lead } from '../../support/lead.ts';
import { leased, sqliteOutbox } from '../../support/outbox.ts';

t.test(
  'a lead that can become no call is parked, is no attempt, and says nothing of region or credentials',
  async (t) => {
    const outbox = sqliteOutbox(t)();
    const clock = manualClock(1_000_000);
    const gate = createGate({ region: () => 'na', clock, onChange: () => undefined });
    const refused: Outcome = { class: 'refused', cause: 'not_encodable' };
    const delivery = createDelivery({
      queue: outbox,
      upstream: { send: async () => ({ outcome: refused, durationMs: 0, uncalled: true }) },
      gate,
      rules: () => ({ scheduleS: [5], unknown: 'resend', resendMax: 1 }),
      credentials: () => 'credentials-1',
      report: () => undefined,
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
