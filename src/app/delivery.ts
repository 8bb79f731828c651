import { createAttemptLog } from '../admin/attempt-log.ts';
import { LEASE_MS } from '../domain/ports/delivery-queue.ts';
import { composeDelivery, type RunningDelivery } from '../leads/delivery/compose.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { createProviderClient } from '../provider/client.ts';
import type { Foundation } from './foundation.ts';

/** Delivers what is stored from now on; stops taking new work when closed, and waits for the attempts under way. */
export function startDelivery({
  settings,
  live,
  log,
  disposers,
  accounts,
  outbox,
  counting,
  credentials,
}: Foundation): RunningDelivery {
  const provider = createProviderClient({ account: accounts.get, timeoutMs: settings.upstreamTimeoutMs });
  disposers.add(() => provider.close());
  const logAttempt = createAttemptLog(log);
  const delivering: RunningDelivery = composeDelivery({
    outbox,
    upstream: provider,
    accounts,
    credentials,
    rules: (site) => {
      const { retry, sites } = live.current();
      return { ...retry, unknown: sites.get(site)?.unknownOutcome ?? retry.unknown };
    },
    report(report) {
      logAttempt(report);
      counting.by.attempt(report);
      if (report.fault) counting.by.storageFault();
    },
    onBreaker: (region, state) => log.warn({ event: 'breaker', region, state }, 'breaker'),
    onReleased: (provider) => log.warn({ event: 'provider_released', provider }, 'provider released'),
    onTakenOver: ({ lease, lead }, { attempts, status }) =>
      log.warn(
        {
          event: 'lease_expired',
          conversation: lease.id,
          site: lead.site,
          provider: lead.provider,
          attempt: attempts,
          status,
        },
        'a process died holding a lead: whether it was sent is unknown',
      ),
    onFault(err) {
      counting.by.storageFault();
      log.error({ event: 'worker_fault', err }, 'worker fault');
    },
    clock,
    random: Math.random,
    leaseMs: LEASE_MS,
  });
  disposers.add(() => delivering.stop());
  delivering.worker.start();
  return delivering;
}
