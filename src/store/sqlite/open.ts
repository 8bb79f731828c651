import { DatabaseSync } from 'node:sqlite';
import { UnusableDatabase } from '../../domain/ports/outbox.ts';
import { createPrivately, makePrivate, orphanedLog } from './files.ts';
import { MIGRATIONS } from './migrations.ts';

/** `application_id` of our files ("TCGW"), so that the database of another program is never taken for ours. */
export const APPLICATION_ID = 0x54434757;

/**
 * Opens the embedded store, creates it if it is missing, and brings its schema up to date. The durability settings are set at
 * every open and read back, because SQLite does not keep `synchronous` in the file.
 *
 * @param onExposed gets the files that other users may read and this one may not change
 * @throws UnusableDatabase if the file is foreign, damaged, read-only or written by a newer version, and if it is missing while
 *   its write-ahead log is there
 */
export function openDatabase(
  path: string,
  onExposed: (files: readonly string[]) => void = () => undefined,
): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    const problem = orphanedLog(path);
    if (problem !== undefined) throw new Error(problem);
    createPrivately(path);
    // The batch writer waits for another process's lock, without blocking the event loop.
    database = new DatabaseSync(path, { timeout: 0 });
    requireOurs(database);
    configure(database);
    migrate(database);
    onExposed(makePrivate(path));
    return database;
  } catch (error) {
    database?.close();
    throw new UnusableDatabase(path, problemOf(error), { cause: error });
  }
}

/** SQLite's message if it cannot open a file (SQLITE_CANTOPEN, 14) names no reason. */
function problemOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cannotOpen = 'errcode' in error && Number(error.errcode) % 256 === 14;
  return cannotOpen ? `${error.message}; is it a file, in a folder that this user may write to?` : error.message;
}

function requireOurs(database: DatabaseSync): void {
  const id = pragma(database, 'application_id');
  if (id === APPLICATION_ID) {
    const verdict = pragma(database, 'quick_check(1)');
    // The engine's verdict has several lines; a start-up message has one.
    if (verdict !== 'ok') throw new Error(`it is damaged (${String(verdict).replaceAll(/\s+/g, ' ').trim()})`);
    return;
  }
  const { n } = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number };
  if (id !== 0 || n > 0) throw new Error('it belongs to another program; name a file of its own in DATABASE_URL');
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
}

/**
 * `secure_delete` overwrites deleted content; `temp_store` keeps sorts off a read-only root file system. A thread of its
 * own makes the checkpoints (`database-file.ts`); the limit here is for the case that it cannot. The cache is 32 MiB.
 */
function configure(database: DatabaseSync): void {
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -32768;
    PRAGMA wal_autocheckpoint = 16000;
  `);
  const found = [pragma(database, 'journal_mode'), pragma(database, 'synchronous'), pragma(database, 'secure_delete')];
  if (found.join() !== 'wal,2,1') throw new Error(`durability settings did not take (${found.join()})`);
}

/**
 * Applies the missing scripts, each in a transaction of its own together with its version number.
 *
 * @param to the version to stop at, for tests
 */
export function migrate(database: DatabaseSync, to = MIGRATIONS.length): void {
  const { user_version: version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (version > MIGRATIONS.length) {
    throw new Error(`it was written by a newer version (schema ${version}, this one knows ${MIGRATIONS.length})`);
  }
  if (version >= to) return;
  const cacheSize = pragma(database, 'cache_size');
  // Indexes of a large store are built many times as quickly if they fit into the cache. It takes as much as it needs, up to 128 MiB.
  database.exec('PRAGMA cache_size = -131072');
  for (const [index, script] of MIGRATIONS.slice(0, to).entries()) {
    if (index < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${script}; PRAGMA user_version = ${index + 1}; COMMIT`);
  }
  database.exec(`PRAGMA cache_size = ${cacheSize}`);
}

/** The value of a pragma, read back from the engine. */
export function pragma(database: DatabaseSync, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0];
}
