import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StorageUnavailable } from '../port.ts';
import type { Store } from './store.ts';

/** How long the log is tried to be emptied while others read from it, and how often. */
export const LOG_PATIENCE_MS = 60_000;
const LOG_POLL_MS = 20;

type Wait = (resume: () => void, ms: number) => void;

/** Tables of keyed hashes: what is of a day or two, and what was asked to be kept. */
export const PASSING = ['requests', 'counters'] as const;
export const KEPT = ['suppressions'] as const;
type Hashes = (typeof PASSING | typeof KEPT)[number];

/**
 * Writes tables of keyed hashes anew, inside the transaction under way, without the rows of `phoneHash`. Their rows come
 * and go in random places, so pages hold copies of rows that were moved; pages that are given up as a whole are
 * overwritten with zeros. 100,000 rows take about 0.2 s.
 */
export function rewriteHashes(
  database: DatabaseSync,
  phoneHash: Uint8Array | null,
  tables: readonly Hashes[] = PASSING,
): void {
  for (const table of tables) {
    // IS NOT and not <>: a counter of a site or visitor names no number.
    database
      .prepare(`CREATE TEMP TABLE kept AS SELECT * FROM main.${table} WHERE ? IS NULL OR phone_hash IS NOT ?`)
      .run(phoneHash, phoneHash);
    database.exec(`DELETE FROM main.${table}; INSERT INTO main.${table} SELECT * FROM temp.kept; DROP TABLE temp.kept`);
  }
}

/**
 * Moves everything from the write-ahead log into the database file and cuts the log to nothing: until then it holds
 * pages as they were before.
 *
 * @throws StorageUnavailable when a reader keeps the log in use for a minute
 */
export async function emptyLog({ database }: Pick<Store, 'database'>, wait: Wait = setTimeout) {
  const checkpoint = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  for (let waited = 0; isBusy(checkpoint); waited += LOG_POLL_MS) {
    if (waited >= LOG_PATIENCE_MS) {
      throw new StorageUnavailable('Another program reads the database and keeps its log from being emptied.');
    }
    await new Promise<void>((resume) => wait(resume, LOG_POLL_MS));
  }
}

/** Alone and not with the turn's other queries: a checkpoint cannot run inside a transaction. */
function isBusy(checkpoint: StatementSync): boolean {
  try {
    return checkpoint.get()?.busy !== 0;
  } catch (error) {
    throw new StorageUnavailable("The storage's log could not be emptied.", { cause: error });
  }
}
