import { readFileSync } from 'node:fs';
import pg from 'pg';
import type { PostgresPlace } from '../../domain/addresses.ts';
import type { Wake } from '../../domain/ports/outbox.ts';
import type { Clock } from '../../lib/clock.ts';

/** The parameters of a connection to the database. */
export type Address = Omit<PostgresPlace, 'kind' | 'poolMax'>;

/** For connecting, and for waiting until a connection of the pool is free. */
const CONNECT_MS = 3_000;
/** Time-outs that the server enforces: of a statement, of a wait for a lock, of an idle transaction. */
const STATEMENT_MS = 5_000;
const LOCK_MS = 3_000;
const IDLE_IN_TRANSACTION_MS = 10_000;
/**
 * Overrides the database's default: a statement has to see what was committed while it waited for a lock. At a stricter level it
 * fails instead (40001), again and again while replicas write at the same time.
 */
const ISOLATION_LEVEL = '-c default_transaction_isolation=read\\ committed';
/** If the server does not report a statement's time-out either, the driver gives the connection up. */
const ANSWER_MS = STATEMENT_MS + 1_000;

/** 64-bit integers (OID 20) are read as numbers: ours are milliseconds, counts and places in a list. */
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
    // A function, because for an empty string the driver would search the environment and files of the machine.
    password: () => password ?? '',
    // The certificate has to be valid for exactly this host name.
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

/** A pool of at most `max` connections. A connection that breaks while it is idle is dropped silently. */
export function createPool(address: Address, max: number): pg.Pool {
  const pool = new pg.Pool({
    ...configOf(address),
    max,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    query_timeout: ANSWER_MS,
    options: ISOLATION_LEVEL,
  });
  pool.on('error', () => undefined);
  // The pool listens only to idle clients: without this, a break between two statements of a transaction would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** A connection outside the pool that waits for notifications; not connected yet. */
export function createListener(address: Address): pg.Client {
  return new pg.Client(configOf(address));
}

const CHANNEL = 'text_connect_gateway';

/** Wakes the workers of all replicas once the transaction under way is committed. */
export const WAKE = `NOTIFY ${CHANNEL}`;
/** As `WAKE`, for replicas that follow stored entries of the configuration; releases before them wake their workers. */
export const WAKE_ENTRIES = `NOTIFY ${CHANNEL}, 'entries'`;

/** The pause before a lost connection is replaced. */
const RECONNECT_MS = 1_000;
/** An idle connection may be dead without notice: how often it is probed, and how long it has to answer. */
const KEEPALIVE_EVERY_MS = 30_000;
const PROBE_ANSWER_MS = 3_000;

export interface Listening {
  stop(): Promise<void>;
}

/**
 * Calls `wake` when another process has left work or changed entries, and with both after each reconnection, since notifications
 * may have been missed.
 *
 * @param connect gives a client that is not connected yet
 */
export function listenForWork(connect: () => pg.Client, wake: Wake, clock: Clock): Listening {
  const stopped = new AbortController();
  const { signal } = stopped;

  const listen = async (): Promise<void> => {
    const client = connect();
    const lost = new AbortController();
    client.on('error', () => lost.abort());
    client.on('end', () => lost.abort());
    client.on('notification', ({ payload }) => wake(payload === 'entries' ? 'entries' : 'work'));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
      wake('work');
      wake('entries');
      for (;;) {
        await pause(clock, KEEPALIVE_EVERY_MS, [signal, lost.signal]);
        if (signal.aborted || lost.signal.aborted) return;
        await client.query({ text: 'SELECT 1', query_timeout: PROBE_ANSWER_MS } as pg.QueryConfig);
      }
    } catch {
      // The next connection shows whether the fault is over.
    } finally {
      client.removeAllListeners('notification');
      client.end().catch(() => undefined);
    }
  };

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await listen();
      if (!signal.aborted) await pause(clock, RECONNECT_MS, [signal]);
    }
  };
  const running = run();

  return {
    async stop() {
      stopped.abort();
      await running;
    },
  };
}

/** Resolves after `ms`, or when one of the signals is aborted. */
function pause(clock: Clock, ms: number, signals: readonly AbortSignal[]): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => end());
    const end = (): void => {
      cancel();
      for (const signal of signals) signal.removeEventListener('abort', end);
      resolve();
    };
    for (const signal of signals) {
      if (signal.aborted) return end();
      signal.addEventListener('abort', end);
    }
  });
}
