import type { DatabaseSync } from 'node:sqlite';
import { StorageUnavailable } from '../port.ts';

/** Runs `query` and resolves with its result; a fault of the storage rejects with `StorageUnavailable`. */
export type Read = <T>(query: () => T) => Promise<T>;

type Query = {
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Queries of one turn of the event loop share one read transaction: taking and dropping the read lock costs several times
 * what finding a row does.
 *
 * @param check throws when the file is no longer the one that was opened
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
