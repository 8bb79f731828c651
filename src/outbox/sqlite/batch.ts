import type { DatabaseSync } from 'node:sqlite';
import { StorageUnavailable } from '../port.ts';

/** How long a batch waits for another process's lock before its writes are refused, and how often it looks. */
const LOCK_PATIENCE_MS = 2_000;
const LOCK_POLL_MS = 20;

/** Bounds what a write waits for others to join it; a turn is a fraction of a millisecond. */
const MOST_TURNS = 4;

type Write = {
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

type Wait = (resume: () => void, ms: number) => void;

export interface BatchWriter {
  /** Runs `write` inside the next shared transaction; resolves with its result once the commit is on disk. */
  write<T>(write: () => T): Promise<T>;
  /** Resolves when everything that was handed in is committed or refused. */
  drain(): Promise<void>;
}

/**
 * Group commit: all writes that were handed in during one turn of the event loop share one transaction, so that one fsync
 * serves many callers. While a commit waits for the disk, the next batch collects in the sockets' buffers.
 *
 * A write that fails by itself is rolled back by SQLite alone and rejects alone. A fault of the storage (full, locked,
 * read-only, I/O) rejects every write of the batch with `StorageUnavailable`: none of them is on disk.
 *
 * @param check throws when the file is no longer the one that was opened; asked after every commit, before anybody
 *   is told of it
 */
export function createBatchWriter(database: DatabaseSync, check: () => void, wait: Wait = setTimeout): BatchWriter {
  const immediately = database.prepare('BEGIN IMMEDIATE');
  const toDisk = database.prepare('COMMIT');
  let collecting: Write[] = [];
  let running: Promise<void> | undefined;

  const flush = async (): Promise<void> => {
    while (collecting.length > 0) {
      await collect();
      const batch = collecting;
      collecting = [];
      await commit(batch);
    }
    running = undefined;
  };

  /** Waits while each turn of the event loop brings more, so that all that is ready now joins this commit. */
  const collect = async (): Promise<void> => {
    for (let turn = 0, before = 0; turn < MOST_TURNS && collecting.length > before; turn += 1) {
      before = collecting.length;
      await new Promise<void>((next) => setImmediate(next));
    }
  };

  const commit = async (batch: readonly Write[]): Promise<void> => {
    try {
      await begin();
      const results = batch.map((write) => attempt(write.run, database));
      toDisk.run();
      check();
      for (const [index, write] of batch.entries()) settle(write, results[index]);
    } catch (error) {
      rollback(database);
      const fault = new StorageUnavailable('The storage did not take the write.', { cause: error });
      for (const write of batch) write.reject(fault);
    }
  };

  const begin = async (): Promise<void> => {
    for (let waited = 0; ; waited += LOCK_POLL_MS) {
      try {
        immediately.run();
        return;
      } catch (error) {
        if (!isLocked(error) || waited >= LOCK_PATIENCE_MS) throw error;
        await new Promise<void>((resolve) => wait(resolve, LOCK_POLL_MS));
      }
    }
  };

  return {
    write<T>(run: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        collecting.push({ run, resolve: resolve as (value: unknown) => void, reject });
        running ??= flush();
      });
    },
    async drain() {
      while (running) await running;
    },
  };
}

type Result = { readonly value: unknown } | { readonly error: unknown };

function attempt(run: () => unknown, database: DatabaseSync): Result {
  try {
    return { value: run() };
  } catch (error) {
    // A full disk or an I/O error has already rolled the whole transaction back: nobody's write survived.
    if (!database.isTransaction) throw error;
    return { error };
  }
}

function settle(write: Write, result: Result | undefined): void {
  if (result && 'value' in result) write.resolve(result.value);
  else write.reject(new StorageUnavailable('The storage refused the write.', { cause: result?.error }));
}

function rollback(database: DatabaseSync): void {
  if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
}

/** SQLITE_BUSY (5) in any of its extended forms. */
function isLocked(error: unknown): boolean {
  return (
    error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === 5
  );
}
