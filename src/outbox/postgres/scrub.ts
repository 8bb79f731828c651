import type pg from 'pg';
import { type Clock, systemClock } from '../../conversation/clock.ts';
import type { Database, Query } from './database.ts';
import { LOCKS } from './locks.ts';
import { StillRead, whenFree } from './when-free.ts';

/** How long a table is tried to be written anew while others read it, and how long leads may wait behind one try. */
const PATIENCE_MS = 60_000;
const LOCK_MS = 1_000;

/** What holds keys, hashes, or words that carry their own key. */
const TABLES = ['lead_keys', 'descriptions', 'requests', 'counters', 'suppressions'];

/**
 * Writes those tables anew, so that no byte of a removed row is left in their files or indexes: `DELETE` alone leaves the row
 * until it is vacuumed, and its bytes until they are overwritten. `leads` holds what nobody can read without its key, and is
 * written anew only where leads were stored without encryption. Does nothing where nothing was removed since the last time.
 *
 * @throws StorageUnavailable when somebody reads for so long that a removed row has to be kept for them
 */
export async function scrub(database: Database, clock: Clock = systemClock, patienceMs = PATIENCE_MS): Promise<void> {
  const [due] = await database.read('SELECT removed FROM residue');
  await database.session(async (query, client) => {
    const giveUpAt = clock.now() + patienceMs;
    const until = (run: () => Promise<unknown>): Promise<void> => whenFree(clock, giveUpAt, run);
    await query(`SET lock_timeout = ${LOCK_MS}`);
    await until(() => query('SELECT pg_advisory_lock($1, $2)', LOCKS.scrub));
    const [residue] = await query('SELECT removed, scrubbed, plain FROM residue');
    if ((residue?.scrubbed as number) >= (due?.removed as number)) return;
    for (const table of residue?.plain ? [...TABLES, 'leads'] : TABLES)
      await until(() => rewrite(query, client, table));
    await query('UPDATE residue SET scrubbed = $1, plain = plain AND removed <> $1', [residue?.removed]);
  });
}

/**
 * @throws StorageUnavailable where dead rows had to stay, since somebody may still see them. `VACUUM` says how many in the
 *   first number of its detail, whatever the server's language; what says nothing is taken for a failure
 */
async function rewrite(query: Query, client: pg.PoolClient, table: string): Promise<void> {
  let kept: number | undefined;
  const note = ({ detail }: { detail?: string | undefined }): void => {
    const number = /\d+/.exec(detail ?? '')?.[0];
    if (number !== undefined) kept = (kept ?? 0) + Number(number);
  };
  client.on('notice', note);
  try {
    await query(`VACUUM (FULL, VERBOSE) ${table}`);
  } finally {
    client.removeListener('notice', note);
  }
  if (kept !== 0) throw new StillRead(table);
}
