import { DAY_MS } from '../days.ts';
import type { RecordStore } from '../records.ts';
import { prepareForget } from './leads.ts';
import { emptyLog, KEPT, PASSING, rewriteHashes } from './scrub.ts';
import { IS_FINAL, type Store } from './store.ts';

/** Removing what has been kept long enough. */
export function createRetention(store: Store): Pick<RecordStore, 'expire' | 'purge' | 'scrub'> {
  const { database, writer } = store;
  const forget = prepareForget(database);
  const expired = database.prepare(
    `SELECT seq FROM conversations WHERE ${IS_FINAL} AND personal = 1 AND updated_at < ?
     ORDER BY updated_at LIMIT ?`,
  );
  const purgeRequests = database.prepare(
    'DELETE FROM requests WHERE key IN (SELECT key FROM requests WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)',
  );
  const purgeUses = database.prepare(
    'DELETE FROM uses WHERE key IN (SELECT key FROM uses WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)',
  );
  const purgeCounters = database.prepare(
    'DELETE FROM counters WHERE (day, key) IN (SELECT day, key FROM counters WHERE day < ? LIMIT ?)',
  );
  return {
    expire(before, limit) {
      return writer.write(() => {
        const rows = expired.all(before, limit);
        for (const { seq } of rows) forget(seq as number);
        return rows.length;
      });
    },
    purge(now, limit) {
      return writer.write(() => {
        const requests = Number(purgeRequests.run(now, limit).changes);
        const gone = requests + Number(purgeUses.run(now, limit - requests).changes);
        return gone + Number(purgeCounters.run(Math.floor(now / DAY_MS), limit - gone).changes);
      });
    },
    async scrub() {
      await writer.write(() => rewriteHashes(database, null, [...PASSING, ...KEPT]));
      await emptyLog(store);
    },
  };
}
