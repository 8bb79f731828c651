import type { Test } from 'tap';
import type { Lead } from '../../src/domain/lead.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import type { Answer, Outcome } from '../../src/domain/provider.ts';
import type { AttemptReport } from '../../src/leads/delivery/attempt.ts';
import { composeDelivery } from '../../src/leads/delivery/compose.ts';
import type { RetryRules } from '../../src/leads/delivery/policy.ts';
import type { Limits } from '../../src/leads/delivery/worker.ts';
import { type ManualClock, manualClock } from './clock.ts';
import { LEASE_MS } from './outbox.ts';

type Options = {
  readonly outbox: Outbox;
  /** The provider's answer; may be delayed. */
  readonly provider: (lead: Lead, call: number) => Outcome | Promise<Outcome>;
  readonly clock?: ManualClock;
  readonly rules?: Partial<RetryRules>;
  readonly limits?: Limits;
  readonly providers?: readonly string[];
  readonly credentials?: () => string;
};

/** Delivery over a real store, with a clock and a provider that the test controls. */
export async function deliver(t: Test, options: Options) {
  const { outbox, provider } = options;
  const clock = options.clock ?? manualClock(1_000_000);
  const calls: { at: number; lead: Lead }[] = [];
  const reports: AttemptReport[] = [];
  const faults: unknown[] = [];
  const changes: string[] = [];
  const rules: RetryRules = { scheduleS: [5, 30, 120], unknown: 'resend', resendMax: 2, ...options.rules };
  const { delivery, worker, gate, parking, stop } = composeDelivery({
    outbox,
    upstream: {
      async send(lead): Promise<Answer> {
        const at = clock.now();
        calls.push({ at, lead });
        const outcome = await provider(lead, calls.length);
        return { outcome, durationMs: Math.max(1, clock.now() - at) };
      },
    },
    accounts: {
      ids: () => options.providers ?? ['default'],
      endpoint: (id) => (id.startsWith('eu') ? 'eu' : 'na'),
    },
    credentials: options.credentials ?? (() => 'credentials-1'),
    rules: () => rules,
    report: (report) => reports.push(report),
    onBreaker: (endpoint, state) => changes.push(`${endpoint} ${state}`),
    onReleased: (id) => changes.push(`${id} released`),
    onFault: (error) => faults.push(error),
    onTakenOver: ({ lease }, { status }) => changes.push(`${lease.id} taken over: ${status}`),
    clock,
    random: () => 0.5,
    leaseMs: LEASE_MS,
    ...(options.limits && { limits: options.limits }),
  });
  t.teardown(async () => {
    await stop();
    await outbox.close();
  });
  return { clock, calls, reports, faults, changes, gate, parking, delivery, worker, stop };
}
