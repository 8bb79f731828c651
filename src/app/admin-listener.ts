import { createOperations } from '../admin/operations/operations.ts';
import type { RunningDelivery } from '../leads/delivery/compose.ts';
import { systemClock as clock } from '../lib/clock.ts';
import type { Foundation } from './foundation.ts';
import { listen } from './listen.ts';

/** The operators' listener, where the settings ask for one; from then on everything is counted. Gives its base URL. */
export async function openAdminListener(
  { settings, log, closers, hashing, accounts, outbox, counting, sharedCounts }: Foundation,
  { gate, parking, worker }: RunningDelivery,
): Promise<string | undefined> {
  const { admin, metricsToken } = settings;
  if (!admin) return undefined;
  // Only where there are operators: what is not loaded does not slow the start.
  const { createMetrics } = await import('../admin/metrics.ts');
  const { buildAdminApp } = await import('../admin/api/app.ts');
  const metrics = createMetrics({
    openCounts: outbox.openCounts,
    providers: accounts.ids,
    breakers: gate.breakers,
    regions: () => accounts.ids().map(accounts.region),
    ...(sharedCounts && { limits: sharedCounts.state }),
    now: clock.now,
    process: true,
  });
  counting.by = metrics;
  const app = await buildAdminApp({
    operations: createOperations({ store: outbox, hashing, now: clock.now, onQueued: worker.kick }),
    metrics,
    token: admin.token,
    ...(metricsToken !== undefined && { metricsToken }),
    state: {
      async providers() {
        const parked = new Map((await outbox.parked()).map((state) => [state.id, state]));
        const ids = new Set([...accounts.ids(), ...parked.keys()]);
        return [...ids].map((id) => ({ region: accounts.region(id), ...parked.get(id), id }));
      },
      breakers: gate.breakers,
      releaseProvider: parking.release,
    },
    logger: log,
  });
  closers.add(() => app.close());
  return listen(app, admin, 'ADMIN_PORT');
}
