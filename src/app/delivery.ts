import { createAttemptLog } from '../admin/events.ts';
import type { StoredEntries } from '../config/stored.ts';
import { type Claim, LEASE_MS } from '../domain/ports/delivery-queue.ts';
import type { Outbox } from '../domain/ports/outbox.ts';
import { isTestProvider, separateTests } from '../domain/provider.ts';
import { composeDelivery, type RunningDelivery } from '../leads/delivery/compose.ts';
import { createProviderClient } from '../provider/client.ts';
import type { Services } from './services.ts';
import { createTestProvider } from './test-provider.ts';

/** Starts delivery with its worker. On close it claims no more leads and waits for running attempts. */
export function startDelivery({
  settings,
  live,
  stored,
  log,
  disposers,
  accounts,
  outbox,
  events,
  tracing,
  streaks,
  monitor,
  clock,
}: Services): RunningDelivery {
  const common = { account: accounts.get, patterns: live.failurePatterns, timeoutMs: settings.upstreamTimeoutMs };
  const client = createProviderClient({
    ...common,
    ...(tracing && { headers: tracing.outgoingHeaders }),
    now: clock.now,
    monotonic: clock.monotonic,
  });
  const separated = separateTests(client, createTestProvider(common));
  const provider = tracing?.traceProvider(separated) ?? separated;
  disposers.add(() => provider.close());
  const delivering: RunningDelivery = composeDelivery({
    outbox: withSitesOfClaims(outbox, stored),
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
          test: isTestProvider(lead.provider) || undefined,
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

/**
 * The same outbox, whose claims come when the sites of their leads are in memory: the rules of a lead are read from there. A site
 * that cannot be read then leaves its leads to a person where their outcome is unknown.
 */
function withSitesOfClaims(outbox: Outbox, { sites }: StoredEntries): Outbox {
  const load = async (claims: readonly Claim[]): Promise<void> => {
    const reads = claims.map(({ lead }) => lead && sites.find(lead.site)).filter((found) => found instanceof Promise);
    if (reads.length > 0) await Promise.allSettled(reads);
  };
  return {
    ...outbox,
    async claim(request) {
      const claims = await outbox.claim(request);
      await load(claims);
      return claims;
    },
    async claimProbe(provider, now) {
      const claim = await outbox.claimProbe(provider, now);
      if (claim) await load([claim]);
      return claim;
    },
  };
}
