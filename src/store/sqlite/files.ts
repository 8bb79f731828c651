import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Readable and writable by the program's own user. SQLite creates the log and its index with the mode of the database file. */
const PRIVATE = 0o600;
/** The bits that give other users any access. */
const OTHERS = 0o077;

/** Creates an empty database file, which SQLite takes for a new one, and its folder. Does nothing if the file exists. */
export function createPrivately(path: string): void {
  makeFolder(dirname(path));
  if (existsSync(path)) return;
  closeSync(openSync(path, 'a', PRIVATE));
}

/** As `mkdir -p`. Node's own `recursive` loops for ever on a file system that takes no folders, such as /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, 0o700);
}

/** The files of an open database that users other than the program's own may access. Windows has no such modes. */
export function exposedFiles(path: string): string[] {
  if (process.platform === 'win32') return [];
  const files = [path, `${path}-wal`, `${path}-shm`];
  return files.filter((file) => ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & OTHERS) !== 0);
}

/**
 * Takes away the access that other users have to the files of an open database: earlier releases, and copies that were put back,
 * have the mode of the umask.
 *
 * @param chmod for tests
 * @returns the files that could not be changed, since another user owns them
 */
export function makePrivate(path: string, chmod: typeof chmodSync = chmodSync): string[] {
  return exposedFiles(path).filter((file) => {
    try {
      chmod(file, PRIVATE);
      return false;
    } catch {
      return true;
    }
  });
}

/**
 * Says what is wrong if a write-ahead log lies beside a database file that is missing or empty. Such a log holds commits that
 * are nowhere else; opening the database would create a new file and truncate the log.
 */
export function orphanedLog(path: string): string | undefined {
  const log = `${path}-wal`;
  if (sizeOf(path) > 0 || sizeOf(log) === 0) return undefined;
  return `it is missing or empty, and ${log} holds commits that belong to it. Put the file back; or move the log away, too, for a restored or a new database`;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
