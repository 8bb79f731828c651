import t, { type Test } from 'tap';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import type { OutboxOptions } from '../../src/store/options.ts';
import { createPostgresOutbox, type PostgresOptions } from '../../src/store/postgres/outbox.ts';
import { OPTIONS, type OpenOutbox } from './outbox.ts';
import { type PostgresServer, startServer } from './postgres-server.ts';

/** A server for one test file, which ends with it. */
export async function startPostgres(flags: readonly string[] = []): Promise<PostgresServer> {
  const server = await startServer(flags);
  t.teardown(server.end);
  return server;
}

/** A store in a new database that has its tables; each call opens it again, as another process would. */
export function postgresOutbox(server: PostgresServer): (t: Test) => OpenPostgresOutbox {
  // Creating the tables takes longer than copying a database that has them.
  const template = createTables(server);
  return () => {
    const address = template.then((filled) => server.database(filled));
    const open = async (options?: Partial<OutboxOptions & PostgresOptions>): Promise<Outbox> =>
      createPostgresOutbox(await address, { ...OPTIONS, poolMax: 4, ...options });
    const sql = async (statement: string): Promise<unknown> => server.query(statement, await address);
    return Object.assign(open, { sql, keyTable: 'lead_keys' });
  };
}

async function createTables(server: PostgresServer) {
  const address = await server.database();
  await (await createPostgresOutbox(address, { ...OPTIONS, poolMax: 1 })).close();
  return address;
}

export type OpenPostgresOutbox = OpenOutbox & ((options?: Partial<OutboxOptions & PostgresOptions>) => Promise<Outbox>);
