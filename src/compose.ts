import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { createFormGuard, type FormGuard } from './admission/form-guard.ts';
import { createFormTokens } from './admission/form-token.ts';
import { createProofs } from './admission/proof.ts';
import { demoFiles, widgetFiles } from './assets.ts';
import { type Closers, createClosers } from './closers.ts';
import { type Accounts, createAccounts } from './config/accounts.ts';
import { createLiveSettings, type LiveSettings } from './config/live.ts';
import type { Settings } from './config/settings.ts';
import { capsFor } from './conversation/caps.ts';
import { systemClock as clock } from './conversation/clock.ts';
import { createHashing, type Hashing } from './conversation/hashing.ts';
import { createSubmit } from './conversation/submit.ts';
import { composeDelivery, type RunningDelivery } from './delivery/compose.ts';
import { buildApp } from './http/app.ts';
import { createAttemptLog } from './ops/attempt-log.ts';
import { type Counting, NO_COUNTING } from './ops/counting.ts';
import { createOperations } from './ops/operations/operations.ts';
import { createSweeper } from './ops/retention.ts';
import { type Outbox, StorageUnavailable } from './outbox/port.ts';
import { randomBytes } from './outbox/random.ts';
import { createSqliteOutbox } from './outbox/sqlite/outbox.ts';
import { createVault } from './outbox/vault.ts';
import { createUpstream } from './upstream/client.ts';

/** How long a lease lasts unless it is renewed; far longer than an attempt. */
const LEASE_MS = 60_000;

export type Gateway = {
  /** Base URL of the public listener. */
  readonly url: string;
  /** Where the bundled simulator's inbox is, when it runs. */
  readonly inboxUrl?: string;
  /** Where the operators' listener is, when there is one. */
  readonly adminUrl?: string;
  /** Takes over what may change while running; gives what changed, and what needs a restart, by name. */
  readonly replace: LiveSettings['replace'];
  /** Takes no new requests, finishes those under way and their attempts, then closes the storage. */
  close(): Promise<void>;
};

/** What the parts are made of. */
type Foundation = {
  readonly settings: Settings;
  readonly live: LiveSettings;
  readonly log: Logger;
  readonly version: string;
  readonly closers: Closers;
  readonly hashing: Hashing;
  readonly accounts: Accounts;
  readonly outbox: Outbox;
};

/** Who counts what happens: nobody, until the operators' listener is there. */
type Counted = { by: Counting };

/**
 * Settings become running parts; the only file that sees all of them. What was opened is closed in reverse order,
 * also when a later part fails to start.
 */
export async function startGateway(settings: Settings, log: Logger, version: string): Promise<Gateway> {
  const closers = createClosers((err) => log.error({ event: 'close_failed', err }, 'close failed'));
  try {
    return await open(settings, log, version, closers);
  } catch (error) {
    await closers.close();
    throw error;
  }
}

async function open(settings: Settings, log: Logger, version: string, closers: Closers): Promise<Gateway> {
  const live = createLiveSettings(settings);
  const hashing = createHashing(settings.keys.hash);
  const simulator = settings.simulator ? await startBundledSimulator(settings) : undefined;
  if (simulator) closers.add(() => simulator.close());
  const accounts = createAccounts(live.current, simulator?.endpoint);
  const outbox = createSqliteOutbox(settings.database.path, {
    vault: createVault(settings.keys.data),
    owner: `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`,
    leaseMs: LEASE_MS,
    waitMs: settings.deliverWaitMs,
    credentials: (id) => credentials(hashing, accounts, id) ?? '',
  });
  closers.add(() => outbox.close());
  const foundation: Foundation = { settings, live, log, version, closers, hashing, accounts, outbox };

  const counting: Counted = { by: NO_COUNTING };
  const delivering = await startDelivery(foundation, counting);
  const sweeper = createSweeper({
    store: outbox,
    retentionDays: () => live.current().retentionDays,
    clock,
    onFault: (err) => log.error({ event: 'retention_fault', err }, 'retention fault'),
    onSwept: (swept) => log.info({ event: 'retention', ...swept }, 'retention'),
  });
  sweeper.start();
  closers.add(() => sweeper.stop());
  const adminUrl = await openAdminListener(foundation, delivering, counting);
  const publicListener = await openPublicListener(foundation, delivering, counting, simulator?.inboxUrl);

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
      return closers.close();
    },
  };
}

async function startDelivery(foundation: Foundation, counting: Counted): Promise<RunningDelivery> {
  const { settings, live, log, closers, hashing, accounts, outbox } = foundation;
  const upstream = createUpstream({ provider: accounts.get, timeoutMs: settings.upstreamTimeoutMs });
  closers.add(() => upstream.close());
  const logAttempt = createAttemptLog(log);
  const delivering: RunningDelivery = await composeDelivery({
    outbox,
    upstream,
    accounts,
    credentials: (id) => credentials(hashing, accounts, id),
    rules: (site) => {
      const { retry, sites } = live.current();
      return { ...retry, unknown: sites.get(site)?.unknownOutcome ?? retry.unknown };
    },
    report(report) {
      logAttempt(report);
      counting.by.attempt(report);
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
  closers.add(() => delivering.stop());
  delivering.worker.start();
  return delivering;
}

async function openPublicListener(
  { settings, live, log, version, closers, hashing, outbox }: Foundation,
  { delivery, worker }: RunningDelivery,
  counting: Counted,
  inboxUrl: string | undefined,
): Promise<{ url: string; drain(): void }> {
  let draining = false;
  const submit = createSubmit({
    store: outbox,
    delivery,
    hashing,
    caps: (lead, phoneHash, caller) => {
      const { dailyMax, sites } = live.current();
      return capsFor(hashing, { ...dailyMax, ...sites.get(lead.site)?.dailyMax }, lead, phoneHash, caller);
    },
    onFault(err, conversation) {
      counting.by.storageFault();
      log.error({ event: 'attempt_not_recorded', conversation, err }, 'attempt not recorded');
    },
    onQueued: worker.kick,
    waitMs: settings.deliverWaitMs,
    clock,
  });
  const app = await buildApp({
    settings: {
      listen: settings.listen,
      trustProxy: settings.trustProxy,
      deliverWaitMs: settings.deliverWaitMs,
      get visitorRate() {
        return live.current().visitorRate;
      },
      get sites() {
        return live.current().sites;
      },
      get partners() {
        return live.current().partners;
      },
    },
    async submit(lead, context) {
      const submission = await submit(lead, context).catch((error: unknown) => {
        if (error instanceof StorageUnavailable) counting.by.storageFault();
        throw error;
      });
      if (!submission.replayed) counting.by.conversation(submission.conversation.status, lead.site);
      return submission;
    },
    find: outbox.find,
    guard: formGuard(settings, hashing, outbox),
    files: {
      widget: widgetFiles(),
      ...(!settings.production && { demo: demoFiles({ inboxUrl, site: settings.sites.keys().next().value }) }),
    },
    async isReady() {
      const storage = await outbox.ready().then(
        () => 'ok',
        () => 'not writable',
      );
      const working = worker.healthy() ? 'ok' : 'not working';
      const checks = { storage, worker: working, accepting: draining ? 'draining' : 'ok' };
      return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
    },
    logger: log,
    version,
  });
  closers.add(() => app.close());
  const url = await listen(app, settings.listen);
  return {
    url,
    drain() {
      draining = true;
    },
  };
}

async function openAdminListener(
  { settings, log, closers, hashing, accounts, outbox }: Foundation,
  { gate, parking, worker }: RunningDelivery,
  counting: Counted,
): Promise<string | undefined> {
  const { admin, metricsToken } = settings;
  if (!admin) return undefined;
  // Only where there are operators: what is not loaded does not slow the start.
  const { createMetrics } = await import('./ops/metrics.ts');
  const { buildAdminApp } = await import('./ops/admin/app.ts');
  const metrics = createMetrics({
    openCounts: outbox.openCounts,
    providers: accounts.ids,
    breakers: gate.breakers,
    regions: () => accounts.ids().map(accounts.region),
    now: clock.now,
    process: true,
  });
  counting.by = metrics;
  const app = buildAdminApp({
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
  return listen(app, admin);
}

function formGuard({ keys }: Settings, hashing: Hashing, outbox: Outbox): FormGuard {
  return createFormGuard(
    createFormTokens(keys.hash, clock.now, randomBytes),
    createProofs(keys.hash, clock.now),
    (site, address) => outbox.counted(hashing.visitorCap(site, address), clock.now()),
  );
}

/** A hash of what the account logs in with; `undefined` for one that is gone. */
function credentials(hashing: Hashing, accounts: Accounts, id: string): string | undefined {
  if (!accounts.ids().includes(id)) return undefined;
  const { providerId, username, password } = accounts.get(id);
  return hashing.credentials(providerId, username, password);
}

/** On the port that was asked for, or on any free one: a second gateway on the machine is no reason not to start. */
async function startBundledSimulator({ simulatorPort }: Settings) {
  const { startSimulator, DEMO_CREDENTIALS } = await import('./simulator/server.ts');
  const start = (port: number) => startSimulator({ port, credentials: DEMO_CREDENTIALS });
  return start(simulatorPort).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    return start(0);
  });
}

async function listen(app: FastifyInstance, { host, port, tls }: Settings['listen']): Promise<string> {
  await app.listen({ host, port });
  const { address, family, port: actual } = app.server.address() as AddressInfo;
  const name = address === '::' || address === '0.0.0.0' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `${tls ? 'https' : 'http'}://${name}:${actual}`;
}
