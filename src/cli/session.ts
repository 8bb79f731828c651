import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { createEntryOperations, type EntryOperations } from '../admin/operations/entries.ts';
import { createOperations, type Operations } from '../admin/operations/operations.ts';
import { entryContext, readParts } from '../app/stored.ts';
import { buildStoredSite, createEntryChecker } from '../config/entries.ts';
import { loadSettings, loadStorage, type StorageSettings } from '../config/load.ts';
import type { Settings } from '../config/settings.ts';
import type { ActivityStore } from '../domain/ports/activity-store.ts';
import type { ProviderStore } from '../domain/ports/delivery-queue.ts';
import type { EntryStore } from '../domain/ports/entry-store.ts';
import type { KeyStore } from '../domain/ports/key-store.ts';
import type { LeadRecords, PartnerRecords, StatsStore } from '../domain/ports/lead-records.ts';
import { UnusableDatabase } from '../domain/ports/outbox.ts';
import type { OutgoingQueue } from '../domain/ports/outgoing-queue.ts';
import type { RhythmStore } from '../domain/ports/rhythm-store.ts';
import { capKeys, createHashing } from '../leads/hashing.ts';
import { systemClock } from '../lib/clock.ts';
import { defined } from '../lib/values.ts';
import { openOutbox } from '../store/open.ts';
import { orphanedLog } from '../store/sqlite/files.ts';
import { createVault } from '../store/vault.ts';

/** The gateway's database, opened beside a gateway that may be running. */
export type Session = Pick<StorageSettings, 'database' | 'keys' | 'mistakes'> & {
  readonly operations: Operations;
  readonly entries: EntryOperations;
  readonly store: Pick<LeadRecords, 'list' | 'show'> &
    Pick<StatsStore, 'stats'> &
    Pick<KeyStore, 'sealedCounts'> &
    Pick<ProviderStore, 'parked'> &
    PartnerRecords &
    EntryStore &
    Pick<ActivityStore, 'activity' | 'replicas'> &
    Pick<EntryStore, 'readEntries'> &
    Pick<RhythmStore, 'suspects' | 'rhythms' | 'refusedOrigins'> &
    Pick<OutgoingQueue, 'destinationStates'> & { ready(): Promise<void> };
  /** How far the database server's clock is ahead of this machine's, in milliseconds; absent while the difference is small. */
  readonly skewMs?: number;
  close(): Promise<void>;
};

/**
 * The settings with a site of the store, and with its accounts, where the configuration file has no such site. Without a usable
 * database they stay as they are: the site is unknown then.
 */
export async function withStoredSite(
  settings: Settings,
  key: string | undefined,
  open: () => Promise<Session>,
): Promise<Settings> {
  if (key === undefined || settings.sites.has(key)) return settings;
  const session = await open().catch(() => undefined);
  const [entry] = (await session?.store.readEntries('site', [key])) ?? [];
  if (session === undefined || entry === undefined) return settings;
  const { providers } = await readParts(session.store, settings);
  return {
    ...settings,
    sites: new Map([...settings.sites, [key, buildStoredSite(key, entry.content, entry.secrets ?? {})]]),
    providers: new Map([...providers, ...settings.providers]),
  };
}

/** The environment that names the settings, and the time in milliseconds since the epoch. */
type SessionInput = { readonly env: NodeJS.ProcessEnv; now(): number };

/**
 * Opens the database with its keys, whatever mistakes the other settings have. Commands queue leads and never lease one, so the options that concern leases
 * have no effect and are 0.
 *
 * @throws ConfigurationError for a mistake in the settings of the database or its keys; UnusableDatabase; a database that does not exist is not created, since its name is more
 *   likely wrong
 */
export async function openSession({ env, now }: SessionInput): Promise<Session> {
  const { database, keys, mistakes, admin } = loadStorage(env);
  if (database.kind === 'sqlite' && !existsSync(database.path)) {
    const { path } = database;
    const problem = orphanedLog(path) ?? 'it is not there; is DATABASE_URL right, and was the gateway ever started?';
    throw new UnusableDatabase(path, problem);
  }
  const hashing = createHashing(keys.hash);
  let skewMs: number | undefined;
  const store = await openOutbox(database, {
    vault: createVault(keys.data),
    hashCheck: hashing.check(),
    owner: `cli:${process.pid}:${randomBytes(4).toString('hex')}`,
    leaseMs: 0,
    waitMs: 0,
    messageKey: hashing.message,
    capKeys: (site, phoneHash, test) => capKeys(hashing, site, phoneHash, test),
    schema: 'require',
    clock: { ...systemClock, now },
    onSkew(ms) {
      skewMs = ms;
    },
  });
  const operations = createOperations({
    store,
    hashing,
    now,
    async openBreakers() {
      const running = await askRunning(admin);
      return running ? accountsBehind(running, 'open') : [];
    },
  });
  const entries = createEntryOperations({
    store,
    async checker() {
      const settings = loadSettings(env);
      return createEntryChecker(entryContext(settings, await readParts(store, settings)));
    },
    now,
  });
  return { database, keys, operations, entries, store, ...defined({ skewMs, mistakes }), close: () => store.close() };
}

/** A gateway on this machine answers at once; one that hangs must not hold up a command. */
const TIMEOUT_MS = 2_000;

/** What the running gateway says of itself at `GET /state`. */
type RunningGateway = {
  readonly providers: readonly { readonly id: string; readonly endpoint: string; readonly parked: boolean }[];
  readonly breakers: readonly { readonly endpoint: string; readonly state: 'closed' | 'half_open' | 'open' }[];
  readonly settings: { readonly refused: boolean; readonly mistakes?: number };
};

/**
 * Asks the running gateway for its state on the operators' listener: the breakers are in its memory and nowhere else.
 *
 * @returns `undefined` without such a listener, with one on any free port, and when it does not answer as expected
 */
export async function askRunning(admin: Settings['admin']): Promise<RunningGateway | undefined> {
  if (admin === undefined || admin.port === 0) return undefined;
  const { host, port, token } = admin;
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  try {
    const answer = await fetch(`http://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}/state`, {
      headers: { authorization: `Bearer ${token}` },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return answer.ok ? ((await answer.json()) as RunningGateway) : undefined;
  } catch {
    return undefined;
  }
}

/** The accounts whose endpoint's breaker is in that state. */
export function accountsBehind({ providers, breakers }: RunningGateway, state: 'half_open' | 'open'): string[] {
  const endpoints = new Set(breakers.filter((breaker) => breaker.state === state).map(({ endpoint }) => endpoint));
  return providers.filter(({ endpoint }) => endpoints.has(endpoint)).map(({ id }) => id);
}
