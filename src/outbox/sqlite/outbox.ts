import type { OutboxOptions } from '../options.ts';
import type { Outbox } from '../port.ts';
import { STATE, toConversation } from '../rows.ts';
import { createAuditStore } from './audit.ts';
import { createBatchWriter } from './batch.ts';
import { createConsentStore } from './consents.ts';
import { createCounters } from './counters.ts';
import { createErasure } from './erase.ts';
import { createHashCheck } from './hash-check.ts';
import { watchIdentity } from './identity.ts';
import { createIntake } from './intake.ts';
import { APPLICATION_ID, openDatabase } from './open.ts';
import { createProviderStore, prepareStreaks } from './providers.ts';
import { createQueue } from './queue.ts';
import { createReader } from './reader.ts';
import { createLookups } from './records.ts';
import { createRequeue } from './requeue.ts';
import { createRetention } from './retention.ts';
import { createStatsStore } from './stats.ts';
import type { Store } from './store.ts';
import { createSuppressionStore } from './suppressions.ts';

/** `monotonic`: milliseconds of a clock that never goes back; for tests. */
export type SqliteOptions = OutboxOptions & { readonly monotonic?: () => number };

/** As much as the largest lead needs, so that a disk with room for a page or two does not count as one with room for leads. */
const PROBE_BYTES = 64 * 1024;

/**
 * The embedded store: one SQLite file in WAL mode, each commit synced to disk.
 *
 * @param path the database file; it and its folder are created where missing
 * @throws UnusableDatabase when the file is not ours to use
 */
export function createSqliteOutbox(path: string, options: SqliteOptions): Outbox {
  const database = openDatabase(path);
  const identity = watchIdentity(path, APPLICATION_ID, options.monotonic ?? (() => performance.now()));
  const counters = createCounters(database);
  const writer = createBatchWriter(database, { check: identity.check, pending: counters.pending });
  const store: Store = { ...options, database, writer, counters, read: createReader(database, identity.check) };
  const probe = database.prepare('UPDATE probe SET filler = randomblob(?)');
  const select = database.prepare(`SELECT ${STATE} FROM conversations WHERE id = ?`);

  return {
    ...createIntake(store, options.waitMs),
    ...createQueue(store, prepareStreaks(database)),
    ...createProviderStore(store),
    ...createSuppressionStore(store),
    ...createLookups(store),
    ...createConsentStore(store),
    ...createStatsStore(store),
    ...createRequeue(store),
    ...createErasure(store),
    ...createRetention(store),
    ...createAuditStore(store),
    ...createHashCheck(store),
    async find(id) {
      const row = await store.read(() => select.get(id));
      return row && toConversation(row);
    },
    async ready() {
      // Bytes unlike those before: SQLite would write nothing anew that stays as it is.
      await writer.write(() => void probe.run(PROBE_BYTES));
    },
    // Another process on the file is a command of an operator's, or a second gateway; the worker looks by itself soon enough.
    watch: () => undefined,
    async close() {
      await writer.drain();
      // Closing copies the log into the file and removes it. Into one that is no longer ours it would bury what is left.
      if (!identity.isOverwritten()) database.close();
      identity.close();
    },
  };
}
