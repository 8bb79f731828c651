import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import type { Provider, Settings } from './config/settings.ts';
import { capsFor } from './conversation/caps.ts';
import { systemClock } from './conversation/clock.ts';
import { createHashing } from './conversation/hashing.ts';
import { createSubmit } from './conversation/submit.ts';
import { createDelivery } from './delivery/attempt.ts';
import { createGate } from './delivery/gate.ts';
import { createParking } from './delivery/parking.ts';
import { createWorker } from './delivery/worker.ts';
import { buildApp } from './http/app.ts';
import { createAttemptLog } from './ops/attempt-log.ts';
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
  /** Takes no new requests, finishes those under way and their attempts, then closes the storage. */
  close(): Promise<void>;
};

type Closers = (() => Promise<void> | void)[];

/**
 * Settings become running parts; the only file that sees all of them. What was opened is closed in reverse order,
 * also when a later part fails to start.
 */
export async function startGateway(settings: Settings, log: Logger, version: string): Promise<Gateway> {
  const opened: Closers = [];
  const close = async (): Promise<void> => {
    for (const closePart of opened.splice(0).reverse()) await closePart();
  };
  try {
    return await open(settings, log, version, opened, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  settings: Settings,
  log: Logger,
  version: string,
  opened: Closers,
  close: () => Promise<void>,
): Promise<Gateway> {
  const clock = systemClock;
  const hashing = createHashing(settings.keys.hash);
  const simulator = settings.simulator ? await startBundledSimulator(settings) : undefined;
  if (simulator) opened.push(() => simulator.close());
  const accounts = simulator ? redirect(settings.providers, simulator.endpoint) : settings.providers;
  const account = (id: string): Provider => {
    const found = accounts.get(id);
    if (!found) throw new Error(`There is no provider account ${id}, although the configuration was checked for it.`);
    return found;
  };
  const credentials = (id: string): string => {
    const { providerId, username, password } = account(id);
    return hashing.credentials(providerId, username, password);
  };
  const providers = (): string[] => [...accounts.keys()];

  const outbox = createSqliteOutbox(settings.database.path, {
    vault: createVault(settings.keys.data),
    owner: `${hostname()}:${process.pid}:${randomBytes(4).toString('hex')}`,
    leaseMs: LEASE_MS,
    waitMs: settings.deliverWaitMs,
    credentials,
  });
  opened.push(() => outbox.close());
  const upstream = createUpstream({ provider: account, timeoutMs: settings.upstreamTimeoutMs });
  opened.push(() => upstream.close());

  const gate = createGate({
    region: (id) => account(id).region,
    clock,
    onChange: (region, state) => {
      log.warn({ event: 'breaker', region, state }, 'breaker');
      worker.kick();
    },
  });
  const rules = (site: string) => ({
    ...settings.retry,
    unknown: settings.sites.get(site)?.unknownOutcome ?? settings.retry.unknown,
  });
  const random = Math.random;
  const delivery = createDelivery({
    queue: outbox,
    upstream,
    gate,
    rules,
    report: createAttemptLog(log),
    clock,
    random,
    leaseMs: LEASE_MS,
  });
  opened.push(() => delivery.idle());
  const parking = createParking({
    store: outbox,
    queue: outbox,
    gate,
    providers,
    credentials,
    onReleased: (provider) => log.warn({ event: 'provider_released', provider }, 'provider released'),
    clock,
  });
  const worker = createWorker({
    queue: outbox,
    delivery,
    gate,
    parking,
    providers,
    rules,
    onFault: (err) => log.error({ event: 'worker_fault', err }, 'worker fault'),
    clock,
    random,
  });
  worker.start();
  opened.push(() => worker.stop());

  let draining = false;
  const app = await buildApp({
    settings,
    submit: createSubmit({
      store: outbox,
      delivery,
      hashing,
      caps: (lead, caller) => {
        const own = settings.sites.get(lead.site)?.dailyMax;
        return capsFor(hashing, { ...settings.dailyMax, ...own }, lead, caller);
      },
      onFault: (err, conversation) =>
        log.error({ event: 'attempt_not_recorded', conversation, err }, 'attempt not recorded'),
      onQueued: worker.kick,
      waitMs: settings.deliverWaitMs,
      clock,
    }),
    find: outbox.find,
    isReady: async () => {
      const storage = await outbox.ready().then(
        () => 'ok',
        () => 'not writable',
      );
      const checks = {
        storage,
        worker: worker.healthy() ? 'ok' : 'not running',
        accepting: draining ? 'draining' : 'ok',
      };
      return { ready: Object.values(checks).every((check) => check === 'ok'), checks };
    },
    logger: log,
    version,
  });
  opened.push(() => app.close());
  await app.listen({ host: settings.listen.host, port: settings.listen.port });

  return {
    url: baseUrl(settings, app.server.address() as AddressInfo),
    ...(simulator && { inboxUrl: simulator.inboxUrl }),
    close() {
      draining = true;
      return close();
    },
  };
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

function redirect(providers: ReadonlyMap<string, Provider>, url: string): ReadonlyMap<string, Provider> {
  return new Map([...providers].map(([id, provider]) => [id, { ...provider, url }]));
}

function baseUrl({ listen }: Settings, { address, family, port }: AddressInfo): string {
  const host = address === '::' || address === '0.0.0.0' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `${listen.tls ? 'https' : 'http'}://${host}:${port}`;
}
