import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StorageUnavailable } from '../../domain/ports/outbox.ts';
import type { ErasureStore, RetentionStore, SuppressionStore } from '../../domain/ports/privacy-store.ts';
import { dayOf } from '../../lib/clock.ts';
import { toSuppression } from '../rows.ts';
import type { Wait } from './batch.ts';
import { IS_FINAL, SEQS_OF_NUMBER, type Store } from './database.ts';
import { prepareAudit } from './records.ts';

/** How long readers of other programs may keep the write-ahead log from being emptied, and how often it is tried. */
export const EMPTY_LOG_WITHIN_MS = 60_000;
const EMPTY_LOG_POLL_MS = 20;

/** Tables of keyed hashes: those that expire after a day or two, and those that are kept on purpose. */
const EXPIRING = ['requests', 'counters'] as const;
const KEPT = ['suppressions'] as const;
type HashTable = (typeof EXPIRING | typeof KEPT)[number];

export function createErasure({ database, writer }: Store): ErasureStore {
  const writeAudit = prepareAudit(database);
  const removePersonal = prepareRemovePersonal(database);
  const ofNumber = database.prepare(SEQS_OF_NUMBER);
  const stop = database.prepare(
    `UPDATE conversations SET status = 'rejected', reason = 'other', cause = 'erased', updated_at = ?,
                              next_at = NULL, lease_owner = NULL, fence = fence + 1
     WHERE seq = ? AND NOT ${IS_FINAL}`,
  );
  return {
    async erase(phoneHash, { now, audit }) {
      const erased = await writer.write(() => {
        const leads = ofNumber.all(phoneHash, phoneHash).map(({ seq }) => seq as number);
        for (const seq of leads) {
          stop.run(now, seq);
          removePersonal(seq);
        }
        rewriteHashes(database, phoneHash);
        writeAudit({ ...audit, count: leads.length });
        return leads.length;
      });
      await emptyLog(database);
      return erased;
    },
  };
}

export function createRetention({ database, writer }: Store): RetentionStore {
  const removePersonal = prepareRemovePersonal(database);
  const expired = database.prepare(
    `SELECT seq FROM conversations WHERE ${IS_FINAL} AND personal = 1 AND updated_at < ?
     ORDER BY updated_at LIMIT ?`,
  );
  const purgeRequests = database.prepare(
    'DELETE FROM requests WHERE key IN (SELECT key FROM requests WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)',
  );
  const purgeUses = database.prepare(
    'DELETE FROM uses WHERE key IN (SELECT key FROM uses WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)',
  );
  const purgeCounters = database.prepare(
    'DELETE FROM counters WHERE (day, key) IN (SELECT day, key FROM counters WHERE day < ? LIMIT ?)',
  );
  return {
    expire(before, limit) {
      return writer.write(() => {
        const rows = expired.all(before, limit);
        for (const { seq } of rows) removePersonal(seq as number);
        return rows.length;
      });
    },
    purge(now, limit) {
      return writer.write(() => {
        const requests = Number(purgeRequests.run(now, limit).changes);
        const removed = requests + Number(purgeUses.run(now, limit - requests).changes);
        return removed + Number(purgeCounters.run(dayOf(now), limit - removed).changes);
      });
    },
    async scrub() {
      await writer.write(() => rewriteHashes(database, null, [...EXPIRING, ...KEPT]));
      await emptyLog(database);
    },
  };
}

export function createSuppressions({ database, writer, read }: Store): SuppressionStore {
  const writeAudit = prepareAudit(database);
  const insert = database.prepare(
    'INSERT INTO suppressions (phone_hash, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING',
  );
  const find = database.prepare('SELECT 1 FROM suppressions WHERE phone_hash = ?');
  const list = database.prepare('SELECT phone_hash, created_at FROM suppressions ORDER BY created_at, phone_hash');
  return {
    suppress: (phoneHash, audit) =>
      writer.write(() => {
        const isNew = insert.run(phoneHash, audit.at).changes === 1;
        if (isNew) writeAudit(audit);
        return isNew;
      }),
    async unsuppress(phoneHash, audit) {
      const found = await writer.write(() => {
        if (!find.get(phoneHash)) return false;
        rewriteHashes(database, phoneHash, KEPT);
        writeAudit(audit);
        return true;
      });
      await emptyLog(database);
      return found;
    },
    suppressions: () => read(() => list.all().map(toSuppression)),
  };
}

/**
 * Gives a function that removes the personal data of a conversation, inside the transaction under way. Rows are blanked and not
 * deleted: a deletion makes SQLite move other leads between pages, which leaves copies of them behind.
 */
function prepareRemovePersonal(database: DatabaseSync): (seq: number) => void {
  const statements = [
    'UPDATE conversations SET personal = 0 WHERE seq = ?',
    'UPDATE leads SET phone_hash = NULL, lead_key = NULL, lead = NULL WHERE seq = ?',
    'UPDATE descriptions SET description = NULL WHERE seq = ? AND description IS NOT NULL',
  ].map((sql) => database.prepare(sql));
  return (seq) => {
    for (const statement of statements) statement.run(seq);
  };
}

/**
 * Writes tables of keyed hashes anew without the rows of `phoneHash`, inside the transaction under way. Their rows come and go
 * in random places, so pages hold copies of rows that were moved; pages that are freed as a whole are overwritten with zeros.
 * 100,000 rows take about 0.2 s.
 *
 * @param phoneHash null to keep all rows
 */
function rewriteHashes(
  database: DatabaseSync,
  phoneHash: Uint8Array | null,
  tables: readonly HashTable[] = EXPIRING,
): void {
  for (const table of tables) {
    // IS NOT and not <>: the counters of sites and visitors have no phone_hash.
    database
      .prepare(`CREATE TEMP TABLE kept AS SELECT * FROM main.${table} WHERE ? IS NULL OR phone_hash IS NOT ?`)
      .run(phoneHash, phoneHash);
    database.exec(`DELETE FROM main.${table}; INSERT INTO main.${table} SELECT * FROM temp.kept; DROP TABLE temp.kept`);
  }
}

/**
 * Copies the write-ahead log into the database file and truncates it. Until then the log holds pages as they were before.
 *
 * @throws StorageUnavailable if a reader keeps the log in use for a minute
 */
export async function emptyLog(database: DatabaseSync, wait: Wait = setTimeout): Promise<void> {
  const checkpoint = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  for (let waited = 0; isBusy(checkpoint); waited += EMPTY_LOG_POLL_MS) {
    if (waited >= EMPTY_LOG_WITHIN_MS) {
      throw new StorageUnavailable('Another program reads the database, so its write-ahead log cannot be emptied.');
    }
    await new Promise<void>((resume) => wait(resume, EMPTY_LOG_POLL_MS));
  }
}

/** Runs by itself and not among the queries of its turn: a checkpoint cannot run inside a transaction. */
function isBusy(checkpoint: StatementSync): boolean {
  try {
    return checkpoint.get()?.busy !== 0;
  } catch (error) {
    throw new StorageUnavailable('The write-ahead log could not be emptied.', { cause: error });
  }
}
