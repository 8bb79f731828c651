import { join } from 'node:path';
import pg from 'pg';
import type { Outbox } from '../../../src/domain/ports/outbox.ts';
import { createPostgresOutbox } from '../../../src/store/postgres/outbox.ts';
import { createSqliteOutbox } from '../../../src/store/sqlite/outbox.ts';
import { createVault } from '../../../src/store/vault.ts';
import { withDatabase } from '../database.ts';
import { OPTIONS } from '../outbox.ts';
import type { PostgresServer } from '../postgres-server.ts';
import type { Row } from './verdict.ts';

/** The store that all processes of a simulation share. */
export type SimulatedStore = {
  /** Opens the store as the process `owner`. */
  open(owner: string): Promise<Outbox>;
  /** All conversations, in the order of storing. */
  rows(): Promise<readonly Row[]>;
  /** Runs an operation of the store. Real input and output is tracked, so that simulated time stands still meanwhile. */
  run<T>(operation: () => Promise<T>): Promise<T>;
  /** Resolves when the operation under way ends; `undefined` if there is none. */
  pending(): Promise<unknown> | undefined;
  close(): Promise<void>;
};

const SELECT_ROWS = 'SELECT id, status, cause FROM conversations ORDER BY seq';
const optionsOf = (owner: string) => ({ ...OPTIONS, vault: createVault([]), owner });
const toRow = ({ id, status, cause }: Record<string, unknown>): Row => ({
  id: String(id),
  status: String(status),
  cause: cause as string | null,
});

/** A new SQLite file in `folder`. Its operations need no real time, so they may run in any order. */
export function sqliteStore(folder: string, name: string): SimulatedStore {
  const path = join(folder, `${name}.db`);
  return {
    open: async (owner) => createSqliteOutbox(path, optionsOf(owner)),
    rows: async () => withDatabase(path, (database) => database.prepare(SELECT_ROWS).all().map(toRow)),
    run: (operation) => operation(),
    pending: () => undefined,
    close: async () => undefined,
  };
}

/**
 * A new Postgres database. Its operations run one at a time, so that the simulation learns of commits in their order.
 * `test/store/postgres/replicas.test.ts` tests concurrent operations.
 */
export async function postgresStore(server: PostgresServer): Promise<SimulatedStore> {
  const address = await server.database();
  const reader = new pg.Client(address);
  await reader.connect();
  let last: Promise<unknown> | undefined;
  return {
    open: (owner) => createPostgresOutbox(address, { ...optionsOf(owner), poolMax: 2 }),
    rows: async () => (await reader.query(SELECT_ROWS)).rows.map(toRow),
    run(operation) {
      const result = (last ?? Promise.resolve()).then(operation);
      const ended = result
        .catch(() => undefined)
        .then(() => {
          if (last === ended) last = undefined;
        });
      last = ended;
      return result;
    },
    pending: () => last,
    close: () => reader.end(),
  };
}
