import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Address } from '../../src/store/postgres/connection.ts';
import { filledOnce } from './filled-once.ts';
import { freePort } from './free-port.ts';
import { memory } from './memory-folder.ts';
import { type Account, installPostgres } from './postgres-programs.ts';

/** A real Postgres server from the npm packages, in its own folder. */
export type PostgresServer = {
  /** The folder of its files. */
  readonly folder: string;
  /** A new database: empty, or a copy of `template`, which nobody may be connected to. */
  database(template?: Address): Promise<Address>;
  /** The same database on this server, of another one that this is a copy of. */
  addressOf(address: Address): Address;
  /** Runs a statement as the superuser, in a database or in the server's own. */
  query(statement: string, address?: Address): Promise<readonly Record<string, unknown>[]>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Kills the server like a power cut: clients get no notice, and the next start recovers from the log. */
  crash(): Promise<void>;
  /** Stops it and removes its files. */
  end(): Promise<void>;
};

const USER = 'postgres';
const PASSWORD = 'a password of a test';
const READY = /database system is ready to accept (?:read-only )?connections/;
/**
 * A shell that runs the server on a folder and ends it with the signal that it reads from standard input. When this process ends
 * in any way, killed or not, that input closes, the server is ended too, and its files are removed. Only the server holds the
 * error output.
 */
const KEEPER = `folder=$1; shift; "$@" & exec 2>&-
  if read -r signal; then kill -s "$signal" $!; wait $!; else kill -s QUIT $!; wait $!; rm -rf "$folder"; fi`;

/** Several test files run at once, and each of some 80 databases of a file takes eight megabytes. */
const MEMORY_MIN_BYTES = 6 * 2 ** 30;

/**
 * Starts a server with settings such as `['-c', 'max_connections=5']`. Postgres refuses to run as root, so root's server runs
 * as the machine's `nobody`.
 *
 * @param packaged the folder with Postgres's `bin`, `lib` and `share`; by default that of the installed package
 * @param primary a stopped server that this one begins as a copy of, and follows as its standby once both run
 */
export async function startServer(
  flags: readonly string[] = [],
  packaged?: string,
  primary?: PostgresServer,
): Promise<PostgresServer> {
  const parent = mkdtempSync(join(tmpdir(), 'gateway-postgres-'));
  const files = mkdtempSync(join(memory(MEMORY_MIN_BYTES), 'gateway-postgres-'));
  const remove = (): void => {
    for (const path of [parent, files]) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  };
  process.once('exit', remove);
  const { programs, account } = await installPostgres(parent, packaged);
  if (account) chmodSync(files, 0o711);
  const folder = join(files, 'data');
  if (primary) copyAsStandby(primary, folder, account);
  else await copyCluster(programs, folder, account);
  const port = await freePort();
  const fixed = [
    '-D',
    folder,
    '-p',
    String(port),
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'unix_socket_directories=',
  ];

  let keeper: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const child = spawn('sh', ['-c', KEEPER, 'sh', folder, join(programs, 'postgres'), ...fixed, ...flags], {
      ...account,
      ...surroundings(parent),
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    keeper = child;
    await ready(child);
  };
  const end = async (signal: 'INT' | 'QUIT'): Promise<void> => {
    if (!keeper || keeper.exitCode !== null || keeper.signalCode !== null) return;
    const ended = once(keeper, 'exit');
    keeper.stdin?.end(`${signal}\n`);
    await ended;
  };
  await start();

  const addressOf = (database: string): Address => ({
    host: '127.0.0.1',
    port,
    database,
    user: USER,
    password: PASSWORD,
  });
  const query = async (statement: string, address?: Address): Promise<readonly Record<string, unknown>[]> => {
    const client = new pg.Client({ ...(address ?? addressOf('postgres')) });
    await client.connect();
    try {
      return (await client.query(statement)).rows;
    } finally {
      await client.end();
    }
  };
  let databases = 0;
  return {
    folder,
    async database(template) {
      databases += 1;
      const name = `test_${databases}`;
      await query(`CREATE DATABASE ${name}${template ? ` TEMPLATE ${template.database}` : ''}`);
      return addressOf(name);
    },
    addressOf: ({ database }) => addressOf(database),
    query,
    start,
    stop: () => end('INT'),
    crash: () => end('QUIT'),
    async end() {
      // The files are removed, so the server needs no last checkpoint.
      await end('QUIT');
      process.off('exit', remove);
      remove();
    },
  };
}

/** The server's `DATABASE_URL`. */
export function urlOf({ user, password = '', host, port, database }: Address): string {
  return `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}

/** No setting of the shell reaches the server, and it starts in a folder that its user may enter. */
function surroundings(cwd: string) {
  return { cwd, env: { PATH: process.env.PATH } };
}

/**
 * Fills `folder` with a cluster of the programs' version, whose only user is the superuser. The first call in a checkout creates it, which takes
 * a second of CPU time; all others copy it.
 */
async function copyCluster(programs: string, folder: string, account: Account | undefined): Promise<void> {
  const version = execFileSync(join(programs, 'postgres'), ['--version'], { encoding: 'utf8' });
  const template = await filledOnce(`postgres-cluster-2-${version.replaceAll(/[^\w.]+/g, '-')}`, (draft) => {
    const first = `${folder}-first`;
    createCluster(programs, first, account, Number(/\d+/.exec(version)));
    cpSync(first, join(draft, 'data'), { recursive: true });
    rmSync(first, { recursive: true });
  });
  cpSync(join(template, 'data'), folder, { recursive: true });
  ownFolder(folder, account);
}

/** Fills `folder` with the files of a stopped server, and with what makes a standby of them. */
function copyAsStandby(
  { folder: files, addressOf }: PostgresServer,
  folder: string,
  account: Account | undefined,
): void {
  const { host, port, user, password } = addressOf({ database: 'postgres' } as Address);
  cpSync(files, folder, { recursive: true });
  writeFileSync(join(folder, 'standby.signal'), '');
  const way = `host=${host} port=${port} user=${user} password=''${password}'' application_name=standby`;
  writeFileSync(join(folder, 'postgresql.auto.conf'), `primary_conninfo = '${way}'\n`);
  ownFolder(folder, account);
}

/** Postgres refuses a folder that others may enter. */
function ownFolder(folder: string, account: Account | undefined): void {
  chmodSync(folder, 0o700);
  if (account) execFileSync('chown', ['-R', `${account.uid}:${account.gid}`, folder]);
}

/** Creates a new cluster in a folder that does not exist yet. @param major the programs' major version */
function createCluster(programs: string, folder: string, account: Account | undefined, major: number): void {
  const passwordFile = `${folder}-password`;
  writeFileSync(passwordFile, PASSWORD, { mode: 0o600 });
  mkdirSync(folder, { mode: 0o700 });
  if (account) for (const path of [passwordFile, folder]) chownSync(path, account.uid, account.gid);
  execFileSync(
    join(programs, 'initdb'),
    [
      `--pgdata=${folder}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
      // The tests open thousands of connections, and each would take 4,096 iterations of the password's hash.
      ...(major >= 16 ? ['--set=scram_iterations=1'] : []),
    ],
    { ...account, ...surroundings(join(folder, '..')), stdio: ['ignore', 'ignore', 'pipe'] },
  );
  rmSync(passwordFile);
}

/** Resolves when the server accepts connections; rejects with its log if it ends before. */
function ready(keeper: ChildProcess): Promise<void> {
  let log = '';
  return new Promise((resolve, reject) => {
    keeper.once('error', reject);
    keeper.stderr?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (READY.test(log)) resolve();
    });
    keeper.stderr?.once('end', () => {
      keeper.stdin?.end();
      reject(new Error(`Postgres did not start:\n${log}`));
    });
  });
}
