import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createOperations, type Operations } from '../admin/operations/operations.ts';
import { loadStorage, type StorageSettings } from '../config/load.ts';
import type { ActivityStore } from '../domain/ports/activity-store.ts';
import type { ProviderStore } from '../domain/ports/delivery-queue.ts';
import type { KeyStore } from '../domain/ports/key-store.ts';
import type { LeadRecords, PartnerRecords, StatsStore } from '../domain/ports/lead-records.ts';
import { UnusableDatabase } from '../domain/ports/outbox.ts';
import type { OutgoingQueue } from '../domain/ports/outgoing-queue.ts';
import { createHashing } from '../leads/hashing.ts';
import { capKeys } from '../leads/request-keys.ts';
import { systemClock } from '../lib/clock.ts';
import { defined } from '../lib/values.ts';
import { openOutbox } from '../store/open.ts';
import { orphanedLog } from '../store/sqlite/files.ts';
import { createVault } from '../store/vault.ts';
import { accountsBehind, askRunning } from './running.ts';

/** The gateway's database, opened beside a gateway that may be running. */
export type Session = Pick<StorageSettings, 'database' | 'keys' | 'mistakes'> & {
  readonly operations: Operations;
  readonly store: Pick<LeadRecords, 'list' | 'show'> &
    Pick<StatsStore, 'stats'> &
    Pick<KeyStore, 'sealedCounts'> &
    Pick<ProviderStore, 'parked'> &
    PartnerRecords &
    Pick<ActivityStore, 'activity' | 'replicas'> &
    Pick<OutgoingQueue, 'destinationStates'> & { ready(): Promise<void> };
  /** How far the database server's clock is ahead of this machine's, in milliseconds; absent while the difference is small. */
  readonly skewMs?: number;
  close(): Promise<void>;
};

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
    capKeys: (site, phoneHash) => capKeys(hashing, site, phoneHash),
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
  return { database, keys, operations, store, ...defined({ skewMs, mistakes }), close: () => store.close() };
}
