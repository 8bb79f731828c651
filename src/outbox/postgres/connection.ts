import { readFileSync } from 'node:fs';
import pg from 'pg';

/** Where the database is. `rootCertFile`: authorities to trust instead of the system's. Without `tls` nothing is encrypted. */
export type Address = {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password?: string;
  readonly tls?: { readonly rootCertFile?: string };
};

/** Connecting, and waiting for one of the pool's connections to be free. */
const CONNECT_MS = 3_000;
/** What the server itself ends: a statement, a wait for a lock, a transaction whose process is silent. */
const STATEMENT_MS = 5_000;
const LOCK_MS = 3_000;
const SILENT_MS = 10_000;
/**
 * Whatever the database's default is: a statement has to see what was committed while it waited for a lock. At a stricter
 * level it is refused instead (40001), again and again where replicas write at once.
 */
const LEVEL = '-c default_transaction_isolation=read\\ committed';
/** A server that does not even say so is given up, with its connection. */
const ANSWER_MS = STATEMENT_MS + 1_000;

/** Numbers of 64 bits (OID 20) come as numbers: ours are milliseconds, counts and places in a list. */
const INT8 = 20;
const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text') =>
    oid === INT8 ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

function configOf({ host, port, database, user, password, tls }: Address): pg.ClientConfig {
  return {
    host,
    port,
    database,
    user,
    // As a function, or the driver would look for an empty one in the environment and in files of the machine.
    password: () => password ?? '',
    // The certificate has to be valid for the host's very name.
    ssl: tls !== undefined && {
      rejectUnauthorized: true,
      ...(tls.rootCertFile !== undefined && { ca: readFileSync(tls.rootCertFile, 'utf8') }),
    },
    application_name: 'text-connect-gateway',
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: CONNECT_MS,
    types,
  };
}

/** A pool of at most `max` connections. One that breaks while nobody uses it is dropped without a word. */
export function createPool(address: Address, max: number): pg.Pool {
  const pool = new pg.Pool({
    ...configOf(address),
    max,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: SILENT_MS,
    query_timeout: ANSWER_MS,
    options: LEVEL,
  });
  pool.on('error', () => undefined);
  // The pool listens only to idle clients: one that breaks between two statements of a transaction would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** A connection of its own, for one that waits for notifications. */
export function createListener(address: Address): pg.Client {
  return new pg.Client(configOf(address));
}
