import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import { createActivityReporter } from '../admin/activity.ts';
import { createEvents, createRefusalStreaks, createTallies, NO_METRICS } from '../admin/events.ts';
import type { Metrics } from '../admin/metrics.ts';
import { createOverloadReport } from '../admin/overload-report.ts';
import { createSiteReporter, type FindSite } from '../admin/site-news.ts';
import { createAccounts, createLiveSettings, type LiveSettings } from '../config/live.ts';
import type { Settings } from '../config/settings.ts';
import type { ReplicaState } from '../domain/ports/activity-store.ts';
import { LEASE_MS } from '../domain/ports/delivery-queue.ts';
import { StorageUnavailable } from '../domain/ports/outbox.ts';
import type { Breaker } from '../leads/delivery/breaker.ts';
import { capKeys, createHashing } from '../leads/hashing.ts';
import { createSweeper } from '../leads/retention.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { tryKeys } from '../store/keys.ts';
import { openOutbox } from '../store/open.ts';
import { createVault } from '../store/vault.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { openAdminListener } from './admin-listener.ts';
import { startDelivery } from './delivery.ts';
import { startOutgoing } from './outgoing.ts';
import { openPublicListener } from './public-listener.ts';
import { createDisposers, type Services, startSharedCounts } from './services.ts';
import { checkAgainstStore, openStored } from './stored.ts';

export type Gateway = {
  /** Base URL of the public listener. */
  readonly url: string;
  /** URL of the bundled simulator's inbox, if it runs. */
  readonly inboxUrl?: string;
  /** Base URL of the operators' listener, if there is one. */
  readonly adminUrl?: string;
  /** Checks new settings against the store, if that can be read. @throws ConfigurationError if they are at odds */
  check(next: Settings): Promise<void>;
  /** Applies the settings that may change while running; gives the names of changed settings and of those that need a restart. */
  readonly replace: LiveSettings['replace'];
  /** Claims no more leads and accepts no new requests, finishes running requests and attempts, then closes the storage. */
  close(): Promise<void>;
};

/**
 * Starts the gateway from its settings: the composition root. Parts are closed in reverse order, also when a later part fails
 * to start.
 *
 * @param refused the settings that were read and refused since the start, for operators
 * @param clock tests give one that they advance by hand
 */
export async function startGateway(
  settings: Settings,
  log: Logger,
  version: string,
  refused: Services['refused'] = () => undefined,
  clock: Clock = systemClock,
): Promise<Gateway> {
  const disposers = createDisposers((err) => log.error({ event: 'close_failed', err }, 'close failed'));
  try {
    return await open({ settings, log, version, refused, disposers, clock });
  } catch (error) {
    await disposers.dispose();
    throw error;
  }
}

async function open({
  settings,
  log,
  version,
  refused,
  disposers,
  clock,
}: Pick<Services, 'settings' | 'log' | 'version' | 'refused' | 'disposers' | 'clock'>): Promise<Gateway> {
  const hashing = createHashing(settings.keys.hash);
  const simulator = settings.simulator ? await startBundledSimulator(settings) : undefined;
  if (simulator) disposers.add(() => simulator.close());
  const streaks = createRefusalStreaks();
  const metrics = settings.admin && (await openMetrics());
  const counter = metrics ?? NO_METRICS;
  const tallies = createTallies();
  const tracing = await openTracing({ settings, version, disposers });
  const opened = await openOutbox(settings.database, {
    vault: createVault(settings.keys.data),
    hashCheck: hashing.check(),
    owner: `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`,
    leaseMs: LEASE_MS,
    waitMs: settings.deliverWaitMs,
    messageKey: hashing.message,
    capKeys: (site, phoneHash, test) => capKeys(hashing, site, phoneHash, test),
    onCommit: counter.commit,
    onUnreadable: ({ id: conversation, provider }) =>
      log.error(
        { event: 'lead_parked', conversation, provider, cause: 'unreadable' },
        'the lead is parked: an operator must decide',
      ),
    onExposed: (files) =>
      log.warn({ event: 'database_exposed', files }, 'other users of this machine can read the files of the database'),
    onSkew: (skewMs) =>
      log.warn({ event: 'clock_skew', skewMs }, "the database server's clock differs from this machine's"),
  });
  const outbox = tracing?.traceStore(opened) ?? opened;
  disposers.add(() => outbox.close());
  /** The parts that use the entries are not running yet. */
  let onStoredChange = (): void => undefined;
  let wires = settings.wires;
  const stored = await openStored({ outbox, settings, wires: () => wires, log, onChange: () => onStoredChange() });
  disposers.add(() => stored.stop());
  const live = createLiveSettings(settings, stored);
  const accounts = createAccounts(live.current, hashing.credentials, simulator?.endpoint);
  const keys = await tryKeys(outbox);
  if (keys.kind === 'does_not_open') {
    log.warn({ event: 'keys', conversation: keys.id }, 'no configured DATA_KEY decrypts the newest lead');
  }
  const sharedCounts = await startSharedCounts({ settings, hashing, log, disposers, clock });
  const startedAt = clock.now();
  /** Why the last call to each endpoint failed. */
  const callCauses = new Map<string, string>();
  const activity = createActivityReporter({
    store: outbox,
    counts: tallies.minutes,
    state: () => ({
      version,
      startedAt,
      ...breakerState(delivering.gate.breakers(), callCauses),
      ...(sharedCounts && { limits: sharedCounts.state() }),
      settingsRefused: refused() !== undefined,
      ...overloadState(overload.reason()),
    }),
    clock,
  });
  disposers.add(() => activity.stop());
  const findSite: FindSite = async (key) => live.current().sites.get(key) ?? (await stored.sites.find(key));
  const outgoing = startOutgoing({
    ...{ live, stored, findSite, log, disposers, hashing, outbox, counter, clock, refused, sharedCounts },
    countedSites: tallies.countedSites,
    causeOf: (endpoint) => callCauses.get(endpoint),
  });
  const siteReport = createSiteReporter({ store: outbox, tallies, site: findSite, clock });
  disposers.add(() => siteReport.stop());
  const overload = createOverloadReport({ log, onLasting: outgoing.monitor.overloaded, clock });
  disposers.add(() => overload.stop());
  let loaded: ReturnType<Services['loaded']> = { at: startedAt, needsRestart: [] };
  const services: Services = {
    settings,
    live,
    stored,
    log,
    version,
    disposers,
    clock,
    hashing,
    accounts,
    outbox,
    metrics,
    events: createEvents({
      counter,
      tallies,
      monitor: outgoing.monitor,
      hasCallbacks: live.hasCallbacks,
      sendCallbacks: outgoing.send,
      onFailedCall: (provider, cause) => callCauses.set(accounts.endpoint(provider), cause),
      clock,
    }),
    monitor: outgoing.monitor,
    streaks,
    overload,
    findSite,
    refused,
    loaded: () => loaded,
    sharedCounts,
    tracing,
  };

  const delivering = startDelivery(services);

  onStoredChange = () => {
    delivering.worker.kick();
    outgoing.refresh();
  };
  outbox.watch((what) => {
    if (what === 'entries') void stored.poll();
    else delivering.worker.kick();
  });
  startSweeping(services);
  activity.start();
  siteReport.start();
  const adminUrl = await openAdminListener(services, delivering, outgoing);
  const publicListener = await openPublicListener(services, delivering, simulator?.inboxUrl);
  // The worker stops first: the listeners then finish their requests, and the rest of delivery stops after them.
  disposers.add(() => delivering.worker.stop());

  /** Loads the metrics library on demand, because loading it slows the start. The metrics read the parts only when they are scraped. */
  async function openMetrics(): Promise<Metrics> {
    const { createMetrics } = await import('../admin/metrics.ts');
    return createMetrics({
      openCounts: () => outbox.openCounts(),
      destinations: () => outbox.destinationStates(),
      providers: () => accounts.ids(),
      breakers: () => delivering.gate.breakers(),
      endpoints: () => accounts.ids().map(accounts.endpoint),
      ...(settings.redis && { limits: () => sharedCounts?.state() ?? 'local' }),
      refused: () => refused() !== undefined,
      refusedInARow: streaks.counts,
      now: clock.now,
      labelledSites: settings.metricsSites,
      process: true,
    });
  }

  return {
    url: publicListener.url,
    ...(simulator && { inboxUrl: simulator.inboxUrl }),
    ...(adminUrl !== undefined && { adminUrl }),
    check: (next) =>
      checkAgainstStore(next, outbox).catch((error: unknown) => {
        if (!(error instanceof StorageUnavailable)) throw error;
      }),
    replace(next) {
      const replaced = live.replace(next);
      loaded = { at: clock.now(), needsRestart: replaced.needsRestart };
      if (!isDeepStrictEqual(wires, live.own().wires)) {
        wires = live.own().wires;
        void stored.rebuild();
      }
      delivering.worker.kick();
      outgoing.refresh();
      return replaced;
    },
    close() {
      publicListener.drain();
      return disposers.dispose();
    },
  };
}

/** The endpoints whose breaker is not closed, and why their last calls failed. */
function breakerState(
  breakers: ReadonlyMap<string, Breaker['state']>,
  causes: ReadonlyMap<string, string>,
): Pick<ReplicaState, 'breakers' | 'breakerCauses'> {
  const open = [...breakers].filter(isNotClosed);
  const known = open.flatMap(([endpoint]) => {
    const cause = causes.get(endpoint);
    return cause === undefined ? [] : [[endpoint, cause] as const];
  });
  return {
    breakers: Object.fromEntries(open),
    ...(known.length > 0 && { breakerCauses: Object.fromEntries(known) }),
  };
}

function overloadState(reason: string | undefined): Pick<ReplicaState, 'overloaded' | 'overloadedBy'> {
  return reason === undefined ? {} : { overloaded: true, overloadedBy: reason };
}

function isNotClosed(entry: [string, Breaker['state']]): entry is [string, 'half_open' | 'open'] {
  return entry[1] !== 'closed';
}

/** Loads the tracing library on demand, because loading it slows the start. */
async function openTracing({
  settings: { tracing },
  version,
  disposers,
}: Pick<Services, 'settings' | 'version' | 'disposers'>): Promise<Tracing | undefined> {
  if (!tracing) return undefined;
  const { startTracing } = await import('../telemetry/tracing.ts');
  const started = startTracing({ ...tracing, version });
  disposers.add(() => started.close());
  return started;
}

function startSweeping({ live, log, disposers, outbox, clock }: Services): void {
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

/** Starts the simulator on its configured port, or on any free port if another process uses that one. */
export async function startBundledSimulator({ simulatorHost: host, simulatorPort }: Settings) {
  const { startSimulator, DEMO_CREDENTIALS } = await import('../simulator/server.ts');
  const start = (port: number) => startSimulator({ host, port, credentials: DEMO_CREDENTIALS });
  return start(simulatorPort).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    return start(0);
  });
}
