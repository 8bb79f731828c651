import type pg from 'pg';
import type { OutboxOptions } from '../options.ts';
import type { Row } from '../rows.ts';
import type { SealFormat } from '../vault.ts';
import { faultKindOf, type InDoubtLeases, isRolledBack, StorageFault } from './faults.ts';

/** How often a transaction that lost a conflict is run before its caller gets the fault. */
const MAX_RUNS = 5;
/** The longest time that a timer takes. The driver reads 0 as the pool's own time-out. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;
/** A read is repeated only if its connection failed this soon: then it was dead before. A server that hangs is not asked again. */
const DEAD_WITHIN_MS = 1_000;

/** What the parts of the adapter share. `lease_owner` is `owner` with the number of the batch that took the lease. */
export type Store = OutboxOptions & {
  readonly database: Database;
  readonly inDoubtLeases: InDoubtLeases;
  /** How new values are sealed: `former` until no replica is left that cannot read bound ones. */
  readonly sealFormat: () => SealFormat;
};

/** `unknowns` counts since the last release; `may_have_arrived` keeps what was counted before. */
export const MAY_HAVE_ARRIVED = '(may_have_arrived OR unknowns > 0)';

/** Conditions of partial indexes, spelled as there: Postgres uses such an index only for a condition that implies its own. */
export const IS_WAITING = "status IN ('held', 'unknown', 'parked')";
export const IS_PARKED = "status = 'parked' AND cause = 'provider'";
/** All that wait, but not for their first call: leads that it delivers are not indexed. */
export const WAITS_LONGER = `(${IS_WAITING} OR (status = 'queued' AND (attempts > 0 OR lease_owner IS NULL)))`;
export const IS_FINAL = "status IN ('delivered', 'rejected')";

/** A statement with a name is parsed once a connection. */
export type Statement = string | { readonly name: string; readonly text: string };
export type Query = (statement: Statement, values?: readonly unknown[]) => Promise<readonly Row[]>;

/** All access to the server. Every method rejects with `StorageFault`, a `StorageUnavailable`. */
export interface Database {
  /** Rows of one statement that changes nothing. If its connection was dead, it runs again on another one. */
  readonly read: Query;
  /** One statement in a transaction of its own. */
  readonly write: Query;
  /** Several statements in one transaction. It runs again if it loses a conflict. */
  transaction<T>(run: (query: Query) => Promise<T>): Promise<T>;
  /** A connection of its own without time-outs. It is closed afterwards, with all settings that were made on it. */
  session<T>(run: (query: Query, client: pg.PoolClient) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export function createDatabase(pool: pg.Pool): Database {
  const once = async (changes: boolean, statement: Statement, values: readonly unknown[] = []) => {
    const client = await connect(pool);
    try {
      const rows = await queryOn(client)(statement, values);
      client.release();
      return rows;
    } catch (error) {
      const kind = faultKindOf(error);
      client.release(kind === 'lost');
      throw new StorageFault(kind, changes && !isRolledBack(error), error);
    }
  };

  const repeat = async <T>(
    run: () => Promise<T>,
    isWorthIt: (fault: StorageFault) => boolean,
    maxRuns: number,
  ): Promise<T> => {
    for (let runs = 1; ; runs += 1) {
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof StorageFault) || !isWorthIt(error) || runs >= maxRuns) throw error;
      }
    }
  };

  return {
    read(statement, values) {
      const begun = performance.now();
      const wasDead = (): boolean => performance.now() - begun < DEAD_WITHIN_MS;
      return repeat(
        () => once(false, statement, values),
        ({ kind }) => kind === 'lost' && wasDead(),
        2,
      );
    },
    write: (statement, values) =>
      repeat(
        () => once(true, statement, values),
        ({ kind }) => kind === 'conflict',
        MAX_RUNS,
      ),
    transaction: (run) =>
      repeat(
        () => transact(pool, run),
        ({ kind }) => kind === 'conflict',
        MAX_RUNS,
      ),
    async session(run) {
      const client = await connect(pool);
      try {
        const query = queryOn(client, { query_timeout: NO_TIMEOUT_MS });
        await query('SET statement_timeout = 0');
        return await run(query, client);
      } catch (error) {
        throw error instanceof StorageFault ? error : new StorageFault(faultKindOf(error), false, error);
      } finally {
        client.release(true);
      }
    },
    close: () => pool.end(),
  };
}

async function connect(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw new StorageFault('lost', false, error);
  }
}

async function transact<T>(pool: pg.Pool, run: (query: Query) => Promise<T>): Promise<T> {
  const client = await connect(pool);
  let committing = false;
  try {
    const query = queryOn(client);
    await query('BEGIN');
    const result = await run(query);
    committing = true;
    const { command } = await client.query('COMMIT');
    if (command !== 'COMMIT') throw Object.assign(new Error('The server rolled back.'), { code: '40000' });
    client.release();
    return result;
  } catch (error) {
    const kind = faultKindOf(error);
    const usable =
      kind !== 'lost' &&
      (await client.query('ROLLBACK').then(
        () => true,
        () => false,
      ));
    client.release(!usable);
    throw new StorageFault(kind, committing && !isRolledBack(error), error);
  }
}

function queryOn(client: pg.PoolClient, options: { query_timeout?: number } = {}): Query {
  return async (statement, values = []) => {
    const config = typeof statement === 'string' ? { text: statement } : statement;
    const { rows } = await client.query({ ...config, ...options, values: [...values] } as pg.QueryConfig);
    return rows as Row[];
  };
}

/** Rows as the arrays that `unnest` takes: one for each column, in the order of `pick`'s values. No rows are `width` empty arrays. */
export function toColumns<T>(rows: readonly T[], pick: (row: T) => readonly unknown[], width: number): unknown[][] {
  const picked = rows.map(pick);
  return Array.from({ length: width }, (_, column) => picked.map((values) => values[column] ?? null));
}
