import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Provider, Settings } from './config/settings.ts';
import { createSubmit } from './conversation/submit.ts';
import { createDelivery } from './delivery/attempt.ts';
import { buildApp } from './http/app.ts';
import { createSqliteOutbox } from './outbox/sqlite/outbox.ts';
import { createUpstream } from './upstream/client.ts';

/** How long an accepted lead belongs to the process that took it; far longer than one attempt can last. */
const LEASE_MS = 60_000;

export type Gateway = {
  /** Base URL of the public listener. */
  readonly url: string;
  /** Where the bundled simulator's inbox is, when it runs. */
  readonly inboxUrl?: string;
  /** Takes no new requests, finishes those under way and their attempts, then closes the storage. */
  close(): Promise<void>;
};

/**
 * Settings become running parts; the only file that sees all of them. What was opened is closed in reverse order,
 * also when a later part fails to start.
 */
export async function startGateway(settings: Settings, log: Logger, version: string): Promise<Gateway> {
  const opened: (() => Promise<void>)[] = [];
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
  opened: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<Gateway> {
  const now = Date.now;
  const simulator = settings.simulator ? await startBundledSimulator(settings) : undefined;
  if (simulator) opened.push(() => simulator.close());
  const providers = simulator ? redirect(settings.providers, simulator.endpoint) : settings.providers;

  const outbox = createSqliteOutbox({ path: settings.database.path, leaseMs: LEASE_MS });
  opened.push(() => outbox.close());
  const upstream = createUpstream({ provider: (id) => account(providers, id), timeoutMs: settings.upstreamTimeoutMs });
  opened.push(() => upstream.close());
  const delivery = createDelivery({ outbox, upstream, log, now });
  opened.push(() => delivery.idle());

  let draining = false;
  const app = await buildApp({
    settings,
    submit: createSubmit({
      outbox,
      attempt: delivery.attempt,
      onFault: (err, conversation) =>
        log.error({ event: 'attempt_not_recorded', conversation, err }, 'attempt not recorded'),
      waitMs: settings.deliverWaitMs,
      now,
    }),
    find: outbox.find,
    isReady: async () => {
      const storage = await outbox.ready().then(
        () => 'ok',
        () => 'not writable',
      );
      return { ready: storage === 'ok' && !draining, checks: { storage, accepting: draining ? 'draining' : 'ok' } };
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

function account(providers: ReadonlyMap<string, Provider>, id: string): Provider {
  const provider = providers.get(id);
  if (!provider) throw new Error(`There is no provider account ${id}, although the configuration was checked for it.`);
  return provider;
}

async function startBundledSimulator(settings: Settings) {
  const { startSimulator, DEMO_CREDENTIALS } = await import('./simulator/server.ts');
  return startSimulator({ port: settings.simulatorPort, fallbackToAnyPort: true, credentials: DEMO_CREDENTIALS });
}

function redirect(providers: ReadonlyMap<string, Provider>, url: string): ReadonlyMap<string, Provider> {
  return new Map([...providers].map(([id, provider]) => [id, { ...provider, url }]));
}

function baseUrl({ listen }: Settings, { address, family, port }: AddressInfo): string {
  const host = address === '::' || address === '0.0.0.0' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `${listen.tls ? 'https' : 'http'}://${host}:${port}`;
}
