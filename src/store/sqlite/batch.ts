import type { DatabaseSync } from 'node:sqlite';
import { StorageUnavailable } from '../../domain/ports/outbox.ts';
import { createGroupCommit, type OnCommit, type PendingWrite } from '../group-commit.ts';

/** How long a batch waits for another process's lock before its writes are refused, and how often it tries. */
const LOCK_WAIT_MS = 2_000;
const LOCK_POLL_MS = 20;

type Write = PendingWrite<() => unknown, unknown>;

/** Calls `resume` after `ms`. */
export type Wait = (resume: () => void, ms: number) => void;

/** Changes that the writes of a batch keep in memory for each other, to be stored once for all of them. */
export interface BatchCache {
  /** Stores the changes in the transaction under way. */
  write(): void;
  /** Drops the changes, because their transaction is rolled back. */
  forget(): void;
}

type Parts = {
  /**
   * Throws if the file at the path is no longer the one that was opened. It is called before every batch, because the commit may
   * copy the write-ahead log into that file, and after the commit, before any caller is answered.
   */
  readonly check: () => void;
  readonly cache?: BatchCache;
  readonly onCommit?: OnCommit | undefined;
  /** Called after each commit, when its callers are answered. */
  readonly afterCommit?: () => void;
  readonly wait?: Wait;
};

const NO_CACHE: BatchCache = { write: () => undefined, forget: () => undefined };

export interface BatchWriter {
  /** Runs `write` inside the next shared transaction, whole or not at all. Resolves with its result once the commit is on disk. */
  write<T>(write: () => T): Promise<T>;
  /** Resolves when everything that was handed in is committed or refused. */
  drain(): Promise<void>;
}

/**
 * Group commit on one connection: all writes of one turn of the event loop share one transaction, so that one fsync serves many
 * callers. While a commit waits for the disk, the next batch collects in the sockets' buffers.
 *
 * A write that fails alone leaves nothing and rejects alone. SQLite undoes only its last statement, so the batch then starts
 * again with each write in a savepoint. A write may therefore run twice, and must change nothing but the database. A fault of
 * the storage (full, locked, read-only, I/O) rejects every write of the batch with `StorageUnavailable`; then none of them is
 * on disk.
 */
export function createBatchWriter(
  database: DatabaseSync,
  { check, cache = NO_CACHE, onCommit, afterCommit = () => undefined, wait = setTimeout }: Parts,
): BatchWriter {
  const beginStatement = database.prepare('BEGIN IMMEDIATE');
  const commitStatement = database.prepare('COMMIT');

  const commit = async (batch: readonly Write[]): Promise<void> => {
    try {
      check();
      await begin();
      const results = runTogether(batch) ?? (await runApart(batch));
      commitStatement.run();
      check();
      for (const [index, write] of batch.entries()) answer(write, results[index]);
      afterCommit();
    } catch (error) {
      rollback(database, cache);
      const fault = new StorageUnavailable('The storage did not take the write.', { cause: error });
      for (const write of batch) write.reject(fault);
    }
  };

  /** Gives `undefined` if a write failed; then half of it may be in the transaction. */
  const runTogether = (batch: readonly Write[]): readonly Result[] | undefined => {
    try {
      const results = batch.map(({ item: run }) => ({ value: run() }));
      cache.write();
      return results;
    } catch (error) {
      // A full disk or an I/O error has already rolled the whole transaction back, so no write of the batch remains.
      if (!database.isTransaction) throw error;
      return undefined;
    }
  };

  const runApart = async (batch: readonly Write[]): Promise<readonly Result[]> => {
    rollback(database, cache);
    await begin();
    return batch.map(({ item: run }) => runInSavepoint(run, database, cache));
  };

  const begin = async (): Promise<void> => {
    for (let waited = 0; ; waited += LOCK_POLL_MS) {
      try {
        beginStatement.run();
        return;
      } catch (error) {
        if (!isLocked(error) || waited >= LOCK_WAIT_MS) throw error;
        await new Promise<void>((resolve) => wait(resolve, LOCK_POLL_MS));
      }
    }
  };

  const { write, drain } = createGroupCommit(commit, { onCommit });
  return { write: <T>(run: () => T) => write(run) as Promise<T>, drain };
}

type Result = { readonly value: unknown } | { readonly error: unknown };

/** Runs a write so that all of it takes effect or nothing. */
function runInSavepoint(run: () => unknown, database: DatabaseSync, cache: BatchCache): Result {
  database.exec('SAVEPOINT one');
  try {
    const value = run();
    cache.write();
    database.exec('RELEASE one');
    return { value };
  } catch (error) {
    cache.forget();
    if (!database.isTransaction) throw error;
    database.exec('ROLLBACK TO one; RELEASE one');
    return { error };
  }
}

function answer(write: Write, result: Result | undefined): void {
  if (result && 'value' in result) write.resolve(result.value);
  else write.reject(new StorageUnavailable('The storage refused the write.', { cause: result?.error }));
}

function rollback(database: DatabaseSync, cache: BatchCache): void {
  cache.forget();
  if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
}

/** SQLITE_BUSY (5) in any of its extended forms. */
function isLocked(error: unknown): boolean {
  return (
    error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' && (error.errcode & 0xff) === 5
  );
}

/** Runs `query` and resolves with its result. A fault of the storage rejects with `StorageUnavailable`. */
export type Read = <T>(query: () => T) => Promise<T>;

type Query = {
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Queries of one turn of the event loop share one read transaction: taking and dropping the read lock costs several times as
 * much as finding a row.
 *
 * @param check throws if the file at the path is no longer the one that was opened
 */
export function createReader(database: DatabaseSync, check: () => void): Read {
  const begin = database.prepare('BEGIN');
  const end = database.prepare('COMMIT');
  let collecting: Query[] = [];

  const runAll = (): void => {
    const queries = collecting;
    collecting = [];
    try {
      check();
      const together = queries.length > 1;
      if (together) begin.run();
      try {
        for (const query of queries) runOne(query);
      } finally {
        if (together && database.isTransaction) end.run();
      }
    } catch (error) {
      for (const { reject } of queries) reject(unavailable(error));
    }
  };

  return <T>(run: () => T) =>
    new Promise<T>((resolve, reject) => {
      collecting.push({ run, resolve: resolve as (value: unknown) => void, reject });
      if (collecting.length === 1) setImmediate(runAll);
    });
}

function runOne({ run, resolve, reject }: Query): void {
  try {
    resolve(run());
  } catch (error) {
    reject(unavailable(error));
  }
}

function unavailable(error: unknown): StorageUnavailable {
  return error instanceof StorageUnavailable
    ? error
    : new StorageUnavailable('The storage did not answer a read.', { cause: error });
}
