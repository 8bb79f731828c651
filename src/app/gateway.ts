import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { NO_COUNTING } from '../admin/counting.ts';
import { createLiveSettings, type LiveSettings } from '../config/live.ts';
import { createAccounts } from '../config/providers.ts';
import type { Settings } from '../config/settings.ts';
import { LEASE_MS } from '../domain/ports/delivery-queue.ts';
import { createHashing } from '../leads/hashing.ts';
import { createSweeper } from '../leads/retention.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { createDisposers, type Disposers } from '../lib/disposers.ts';
import { randomBytes } from '../lib/random.ts';
import { openOutbox } from '../store/open.ts';
import { createVault, tryKeys } from '../store/vault.ts';
import { openAdminListener } from './admin-listener.ts';
import { createCredentials } from './credentials.ts';
import { startDelivery } from './delivery.ts';
import type { Foundation } from './foundation.ts';
import { openPublicListener } from './public-listener.ts';
import { startSharedCounts } from './shared-counts.ts';
import { startBundledSimulator } from './simulator.ts';

export type Gateway = {
  /** Base URL of the public listener. */
  readonly url: string;
  /** Where the bundled simulator's inbox is, when it runs. */
  readonly inboxUrl?: string;
  /** Where the operators' listener is, when there is one. */
  readonly adminUrl?: string;
  /** Takes over what may change while running; gives what changed, and what needs a restart, by name. */
  readonly replace: LiveSettings['replace'];
  /** Takes up no more queued leads and no new requests, finishes those under way and their attempts, then closes the storage. */
  close(): Promise<void>;
};

/**
 * Settings become running parts; the only file that sees all of them. What was opened is closed in reverse order,
 * also when a later part fails to start.
 */
export async function startGateway(settings: Settings, log: Logger, version: string): Promise<Gateway> {
  const disposers = createDisposers((err) => log.error({ event: 'close_failed', err }, 'close failed'));
  try {
    return await open(settings, log, version, disposers);
  } catch (error) {
    await disposers.dispose();
    throw error;
  }
}

async function open(settings: Settings, log: Logger, version: string, disposers: Disposers): Promise<Gateway> {
  const live = createLiveSettings(settings);
  const hashing = createHashing(settings.keys.hash);
  const simulator = settings.simulator ? await startBundledSimulator(settings) : undefined;
  if (simulator) disposers.add(() => simulator.close());
  const accounts = createAccounts(live.current, simulator?.endpoint);
  const credentials = createCredentials(live.current, hashing);
  const outbox = await openOutbox(settings.database, {
    vault: createVault(settings.keys.data),
    hashCheck: hashing.check(),
    owner: `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`,
    leaseMs: LEASE_MS,
    waitMs: settings.deliverWaitMs,
    onUnreadable: ({ id: conversation, provider }) =>
      log.error({ event: 'lead_parked', conversation, provider, cause: 'unreadable' }, 'a lead needs a person'),
    onSkew: (skewMs) =>
      log.warn({ event: 'clock_skew', skewMs }, "the database server's clock differs from this machine's"),
  });
  disposers.add(() => outbox.close());
  const keys = await tryKeys(outbox);
  if (keys.kind === 'does_not_open') {
    log.warn({ event: 'keys', conversation: keys.id }, 'no DATA_KEY that is configured opens the newest lead');
  }
  const counting = { by: NO_COUNTING };
  const sharedCounts = await startSharedCounts({ settings, hashing, log, disposers });
  const foundation: Foundation = {
    settings,
    live,
    log,
    version,
    disposers,
    hashing,
    accounts,
    outbox,
    counting,
    sharedCounts,
    credentials,
  };

  const delivering = startDelivery(foundation);
  outbox.watch(delivering.worker.kick);
  startSweeping(foundation);
  const adminUrl = await openAdminListener(foundation, delivering);
  const publicListener = await openPublicListener(foundation, delivering, simulator?.inboxUrl);
  // First of all, and not with the rest of delivery: callers are waited for in between.
  disposers.add(() => delivering.worker.stop());

  return {
    url: publicListener.url,
    ...(simulator && { inboxUrl: simulator.inboxUrl }),
    ...(adminUrl !== undefined && { adminUrl }),
    replace(next) {
      const replaced = live.replace(next);
      delivering.worker.kick();
      return replaced;
    },
    close() {
      publicListener.drain();
      return disposers.dispose();
    },
  };
}

function startSweeping({ live, log, disposers, outbox }: Foundation): void {
  const sweeper = createSweeper({
    store: outbox,
    retentionDays: () => live.current().retentionDays,
    clock,
    onFault: (err) => log.error({ event: 'retention_fault', err }, 'retention fault'),
    onSwept: (swept) => log.info({ event: 'retention', ...swept }, 'retention'),
  });
  sweeper.start();
  disposers.add(() => sweeper.stop());
}
