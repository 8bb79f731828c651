import { createOperations } from '../admin/operations/operations.ts';
import type { RunningDelivery } from '../leads/delivery/compose.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { listen } from './listen.ts';
import type { RunningOutgoing } from './outgoing.ts';
import type { Services } from './services.ts';

/** Opens the operators' listener, if the settings ask for one. Gives its base URL. */
export async function openAdminListener(
  { settings, live, log, disposers, hashing, accounts, outbox, metrics, refused, streaks }: Services,
  { gate, parking, worker }: RunningDelivery,
  { states }: RunningOutgoing,
): Promise<string | undefined> {
  const { admin, metricsToken } = settings;
  if (!admin || !metrics) return undefined;
  const { buildAdminApp } = await import('../admin/api/app.ts');
  const app = await buildAdminApp({
    operations: createOperations({
      store: outbox,
      hashing,
      now: clock.now,
      onQueued: worker.kick,
      openBreakers: async () => accounts.ids().filter((id) => gate.blockedUntil(id) !== undefined),
    }),
    metrics,
    tokens: {
      admin: admin.token,
      ...(metricsToken !== undefined && { metrics: metricsToken }),
      operators: () => live.current().operators.values(),
    },
    state: {
      async providers() {
        const parked = new Map((await outbox.parked()).map((state) => [state.id, state]));
        const ids = new Set([...accounts.ids(), ...parked.keys()]);
        return [...ids].map((id) => ({
          ...parked.get(id),
          id,
          region: accounts.region(id),
          endpoint: accounts.endpoint(id),
          refusedInARow: streaks.counts().get(id) ?? 0,
        }));
      },
      breakers: gate.breakers,
      refusedSettings: refused,
      replicas: outbox.replicas,
      notified: states,
      releaseProvider: parking.release,
    },
    logger: log,
  });
  disposers.add(() => app.close());
  return listen(app, admin, 'ADMIN_PORT');
}
