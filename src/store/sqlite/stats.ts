import type { StatsStore } from '../../domain/ports/lead-records.ts';
import { COUNTS_BY_STATUS, talliesBy, toCounts, toOpenCounts, toTallies, toWaiting } from '../stats.ts';
import { type Store, WAITS_LONGER } from './database.ts';

/** Counts, from the table that triggers keep (`migrations.ts`): no statement looks at more than one conversation of a group. */
export function createStats({ database, read }: Store): StatsStore {
  const waiting = database.prepare(
    `SELECT provider, status, cause, message, sum(n) AS n, (
       SELECT min(created_at) FROM conversations
       WHERE ${WAITS_LONGER} AND provider = tallies.provider AND status = tallies.status
         AND cause IS nullif(tallies.cause, '') AND message = tallies.message
     ) AS oldest, (SELECT text FROM messages WHERE id = tallies.message) AS text
     FROM tallies WHERE status <> 'delivered' AND status <> 'rejected'
     GROUP BY provider, status, cause, message HAVING sum(n) > 0`,
  );
  const byStatus = database.prepare(COUNTS_BY_STATUS);
  const parked = database.prepare('SELECT id FROM providers WHERE parked_at IS NOT NULL ORDER BY id');
  const suppressed = database.prepare('SELECT count(*) AS n FROM suppressions WHERE phone_hash IS NOT NULL');
  return {
    tallies: (by) => read(() => toTallies(database.prepare(talliesBy(by)).all())),
    waiting: () => read(() => toWaiting(waiting.all())),
    openCounts: () => read(() => toOpenCounts(waiting.all(), parked.all())),
    stats: () =>
      read(() => ({
        ...toOpenCounts(waiting.all(), parked.all()),
        byStatus: toCounts(byStatus.all()),
        suppressions: suppressed.get()?.n as number,
      })),
  };
}
