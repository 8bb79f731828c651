import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { loadSettings } from '../config/load.ts';
import { systemClock } from '../conversation/clock.ts';
import { createHashing } from '../conversation/hashing.ts';
import { createOperations } from '../ops/operations/operations.ts';
import { openOutbox } from '../outbox/open.ts';
import { UnusableDatabase } from '../outbox/ports/storage-errors.ts';
import { orphanedLog } from '../outbox/sqlite/identity.ts';
import { createVault } from '../outbox/vault.ts';
import type { Io, Session } from './command.ts';

/**
 * Opens the database of the settings beside a gateway that may be running on it. Commands queue leads and never lease
 * one, so the numbers that a lease needs stand for nothing here.
 *
 * @throws ConfigurationError, UnusableDatabase; a database that is not there is not created, since its name is more likely wrong
 */
export async function openSession({ env, now }: Pick<Io, 'env' | 'now'>): Promise<Session> {
  const settings = loadSettings(env);
  const { database } = settings;
  if (database.kind === 'sqlite' && !existsSync(database.path)) {
    const { path } = database;
    const problem = orphanedLog(path) ?? 'it is not there; is DATABASE_URL right, and was the gateway ever started?';
    throw new UnusableDatabase(path, problem);
  }
  const hashing = createHashing(settings.keys.hash);
  let skewMs: number | undefined;
  const store = await openOutbox(database, {
    vault: createVault(settings.keys.data),
    hashCheck: hashing.check(),
    owner: `cli:${process.pid}:${randomBytes(4).toString('hex')}`,
    leaseMs: 0,
    waitMs: 0,
    schema: 'require',
    clock: { ...systemClock, now },
    onSkew(ms) {
      skewMs = ms;
    },
  });
  const operations = createOperations({ store, hashing, now });
  return { settings, operations, store, ...(skewMs !== undefined && { skewMs }), close: () => store.close() };
}
