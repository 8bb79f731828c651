import type pg from 'pg';
import { faultKindOf, isRolledBack, StorageFault } from './faults.ts';

/** How often a transaction that lost a conflict is run before its caller is told. */
const MOST_RUNS = 5;
/** The longest that a timer takes. The driver reads 0 as the pool's own time-out. */
const NO_END_MS = 2 ** 31 - 1;
/** A connection that was dead before we used it says so at once; a server that hangs is not asked again. */
const DEAD_AT_ONCE_MS = 1_000;

export type Row = Readonly<Record<string, unknown>>;
/** A statement with a name is parsed once a connection. */
export type Statement = string | { readonly name: string; readonly text: string };
export type Query = (statement: Statement, values?: readonly unknown[]) => Promise<readonly Row[]>;

/** All ways to the server. Every one rejects with `StorageFault`, a `StorageUnavailable`. */
export interface Database {
  /** Rows of one statement that changes nothing. A connection that was dead is no reason to fail. */
  readonly read: Query;
  /** One statement in a transaction of its own. */
  readonly write: Query;
  /** Several statements in one transaction; run again when it loses a conflict. */
  transaction<T>(run: (query: Query) => Promise<T>): Promise<T>;
  /** A connection of its own, without time-outs, that is closed afterwards with all that was set on it. */
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

  const again = async <T>(
    run: () => Promise<T>,
    isWorth: (fault: StorageFault) => boolean,
    most: number,
  ): Promise<T> => {
    for (let runs = 1; ; runs += 1) {
      try {
        return await run();
      } catch (error) {
        if (!(error instanceof StorageFault) || !isWorth(error) || runs >= most) throw error;
      }
    }
  };

  return {
    read(statement, values) {
      const begun = performance.now();
      const atOnce = (): boolean => performance.now() - begun < DEAD_AT_ONCE_MS;
      return again(
        () => once(false, statement, values),
        ({ kind }) => kind === 'lost' && atOnce(),
        2,
      );
    },
    write: (statement, values) =>
      again(
        () => once(true, statement, values),
        ({ kind }) => kind === 'again',
        MOST_RUNS,
      ),
    transaction: (run) =>
      again(
        () => transact(pool, run),
        ({ kind }) => kind === 'again',
        MOST_RUNS,
      ),
    async session(run) {
      const client = await connect(pool);
      try {
        const query = queryOn(client, { query_timeout: NO_END_MS });
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
