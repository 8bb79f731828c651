import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { StorageUnavailable } from '../port.ts';

/** The file header of SQLite 3 and, at byte 68, our `application_id` (https://sqlite.org/fileformat.html#the_database_header). */
const HEADER = 100;
const APPLICATION_ID_AT = 68;

/** How often it is looked at; each look is three system calls. */
const LOOK_EVERY_MS = 100;

export interface Identity {
  /** @throws StorageUnavailable when the path no longer leads to the file that is open, or its contents were overwritten */
  check(): void;
  close(): void;
}

/**
 * Notices that a database file was moved away, replaced or overwritten under us. SQLite itself goes on committing into an
 * inode that no path leads to, and such commits are gone with the process. So it is checked between a commit and the answer
 * to it; not at each one, so that what goes into a lost file is what came within a tenth of a second.
 *
 * The descriptor stays open until the end: closing any descriptor of the file would drop SQLite's locks on it
 * (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
 */
export function watchIdentity(path: string, applicationId: number, now: () => number): Identity {
  const log = `${path}-wal`;
  const inodes = new Map([path, log].map((file) => [file, inodeOf(file)]));
  const descriptor = openSync(path, 'r');
  const header = Buffer.alloc(HEADER);
  let lookDueAt = 0;

  const checkPlace = (file: string): void => {
    if (inodeOf(file) !== inodes.get(file)) throw new StorageUnavailable(`${file} was moved away or replaced.`);
  };
  return {
    check() {
      if (now() < lookDueAt) return;
      checkPlace(path);
      checkPlace(log);
      readSync(descriptor, header, 0, HEADER, 0);
      if (
        header.toString('latin1', 0, 15) !== 'SQLite format 3' ||
        header.readUInt32BE(APPLICATION_ID_AT) !== applicationId
      ) {
        throw new StorageUnavailable(`${path} was overwritten.`);
      }
      // Only a good look is a reason not to look for a while.
      lookDueAt = now() + LOOK_EVERY_MS;
    },
    close() {
      closeSync(descriptor);
    },
  };
}

function inodeOf(file: string): string | undefined {
  const stats = statSync(file, { throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}
