import { DAY_MS } from '../days.ts';
import type { RecordStore } from '../records.ts';
import type { Query } from './database.ts';
import { forget, noteResidue } from './leads.ts';
import { LOCKS } from './locks.ts';
import { scrub } from './scrub.ts';
import type { Store } from './store.ts';

/** Removing what has been kept long enough. Of several replicas one sweeps; the others find nothing to do. */
export function createRetention({ database }: Store): Pick<RecordStore, 'expire' | 'purge' | 'scrub'> {
  const sweep = (run: (query: Query) => Promise<number>): Promise<number> =>
    database.transaction(async (query) => {
      const [lock] = await query('SELECT pg_try_advisory_xact_lock($1, $2) AS ours', LOCKS.sweep);
      return lock?.ours === true ? run(query) : 0;
    });
  return {
    expire: (before, limit) =>
      sweep(async (query) => {
        const rows = await query(EXPIRED, [before, limit]);
        if (rows.length > 0)
          await forget(
            query,
            rows.map(({ seq }) => seq as number),
          );
        return rows.length;
      }),
    purge: (now, limit) =>
      sweep(async (query) => {
        let gone = 0;
        for (const [statement, over] of PURGES) {
          const rows = await query(statement, [over(now), limit - gone]);
          gone += rows.length;
        }
        if (gone > 0) await noteResidue(query, false);
        return gone;
      }),
    scrub: () => scrub(database),
  };
}

const EXPIRED = `
  SELECT seq FROM conversations WHERE status IN ('delivered', 'rejected') AND personal AND updated_at < $1
  ORDER BY updated_at LIMIT $2 FOR UPDATE`;

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
    (now) => Math.floor(now / DAY_MS),
  ],
];
