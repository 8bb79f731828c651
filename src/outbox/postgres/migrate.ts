import { type Clock, systemClock } from '../../conversation/clock.ts';
import { EmptyDatabase } from '../unusable.ts';
import type { Database, Query } from './database.ts';
import { LOCKS } from './locks.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';
import { whenFree } from './when-free.ts';

/** How long a starting replica waits for another that is migrating, and for others to let go of a table. */
const PATIENCE_MS = 60_000;
/** How long a step waits for a table at a time: the leads of the old version wait behind it, and their statements end after 3 s. */
const LOCK_MS = 1_000;

type Versions = { readonly version: number; readonly oldestReader: number };

/**
 * Brings the schema up to date, one replica at a time, each step in a transaction of its own with its version. A schema
 * that is newer than ours is left alone where its steps say that we still work on it.
 *
 * @throws Error saying why the database cannot be used
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[] = MIGRATIONS,
  { clock = systemClock, patienceMs = PATIENCE_MS }: { readonly clock?: Clock; readonly patienceMs?: number } = {},
): Promise<void> {
  await database.session(async (query) => {
    await query(`SET lock_timeout = ${patienceMs}`);
    await query('SELECT pg_advisory_lock($1, $2)', LOCKS.migration);
    const found = await versionsOf(query);
    if (found) requireReadable(found, migrations.length);
    else await begin(query);
    await query(`SET lock_timeout = ${LOCK_MS}`);
    const giveUpAt = clock.now() + patienceMs;
    for (const [index, step] of migrations.entries()) {
      if (index >= (found?.version ?? 0)) await whenFree(clock, giveUpAt, () => apply(query, step, index + 1));
    }
  });
}

async function apply(query: Query, { script, oldestReader }: Migration, version: number): Promise<void> {
  try {
    await query(
      `BEGIN; ${script}; UPDATE gateway_schema SET version = ${version}, oldest_reader = ${oldestReader}; COMMIT`,
    );
  } catch (error) {
    await query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

/** Looks only, and changes nothing. @throws Error as `migrate`, and where there is no schema yet, or an older one than ours */
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

async function begin(query: Query): Promise<void> {
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
