import { createAttemptLog } from '../admin/activity.ts';
import { LEASE_MS } from '../domain/ports/delivery-queue.ts';
import { composeDelivery, type RunningDelivery } from '../leads/delivery/compose.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { createProviderClient } from '../provider/client.ts';
import type { Services } from './services.ts';

/** Starts delivery with its worker. On close it claims no more leads and waits for running attempts. */
export function startDelivery({
  settings,
  live,
  log,
  disposers,
  accounts,
  outbox,
  events,
  tracing,
  streaks,
  monitor,
}: Services): RunningDelivery {
  const client = createProviderClient({
    account: accounts.get,
    patterns: live.failurePatterns,
    timeoutMs: settings.upstreamTimeoutMs,
    ...(tracing && { headers: tracing.outgoingHeaders }),
  });
  const provider = tracing?.traceProvider(client) ?? client;
  disposers.add(() => provider.close());
  const delivering: RunningDelivery = composeDelivery({
    outbox,
    upstream: provider,
    accounts,
    credentials: accounts.credentials,
    rules: live.retryRules,
    report: createAttemptLog(log, events, streaks, monitor.refusals),
    onBreaker(endpoint, state) {
      log.warn({ event: 'breaker', endpoint, state }, 'breaker');
      monitor.breaker(endpoint, state);
    },
    onReleased(provider) {
      log.warn({ event: 'provider_released', provider }, 'provider released');
      monitor.kick();
    },
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
        'a lease expired because its process died: whether the lead was sent is unknown',
      ),
    onFault(err) {
      events.storageFault();
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
