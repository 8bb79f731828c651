import { EmptyDatabase, StorageUnavailable, UnusableDatabase } from '../../domain/ports/outbox.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import { type Address, createPool } from './connection.ts';
import { createDatabase, type Database, type Query } from './database.ts';
import { advisoryLocks, retryUntilUnlocked, TABLE_LOCK_MS, UNLOCKED_WITHIN_MS } from './locks.ts';
import { MIGRATIONS, type Migration, oldestReaderOfBound } from './migrations.ts';

/** The oldest server version whose SQL we use. */
const OLDEST_SERVER = 140_000;

export type OpenPlace = {
  /** Connections at most, beside the one that waits for notifications. */
  readonly poolMax: number;
  /** `migrate` brings the schema up to date; `require` changes nothing, and refuses a database that no gateway ever used. */
  readonly schema?: 'migrate' | 'require';
};

/** @throws UnusableDatabase if the database cannot be reached, cannot be used, or would lose commits */
export async function openDatabase(address: Address, { poolMax, schema = 'migrate' }: OpenPlace): Promise<Database> {
  let database: Database | undefined;
  try {
    database = createDatabase(createPool(address, poolMax));
    await requireServer(database);
    await (schema === 'migrate' ? migrate(database) : requireSchema(database));
    return database;
  } catch (error) {
    await database?.close();
    const reason = error instanceof StorageUnavailable ? error.cause : error;
    const name = `${address.host}:${address.port}/${address.database}`;
    throw new UnusableDatabase(name, reasonOf(reason), { cause: error });
  }
}

/** If several addresses of a host fail, the error has no message, only a code. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' && 'code' in error ? String(error.code) : error.message;
}

/** @throws Error that says why this server must not be trusted with leads */
async function requireServer(database: Database): Promise<void> {
  const [row] = await database.read(`
    SELECT current_setting('server_version_num')::integer AS version, current_setting('server_encoding') AS encoding,
           current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit`);
  if ((row?.version as number) < OLDEST_SERVER) throw new Error('the server is older than Postgres 14');
  if (row?.encoding !== 'UTF8') throw new Error(`its encoding is ${row?.encoding} and not UTF8`);
  if (row?.fsync !== 'on' || row?.commit === 'off')
    throw new Error(`commits would be lost with the power (fsync is ${row?.fsync}, synchronous_commit ${row?.commit})`);
}

type Versions = { readonly version: number; readonly oldestReader: number };

/**
 * Brings the schema up to date, one replica at a time, each step in a transaction of its own together with its version number. A
 * newer schema is left alone if its steps say that this version still works on it.
 *
 * @param options `withinMs`: how long it waits for another replica that migrates, and for a table that others have locked
 * @throws Error that says why the database cannot be used
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[] = MIGRATIONS,
  { clock = systemClock, withinMs = UNLOCKED_WITHIN_MS }: { readonly clock?: Clock; readonly withinMs?: number } = {},
): Promise<void> {
  await database.session(async (query) => {
    await query(`SET lock_timeout = ${withinMs}`);
    await query('SELECT pg_advisory_lock($1, $2)', advisoryLocks.migration);
    const found = await versionsOf(query);
    if (found) requireReadable(found, migrations.length);
    else await createVersions(query);
    await query(`SET lock_timeout = ${TABLE_LOCK_MS}`);
    const giveUpAt = clock.monotonic() + withinMs;
    for (const [index, step] of migrations.entries()) {
      if (index >= (found?.version ?? 0))
        await retryUntilUnlocked(clock, giveUpAt, () => apply(query, step, index + 1));
    }
    // No older replica has ever used a database that this program has just created.
    if (!found) await sealBound(query, migrations);
  });
}

async function apply(query: Query, { script, oldestReader }: Migration, version: number): Promise<void> {
  try {
    await query(
      `BEGIN; ${script};
       UPDATE gateway_schema SET version = ${version}, oldest_reader = greatest(oldest_reader, ${oldestReader});
       COMMIT`,
    );
  } catch (error) {
    await query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** From now on new values are sealed bound to their place, and programs that cannot open those are refused. */
export async function sealBound(query: Query, migrations: readonly Migration[] = MIGRATIONS): Promise<void> {
  const oldestReader = oldestReaderOfBound(migrations);
  if (oldestReader === 0) return;
  await query('UPDATE gateway_schema SET bound = true, oldest_reader = greatest(oldest_reader, $1) WHERE NOT bound', [
    oldestReader,
  ]);
}

/** Changes nothing. @throws Error as `migrate`, and if there is no schema yet or an older one than ours */
export async function requireSchema(database: Database): Promise<void> {
  const found = await versionsOf(database.read);
  if (!found) throw new EmptyDatabase();
  requireReadable(found, MIGRATIONS.length);
  if (found.version < MIGRATIONS.length)
    throw new Error(
      `it has schema ${found.version}; the gateway of this version (schema ${MIGRATIONS.length}) was not started yet`,
    );
}

function requireReadable({ version, oldestReader }: Versions, ours: number): void {
  if (oldestReader > ours)
    throw new Error(
      `it was written by a newer version (schema ${version} for ${oldestReader} and later, this one knows ${ours})`,
    );
}

async function versionsOf(query: Query): Promise<Versions | undefined> {
  const [there] = await query(`SELECT to_regclass('gateway_schema') IS NOT NULL AS yes`);
  if (!there?.yes) return undefined;
  const [row] = await query('SELECT version, oldest_reader FROM gateway_schema');
  return row && { version: row.version as number, oldestReader: row.oldest_reader as number };
}

async function createVersions(query: Query): Promise<void> {
  const [foreign] = await query(
    `SELECT count(*) AS n FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')`,
  );
  if ((foreign?.n as number) > 0)
    throw new Error('it belongs to another program; name a database of its own in DATABASE_URL');
  await query(`BEGIN;
    CREATE TABLE gateway_schema (version integer NOT NULL, oldest_reader integer NOT NULL, touched_at bigint NOT NULL);
    INSERT INTO gateway_schema VALUES (0, 0, 0);
    COMMIT`);
}
