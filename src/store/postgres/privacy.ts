import type pg from 'pg';
import type { ErasureStore, RetentionStore, SuppressionStore } from '../../domain/ports/privacy-store.ts';
import { type Clock, dayOf, systemClock } from '../../lib/clock.ts';
import { cutPage, placeBefore, toSuppression } from '../rows.ts';
import { REMOVE_UNUSED, UNUSED_MS } from '../settle.ts';
import { type Database, IS_FINAL, type Query, type Store } from './database.ts';
import { advisoryLocks, DeadRowsRemain, retryUntilUnlocked, TABLE_LOCK_MS, UNLOCKED_WITHIN_MS } from './locks.ts';
import { storeErasedCallbacks } from './outgoing.ts';
import { writeAudit } from './records.ts';

export function createErasure({ database }: Store): ErasureStore {
  return {
    async erase(phoneHash, { now, audit }) {
      const erased = await database.transaction(async (query) => {
        const seqs = seqsOf(await query(LOCK_OF_NUMBER, [phoneHash]));
        await query(STOP, [now, seqs]);
        await storeErasedCallbacks(query, seqs);
        const suppressed = seqsOf(await query(SUPPRESSED_OF_NUMBER, [phoneHash]));
        await query('DELETE FROM requests WHERE phone_hash = $1', [phoneHash]);
        await query('DELETE FROM counters WHERE phone_hash = $1', [phoneHash]);
        const all = [...seqs, ...suppressed];
        if (all.length > 0) await removePersonal(query, all);
        else await recordRemoval(query, false);
        await writeAudit(query, { ...audit, count: seqs.length });
        return seqs.length;
      });
      await scrub(database);
      return erased;
    },
  };
}

const LOCK_OF_NUMBER = `
  SELECT seq FROM conversations WHERE seq IN (SELECT seq FROM lead_keys WHERE phone_hash = $1)
  ORDER BY seq FOR UPDATE`;

/** Leads of a suppressed number are not stored, but the references of partners are. */
const SUPPRESSED_OF_NUMBER = `
  SELECT seq FROM conversations WHERE id IN (SELECT conversation_id FROM requests WHERE phone_hash = $1)
    AND reference_hash IS NOT NULL AND NOT personal
  ORDER BY seq FOR UPDATE`;

const STOP = `
  UPDATE conversations SET status = 'rejected', reason = 'other', cause = 'erased', updated_at = $1,
                           next_at = NULL, lease_owner = NULL, fence = fence + 1
  WHERE seq = ANY ($2) AND NOT ${IS_FINAL}`;

/** Of several replicas, one at a time removes expired data; the others find nothing to do. */
export function createRetention({ database }: Store): RetentionStore {
  const onOneReplica = (run: (query: Query) => Promise<number>): Promise<number> =>
    database.transaction(async (query) => {
      const [lock] = await query('SELECT pg_try_advisory_xact_lock($1, $2) AS ours', advisoryLocks.retention);
      return lock?.ours === true ? run(query) : 0;
    });
  return {
    expire: (before, limit) =>
      onOneReplica(async (query) => {
        const leads = seqsOf(await query(EXPIRED, [before, limit]));
        const seqs = [...leads, ...seqsOf(await query(EXPIRED_REFERENCES, [before, limit - leads.length]))];
        if (seqs.length > 0) await removePersonal(query, seqs);
        return seqs.length;
      }),
    purge: (now, limit) =>
      onOneReplica(async (query) => {
        let removed = 0;
        for (const [statement, limitOf] of PURGES) {
          removed += (await query(statement, [limitOf(now), limit - removed])).length;
        }
        if (removed > 0) await recordRemoval(query, false);
        await query(FOLD_TALLIES);
        await query('DELETE FROM tallies WHERE slot = 0 AND n = 0');
        await query(REMOVE_UNUSED, [now - UNUSED_MS]);
        return removed;
      }),
    scrub: () => scrub(database),
  };
}

const EXPIRED = `
  SELECT seq FROM conversations WHERE ${IS_FINAL} AND personal AND updated_at < $1
  ORDER BY updated_at LIMIT $2 FOR UPDATE`;

const EXPIRED_REFERENCES = 'SELECT seq FROM lead_references WHERE suppressed_at < $1 ORDER BY suppressed_at LIMIT $2';

/** Statements that delete what lies before a limit, and that limit. */
const PURGES: readonly [string, (now: number) => number][] = [
  [
    `DELETE FROM requests WHERE key IN (SELECT key FROM requests WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)
     RETURNING 1`,
    (now) => now,
  ],
  [
    'DELETE FROM uses WHERE key IN (SELECT key FROM uses WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2) RETURNING 1',
    (now) => now,
  ],
  [
    `DELETE FROM counters WHERE (day, key) IN (SELECT day, key FROM counters WHERE day < $1 LIMIT $2) RETURNING 1`,
    dayOf,
  ],
];

/** Adds the counts of connections that have ended up under slot 0. */
const FOLD_TALLIES = `
  WITH ended AS (
    DELETE FROM tallies WHERE slot <> 0 AND slot NOT IN (SELECT pid FROM pg_stat_activity)
    RETURNING provider, status, cause, message, site, n
  )
  INSERT INTO tallies
    SELECT 0, provider, status, cause, message, site, sum(n) FROM ended GROUP BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (slot, provider, status, cause, message, site) DO UPDATE SET n = tallies.n + excluded.n`;

export function createSuppressions({ database }: Store): SuppressionStore {
  return {
    suppress: (phoneHash, audit) =>
      database.transaction(async (query) => {
        const isNew = (await query(SUPPRESS, [phoneHash, audit.at])).length === 1;
        if (isNew) await writeAudit(query, audit);
        return isNew;
      }),
    async unsuppress(phoneHash, audit) {
      const found = await database.transaction(async (query) => {
        const removed = (await query(UNSUPPRESS, [phoneHash])).length === 1;
        if (!removed) return false;
        await recordRemoval(query, false);
        await writeAudit(query, audit);
        return true;
      });
      await scrub(database);
      return found;
    },
    async suppressions({ limit, after }) {
      return cutPage(await database.read(SUPPRESSIONS, [placeBefore(after), limit + 1]), limit, toSuppression);
    },
  };
}

const SUPPRESS = 'INSERT INTO suppressions (phone_hash, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1';
const UNSUPPRESS = 'DELETE FROM suppressions WHERE phone_hash = $1 RETURNING 1';
const SUPPRESSIONS =
  'SELECT place AS seq, phone_hash, created_at FROM suppressions WHERE place < $1 ORDER BY place DESC LIMIT $2';

function seqsOf(rows: Awaited<ReturnType<Query>>): readonly number[] {
  return rows.map(({ seq }) => seq as number);
}

/**
 * Removes the personal data of conversations inside the transaction under way, except `requests` and `counters`. The removed rows
 * stay in the files until `scrub`. The attempts of a lead go with its key, by a foreign key.
 */
async function removePersonal(query: Query, seqs: readonly number[]): Promise<void> {
  await query('UPDATE conversations SET personal = false, message = 0, reference_hash = NULL WHERE seq = ANY ($1)', [
    seqs,
  ]);
  await query('DELETE FROM leads WHERE seq = ANY ($1)', [seqs]);
  await query('DELETE FROM descriptions WHERE seq = ANY ($1)', [seqs]);
  await query('DELETE FROM lead_references WHERE seq = ANY ($1)', [seqs]);
  const keys = await query('DELETE FROM lead_keys WHERE seq = ANY ($1) RETURNING lead_key IS NULL AS plain', [seqs]);
  await recordRemoval(
    query,
    keys.some(({ plain }) => plain),
  );
}

/** Records that something was removed and has to be scrubbed; `plain` if a lead without encryption was removed. */
async function recordRemoval(query: Query, plain: boolean): Promise<void> {
  await query('UPDATE residue SET removed = removed + 1, plain = plain OR $1', [plain]);
}

/** Tables that hold keys, hashes, or texts that carry their own key. */
const TABLES = ['lead_keys', 'descriptions', 'attempts', 'lead_references', 'requests', 'counters', 'suppressions'];

/**
 * Writes those tables anew, so that no byte of a removed row is left in their files or indexes: `DELETE` alone leaves the row
 * until it is vacuumed, and its bytes until they are overwritten. `leads` holds ciphertext that cannot be read without its key;
 * it is written anew only if leads were stored without encryption. Does nothing if nothing was removed since the last time.
 *
 * @throws StorageUnavailable if another transaction may still see a removed row after `withinMs`
 */
export async function scrub(
  database: Database,
  clock: Clock = systemClock,
  withinMs = UNLOCKED_WITHIN_MS,
): Promise<void> {
  const [due] = await database.read('SELECT removed FROM residue');
  await database.session(async (query, client) => {
    const giveUpAt = clock.monotonic() + withinMs;
    const retry = (run: () => Promise<unknown>): Promise<void> => retryUntilUnlocked(clock, giveUpAt, run);
    await query(`SET lock_timeout = ${TABLE_LOCK_MS}`);
    await retry(() => query('SELECT pg_advisory_lock($1, $2)', advisoryLocks.scrub));
    const [residue] = await query('SELECT removed, scrubbed, plain FROM residue');
    if ((residue?.scrubbed as number) >= (due?.removed as number)) return;
    for (const table of residue?.plain ? [...TABLES, 'leads'] : TABLES)
      await retry(() => rewrite(query, client, table));
    await query('UPDATE residue SET scrubbed = $1, plain = plain AND removed <> $1', [residue?.removed]);
  });
}

/**
 * `VACUUM` reports the number of dead rows that had to stay as the first number of its detail, whatever the server's language. A
 * server that reports none counts as a failure.
 *
 * @throws DeadRowsRemain if dead rows had to stay, because a transaction may still see them
 */
async function rewrite(query: Query, client: pg.PoolClient, table: string): Promise<void> {
  let remaining: number | undefined;
  const addNotice = ({ detail }: { detail?: string | undefined }): void => {
    const number = /\d+/.exec(detail ?? '')?.[0];
    if (number !== undefined) remaining = (remaining ?? 0) + Number(number);
  };
  client.on('notice', addNotice);
  try {
    await query(`VACUUM (FULL, VERBOSE) ${table}`);
  } finally {
    client.removeListener('notice', addNotice);
  }
  if (remaining !== 0) throw new DeadRowsRemain(table);
}
