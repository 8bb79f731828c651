import type { OutboxOptions } from '../options.ts';
import type { Outbox } from '../port.ts';
import { createAuditStore } from './audit.ts';
import { createBatchWriter } from './batch.ts';
import { createConsentStore } from './consents.ts';
import { createErasure } from './erase.ts';
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
import { STATE, type Store, toConversation } from './store.ts';
import { createSuppressionStore } from './suppressions.ts';

/** `monotonic`: milliseconds of a clock that never goes back; for tests. */
export type SqliteOptions = OutboxOptions & { readonly monotonic?: () => number };

/** A write that changes nothing: a page of the log, whatever was there before. */
const REWRITE_HEADER = `PRAGMA application_id = ${APPLICATION_ID}`;

/**
 * The embedded store: one SQLite file in WAL mode, each commit synced to disk.
 *
 * @param path the database file; it and its folder are created where missing
 * @throws UnusableDatabase when the file is not ours to use
 */
export function createSqliteOutbox(path: string, options: SqliteOptions): Outbox {
  const database = openDatabase(path);
  const identity = watchIdentity(path, APPLICATION_ID, options.monotonic ?? (() => performance.now()));
  const writer = createBatchWriter(database, identity.check);
  const store: Store = { ...options, database, writer, read: createReader(database, identity.check) };
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
    async find(id) {
      const row = await store.read(() => select.get(id));
      return row && toConversation(row);
    },
    async ready() {
      // An empty transaction touches no disk, and would succeed on a full one.
      await writer.write(() => database.exec(REWRITE_HEADER));
    },
    // Another process on the file is a command of an operator's, or a second gateway; the worker looks by itself soon enough.
    watch: () => undefined,
    async close() {
      await writer.drain();
      database.close();
      identity.close();
    },
  };
}
