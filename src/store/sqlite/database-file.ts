import { once } from 'node:events';
import { type BigIntStats, closeSync, openSync, readSync, statSync } from 'node:fs';
import { endianness } from 'node:os';
import { Worker } from 'node:worker_threads';
import { StorageUnavailable } from '../../domain/ports/outbox.ts';

/** The file header of SQLite 3 and, at byte 68, our `application_id` (https://sqlite.org/fileformat.html#the_database_header). */
const HEADER_BYTES = 100;
const APPLICATION_ID_AT = 68;

/** How often the file and its log are looked at. Each look is a few system calls. */
const LOOK_EVERY_MS = 100;

export interface Identity {
  /** @throws StorageUnavailable if the path no longer leads to the file that is open, or if its content was overwritten */
  check(): void;
  /**
   * Whether another program wrote into the file, as of now. The answer never returns to `false`: nothing may be copied into that
   * file any more, because the write-ahead log is all that is left of the newest commits.
   */
  isOverwritten(): boolean;
  /** How many frames of the write-ahead log no checkpoint has copied into the file yet. */
  uncopiedFrames(): number;
  close(): void;
}

/**
 * Notices that a database file was moved away, replaced, cut or overwritten while it is open. SQLite itself goes on committing
 * into an inode that no path leads to, or over an older copy, and such commits are lost with the process. So the file is
 * checked before each commit and between the commit and its answer, at most every `LOOK_EVERY_MS`: a lost file gets at most the
 * leads of a tenth of a second.
 *
 * In WAL mode only checkpoints change the file itself, ours or those of another process of ours, and each leaves a trace in the
 * log's index. A file that changed without such a trace was written by another program. The header does not show that: its
 * change counter stands still while one process writes. A checkpoint hides a foreign write within a tenth of a second of it, so
 * the file is also looked at when no caller asks.
 *
 * Descriptors stay open until the end: closing any descriptor of the file would drop SQLite's locks on it
 * (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
 */
export function watchIdentity(path: string, applicationId: number, now: () => number): Identity {
  const [log, index] = [`${path}-wal`, `${path}-shm`];
  const inodes = new Map([path, log, index].map((file) => [file, inodeOf(statOf(file))]));
  const descriptor = openSync(path, 'r');
  const checkpoints = watchCheckpoints(index);
  const header = Buffer.alloc(HEADER_BYTES);
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
    readSync(descriptor, header, 0, HEADER_BYTES, 0) === HEADER_BYTES &&
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
    const noCheckpoint = progress.mark === known?.progress.mark && !progress.underWay;
    overwritten ||= !isOurHeader() || (changed && noCheckpoint);
    if (overwritten) throw new StorageUnavailable(`${path} was overwritten.`);
    // A checkpoint that began or ended during this look may have changed the file before or after its times were read.
    if (before.mark === progress.mark) known = { content, progress };
  };
  const check = (): void => {
    if (now() < lookDueAt) return;
    look();
    // Only a look that found the file in order postpones the next one.
    lookDueAt = now() + LOOK_EVERY_MS;
  };
  const ignoreFault = (run: () => void): void => {
    try {
      run();
    } catch {
      // The next caller of `check` gets the same fault, unless the file is back.
    }
  };
  look();
  const looking = setInterval(ignoreFault, LOOK_EVERY_MS, check).unref();

  return {
    check,
    isOverwritten() {
      ignoreFault(look);
      return overwritten;
    },
    uncopiedFrames: checkpoints.uncopiedFrames,
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

type ByteRange = readonly [from: number, to: number];

/**
 * Places in the index of the write-ahead log (https://sqlite.org/walformat.html#the_wal_index_file_format): the number of its
 * valid frames, the salts of the log's present round, how many of its frames are copied into the database file, and how many a checkpoint intends to copy. The
 * last one is written before the file is changed, the one before it when the copy is on disk.
 */
const INDEX_HEADER_BYTES = 136;
const FRAMES: ByteRange = [16, 20];
const SALTS: ByteRange = [32, 40];
const COPIED: ByteRange = [96, 100];
const TO_COPY: ByteRange = [128, 132];

/** How far checkpoints of any process have copied the log into the database file. */
type Progress = {
  /** Changes whenever a checkpoint begins or ends. */
  readonly mark: string;
  /** A checkpoint is under way, or was broken off: the file may change. */
  readonly underWay: boolean;
};

/**
 * Reads the progress of checkpoints from the log's index, which all processes share. The descriptor stays open until the end,
 * since closing it would drop SQLite's locks on the index.
 */
function watchCheckpoints(index: string) {
  const descriptor = openSync(index, 'r');
  const bytes = Buffer.alloc(INDEX_HEADER_BYTES);
  const at = ([from, to]: ByteRange): string => bytes.toString('hex', from, to);
  const read = (): void => {
    if (readSync(descriptor, bytes, 0, INDEX_HEADER_BYTES, 0) !== INDEX_HEADER_BYTES) {
      throw new StorageUnavailable(`${index} was truncated.`);
    }
  };
  /** The index has the machine's own byte order. */
  const numberAt = ([from]: ByteRange): number =>
    endianness() === 'LE' ? bytes.readUInt32LE(from) : bytes.readUInt32BE(from);
  return {
    uncopiedFrames(): number {
      read();
      return Math.max(0, numberAt(FRAMES) - numberAt(COPIED));
    },
    progress(): Progress {
      read();
      const copied = at(COPIED);
      const toCopy = at(TO_COPY);
      return { mark: at(SALTS) + copied + toCopy, underWay: copied !== toCopy };
    },
    close: () => closeSync(descriptor),
  };
}

/** Frames (pages) of the log that are not copied yet when a checkpoint starts: 16 MiB, so that a page that many leads touch is copied once for all of them. */
const START_AT = 4_000;
/** So few frames are copied quickly enough by the caller itself. */
const FEW = 50;

/**
 * Copies the write-ahead log into the database file in a thread of its own. On the event loop a checkpoint of 16 MiB would stop
 * all requests for up to 0.3 s. The thread starts with the first checkpoint, so that commands and small stores have none. If it
 * cannot work, the connection that writes makes the checkpoint itself, at four times that size (`open.ts`).
 */
interface Checkpointer {
  /** Starts a checkpoint if the log has grown enough. Called after each commit; it never waits. */
  afterCommit(): void;
  /** Resolves when all but a few frames that the log holds now are copied, as far as its readers allow. */
  copy(): Promise<void>;
  close(): Promise<void>;
}

/** @param monotonic milliseconds of a clock that never goes back */
export function createCheckpointer(
  path: string,
  identity: Pick<Identity, 'uncopiedFrames'>,
  monotonic: () => number,
): Checkpointer {
  let worker: Worker | undefined;
  let running: Promise<void> | undefined;
  let lookAt = 0;

  const start = (): Worker => {
    const started = new Worker(new URL('./checkpoint-worker.ts', import.meta.url), { workerData: path });
    started.unref();
    started.once('error', () => undefined);
    started.once('exit', () => {
      if (worker === started) worker = undefined;
    });
    return started;
  };
  const checkpoint = async (): Promise<void> => {
    worker ??= start();
    const working = worker;
    working.ref();
    working.postMessage('copy');
    // Whichever comes first: the other one must not go on listening, checkpoint after checkpoint.
    const ended = new AbortController();
    const { signal } = ended;
    await Promise.race([once(working, 'message', { signal }), once(working, 'exit', { signal })]).catch(
      () => undefined,
    );
    ended.abort();
    working.unref();
    running = undefined;
  };

  return {
    afterCommit() {
      if (running || monotonic() < lookAt) return;
      lookAt = monotonic() + LOOK_EVERY_MS;
      if (identity.uncopiedFrames() >= START_AT) running = checkpoint();
    },
    async copy() {
      await running;
      if (identity.uncopiedFrames() < FEW) return;
      running ??= checkpoint();
      await running;
    },
    async close() {
      // A checkpoint lets go of its thread when it ends: nothing would keep a command's process until the thread is gone.
      await running;
      const ending = worker;
      if (!ending) return;
      const ended = once(ending, 'exit').catch(() => undefined);
      ending.ref();
      ending.postMessage(null);
      await ended;
    },
  };
}
