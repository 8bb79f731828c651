import type { DatabaseSync } from 'node:sqlite';
import type { Outbox, StoreLifecycle } from '../../domain/ports/outbox.ts';
import { systemClock } from '../../lib/clock.ts';
import type { OutboxOptions } from '../options.ts';
import { REFERENCE } from '../references.ts';
import { STATE, toBuffer, toStored } from '../rows.ts';
import { createAcceptance, createKnown, createLedger } from './accept.ts';
import { createBatchWriter, createReader } from './batch.ts';
import { createClaims } from './claim.ts';
import { createConsents } from './consents.ts';
import type { Store } from './database.ts';
import { createCheckpointer, type Identity, watchIdentity } from './database-file.ts';
import { createEntries } from './entries.ts';
import { createKeyStore } from './keys.ts';
import { APPLICATION_ID, openDatabase } from './open.ts';
import { createAlerts, createCallbacks, createOutgoing } from './outgoing.ts';
import { createErasure, createRetention, createSuppressions, emptyLog } from './privacy.ts';
import { createProviderStore } from './providers.ts';
import { createAudit, createLeadRecords, createPartnerRecords, createRequeue } from './records.ts';
import { createRhythms } from './rhythms.ts';
import { createLeases } from './settle.ts';
import { createActivity, createStats } from './stats.ts';

/** `monotonic`: milliseconds of a clock that never goes back, for tests. */
export type SqliteOptions = OutboxOptions & { readonly monotonic?: () => number };

/** As much as the largest lead needs: a disk with room for a page or two does not count as one with room for leads. */
const PROBE_BYTES = 64 * 1024;

/**
 * The embedded store: one SQLite file in WAL mode, each commit synced to disk.
 *
 * @param path the database file; it and its folder are created if missing
 * @throws UnusableDatabase if the file cannot be used
 */
export function createSqliteOutbox(path: string, options: SqliteOptions): Outbox {
  const database = openDatabase(path, (files) => files.length > 0 && options.onExposed?.(files));
  const monotonic = options.monotonic ?? systemClock.monotonic;
  const identity = watchIdentity(path, APPLICATION_ID, monotonic);
  const { copy, ...checkpointer } = createCheckpointer(path, identity, monotonic);
  const known = createKnown(options);
  const { ledgerOf, counters, cache } = createLedger(database, options.owner, known);
  const writer = createBatchWriter(database, {
    check: identity.check,
    cache,
    onCommit: options.onCommit,
    afterCommit: checkpointer.afterCommit,
  });
  const store: Store = {
    ...options,
    database,
    writer,
    read: createReader(database, identity.check),
    async emptyLog() {
      await copy();
      await emptyLog(database);
    },
  };
  const find = database.prepare(`SELECT ${STATE}, partner, ${REFERENCE} FROM conversations WHERE id = ?`);

  return {
    ...createAcceptance(store, ledgerOf, known),
    ...createClaims(store),
    ...createLeases(store),
    ...createProviderStore(store),
    ...createLeadRecords(store),
    ...createPartnerRecords(store),
    ...createConsents(store),
    ...createRequeue(store, counters),
    ...createStats(store),
    ...createAudit(store),
    ...createErasure(store),
    ...createRetention(store),
    ...createSuppressions(store),
    ...createOutgoing(store),
    ...createAlerts(store),
    ...createCallbacks(store),
    ...createActivity(store),
    ...createRhythms(store),
    ...createKeyStore(store),
    ...createEntries(store),
    ...createLifecycle(store, database, identity, checkpointer.close),
    async find(id) {
      const row = await store.read(() => find.get(id));
      return row && toStored(row);
    },
  };
}

function createLifecycle(
  { writer, read }: Store,
  database: DatabaseSync,
  identity: Identity,
  endCheckpoints: () => Promise<void>,
): StoreLifecycle {
  const probe = database.prepare('UPDATE probe SET filler = randomblob(?)');
  const hashCheck = database.prepare('SELECT value FROM hash_check');
  const keepHashCheck = database.prepare('INSERT INTO hash_check SELECT ? WHERE NOT EXISTS (SELECT 1 FROM hash_check)');
  return {
    async isHashedWith(check) {
      const kept =
        (await read(() => hashCheck.get())) ??
        (await writer.write(() => {
          keepHashCheck.run(check);
          return hashCheck.get();
        }));
      return toBuffer(kept?.value as Uint8Array).equals(check);
    },
    async ready() {
      // The bytes differ from those before: SQLite writes no page that stays the same.
      await writer.write(() => void probe.run(PROBE_BYTES));
    },
    // Another process on the file is an operator's command or a second gateway; the worker polls soon enough for both.
    watch: () => undefined,
    async close() {
      await writer.drain();
      await endCheckpoints();
      // Closing copies the log into the file and removes it. In a file that was overwritten, that would destroy the last commits.
      if (!identity.isOverwritten()) database.close();
      identity.close();
    },
  };
}
