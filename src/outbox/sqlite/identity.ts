import { type BigIntStats, closeSync, openSync, readSync, statSync } from 'node:fs';
import { StorageUnavailable } from '../port.ts';
import { type Progress, watchCheckpoints } from './checkpoints.ts';

/** The file header of SQLite 3 and, at byte 68, our `application_id` (https://sqlite.org/fileformat.html#the_database_header). */
const HEADER = 100;
const APPLICATION_ID_AT = 68;

/** How often it is looked at; each look is a few system calls. */
const LOOK_EVERY_MS = 100;

export interface Identity {
  /** @throws StorageUnavailable when the path no longer leads to the file that is open, or its contents were overwritten */
  check(): void;
  /**
   * Whether somebody else wrote into the file, as of now. It stays so: nothing may be copied into that file any more, and
   * the write-ahead log is all that is left of the newest commits.
   */
  isOverwritten(): boolean;
  close(): void;
}

/**
 * Notices that a database file was moved away, replaced, cut or overwritten under us. SQLite itself goes on committing into
 * an inode that no path leads to, or over an older copy, and such commits are gone with the process. So it is checked before
 * each commit and between it and the answer; not at each one, so that what goes into a lost file is what came within a
 * tenth of a second.
 *
 * In WAL mode the file itself changes by checkpoints alone, ours or those of another process of ours, and each leaves a
 * trace in the log's index. So a file that changed without one was written by somebody else. Its header says nothing of
 * that: the change counter in it stands still while one process writes. A checkpoint hides what is written within a tenth
 * of a second of it; so the file is looked at when nobody asks, too.
 *
 * Descriptors stay open until the end: closing any descriptor of the file would drop SQLite's locks on it
 * (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
 */
export function watchIdentity(path: string, applicationId: number, now: () => number): Identity {
  const [log, index] = [`${path}-wal`, `${path}-shm`];
  const inodes = new Map([path, log, index].map((file) => [file, inodeOf(statOf(file))]));
  const descriptor = openSync(path, 'r');
  const checkpoints = watchCheckpoints(index);
  const header = Buffer.alloc(HEADER);
  let known: { readonly content: string; readonly progress: Progress } | undefined;
  let overwritten = false;
  let lookDueAt = 0;

  const inPlace = (file: string): BigIntStats => {
    const stats = statOf(file);
    if (!stats || inodeOf(stats) !== inodes.get(file)) {
      throw new StorageUnavailable(`${file} was moved away or replaced.`);
    }
    return stats;
  };
  const isOurHeader = (): boolean =>
    readSync(descriptor, header, 0, HEADER, 0) === HEADER &&
    header.toString('latin1', 0, 15) === 'SQLite format 3' &&
    header.readUInt32BE(APPLICATION_ID_AT) === applicationId;

  const look = (): void => {
    inPlace(log);
    inPlace(index);
    const before = checkpoints.progress();
    const { size, mtimeNs } = inPlace(path);
    const progress = checkpoints.progress();
    const content = `${size}:${mtimeNs}`;
    const changed = known !== undefined && content !== known.content;
    const untouched = progress.mark === known?.progress.mark && !progress.underWay;
    overwritten ||= !isOurHeader() || (changed && untouched);
    if (overwritten) throw new StorageUnavailable(`${path} was overwritten.`);
    // A checkpoint that began or ended meanwhile may have touched the file before or after it was looked at.
    if (before.mark === progress.mark) known = { content, progress };
  };
  const check = (): void => {
    if (now() < lookDueAt) return;
    look();
    // Only a good look is a reason not to look for a while.
    lookDueAt = now() + LOOK_EVERY_MS;
  };
  const quietly = (run: () => void): void => {
    try {
      run();
    } catch {
      // Whoever asks next finds the same, or that the file is back.
    }
  };
  look();
  const looking = setInterval(quietly, LOOK_EVERY_MS, check).unref();

  return {
    check,
    isOverwritten() {
      quietly(look);
      return overwritten;
    },
    close() {
      clearInterval(looking);
      closeSync(descriptor);
      checkpoints.close();
    },
  };
}

function statOf(file: string): BigIntStats | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false });
}

function inodeOf(stats: BigIntStats | undefined): string | undefined {
  return stats && `${stats.dev}:${stats.ino}`;
}
