import { existsSync, renameSync, rmSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import type { SealedCounts } from '../../domain/ports/key-store.ts';
import { toSealedCounts } from '../keys.ts';
import type { Vault } from '../vault.ts';
import { createPrivately } from './files.ts';
import { SEALED_COUNTS } from './keys.ts';
import { MIGRATIONS } from './migrations.ts';
import { APPLICATION_ID, pragma } from './open.ts';

/** More pages than any database has: in one step the copy is of one moment, and no write of a gateway makes it begin again. */
const ALL_PAGES = 2 ** 31 - 1;

/** A backup cannot be made or used. The message is a sentence without its full stop. */
export class BackupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackupError';
  }
}

/** The contents of a backup. */
export type BackupContents = { readonly leads: number; readonly schema: number; readonly sealed: SealedCounts };

/**
 * Copies a database into a new file while a gateway writes to it, and checks the copy. The file gets its name only when it is
 * complete and sound.
 *
 * @throws BackupError
 */
export async function createBackup(path: string, target: string, vault: Vault): Promise<BackupContents> {
  if (existsSync(target)) throw new BackupError(`${target} exists already; name a new file`);
  const partial = `${target}.partial`;
  rmSync(partial, { force: true });
  const source = new DatabaseSync(path, { timeout: 5_000 });
  try {
    createPrivately(partial);
    await backup(source, partial, { rate: ALL_PAGES });
    withFile(partial, (copy) => copy.exec('PRAGMA journal_mode = DELETE'));
    const contents = verifyBackup(partial, vault);
    renameSync(partial, target);
    return contents;
  } catch (error) {
    rmSync(partial, { force: true });
    if (error instanceof BackupError) throw error;
    throw new BackupError(`The backup was not made (${reasonOf(error)})`, { cause: error });
  } finally {
    source.close();
  }
}

/**
 * Checks every page and index of a backup, and counts what is in it.
 *
 * @throws BackupError if the file is damaged, foreign, or of a newer version
 */
export function verifyBackup(path: string, vault: Vault): BackupContents {
  if (!existsSync(path)) throw new BackupError(`${path} is not there`);
  try {
    return withFile(path, (database) => {
      if (pragma(database, 'application_id') !== APPLICATION_ID)
        throw new BackupError(`${path} is no database of the gateway`);
      const verdict = String(pragma(database, 'integrity_check'));
      if (verdict !== 'ok') throw new BackupError(`${path} is damaged (${verdict.replaceAll(/\s+/g, ' ').trim()})`);
      const schema = pragma(database, 'user_version') as number;
      if (schema > MIGRATIONS.length)
        throw new BackupError(`${path} is of a newer version (schema ${schema}, this one knows ${MIGRATIONS.length})`);
      const leads = database.prepare('SELECT count(*) AS n FROM conversations').get()?.n as number;
      return {
        leads,
        schema,
        sealed: toSealedCounts(database.prepare(SEALED_COUNTS.sql).all(...SEALED_COUNTS.values), vault),
      };
    });
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw new BackupError(`${path} cannot be read (${reasonOf(error)})`, { cause: error });
  }
}

function withFile<T>(path: string, use: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    return use(database);
  } finally {
    database.close();
  }
}

/** SQLite's fixed text for its code: a message may quote a statement. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  if ('errstr' in error) return String(error.errstr);
  return 'code' in error ? String(error.code) : error.name;
}
