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

/** What writes of a batch keep in memory for each other, to be stored once for all of them. */
export interface Pending {
  /** Puts it into the transaction under way. */
  write(): void;
  /** Drops it, with the transaction that it belonged to. */
  forget(): void;
}

type Parts = {
  /**
   * Throws when the file is no longer the one that was opened; asked before every batch, whose commit may copy the log into
   * that file, and after its commit, before anybody is told of it.
   */
  readonly check: () => void;
  readonly pending?: Pending;
  readonly wait?: Wait;
};

const NOTHING: Pending = { write: () => undefined, forget: () => undefined };

export interface BatchWriter {
  /** Runs `write` inside the next shared transaction, whole or not at all; resolves with its result once the commit is on disk. */
  write<T>(write: () => T): Promise<T>;
  /** Resolves when everything that was handed in is committed or refused. */
  drain(): Promise<void>;
}

/**
 * Group commit: all writes that were handed in during one turn of the event loop share one transaction, so that one fsync
 * serves many callers. While a commit waits for the disk, the next batch collects in the sockets' buffers.
 *
 * A write that fails by itself leaves nothing and rejects alone; since SQLite undoes no more than its last statement, the
 * batch then begins anew, each write of it in a savepoint. So a write may run twice, and changes nothing but the database. A fault of the storage (full, locked,
 * read-only, I/O) rejects every write of the batch with `StorageUnavailable`: none of them is on disk.
 */
export function createBatchWriter(
  database: DatabaseSync,
  { check, pending = NOTHING, wait = setTimeout }: Parts,
): BatchWriter {
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
      check();
      await begin();
      const results = runTogether(batch) ?? (await runApart(batch));
      toDisk.run();
      check();
      for (const [index, write] of batch.entries()) settle(write, results[index]);
    } catch (error) {
      rollback(database, pending);
      const fault = new StorageUnavailable('The storage did not take the write.', { cause: error });
      for (const write of batch) write.reject(fault);
    }
  };

  /** Gives `undefined` where one of them failed, and may have left half of itself. */
  const runTogether = (batch: readonly Write[]): readonly Result[] | undefined => {
    try {
      const results = batch.map(({ run }) => ({ value: run() }));
      pending.write();
      return results;
    } catch (error) {
      // A full disk or an I/O error has already rolled the whole transaction back: nobody's write survived.
      if (!database.isTransaction) throw error;
      return undefined;
    }
  };

  const runApart = async (batch: readonly Write[]): Promise<readonly Result[]> => {
    rollback(database, pending);
    await begin();
    return batch.map(({ run }) => attempt(run, database, pending));
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

/** Runs a write so that all of it takes effect or none. */
function attempt(run: () => unknown, database: DatabaseSync, pending: Pending): Result {
  database.exec('SAVEPOINT one');
  try {
    const value = run();
    pending.write();
    database.exec('RELEASE one');
    return { value };
  } catch (error) {
    pending.forget();
    if (!database.isTransaction) throw error;
    database.exec('ROLLBACK TO one; RELEASE one');
    return { error };
  }
}

function settle(write: Write, result: Result | undefined): void {
  if (result && 'value' in result) write.resolve(result.value);
  else write.reject(new StorageUnavailable('The storage refused the write.', { cause: result?.error }));
}

function rollback(database: DatabaseSync, pending: Pending): void {
  pending.forget();
  if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
}

/** SQLITE_BUSY (5) in any of its extended forms. */
function isLocked(error: unknown): boolean {
  return (
    error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === 5
  );
}
