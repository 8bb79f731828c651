import type { StatsStore } from '../../domain/ports/lead-records.ts';
import { COUNTS_BY_STATUS, talliesBy, toCounts, toOpenCounts, toTallies, toWaiting } from '../stats.ts';
import { type Store, WAITS_LONGER } from './database.ts';

/** Counts, from the table that triggers keep (`migrations.ts`): no statement looks at more than one conversation of a group. */
export function createStats({ database: { read } }: Store): StatsStore {
  const openCounts = async () => toOpenCounts(await read(WAITING_GROUPS), await read(PARKED_PROVIDERS));
  return {
    tallies: async (by) => toTallies(await read(talliesBy(by))),
    waiting: async () => toWaiting(await read(WAITING_GROUPS)),
    openCounts,
    async stats() {
      const open = await openCounts();
      const [suppressed] = await read('SELECT count(*) AS n FROM suppressions');
      return {
        ...open,
        byStatus: toCounts(await read(COUNTS_BY_STATUS)),
        suppressions: suppressed?.n as number,
      };
    },
  };
}

/** When the oldest conversation of a group was stored. One condition for both cases of `cause` could not use the index. */
const oldestOf = (cause: string): string => `
  SELECT min(created_at) FROM conversations
  WHERE ${WAITS_LONGER} AND provider = groups.provider AND status = groups.status AND conversations.${cause}
    AND message = groups.message`;
const WAITING_GROUPS = `
  SELECT provider, status, cause, message, n,
    CASE groups.cause WHEN '' THEN (${oldestOf('cause IS NULL')}) ELSE (${oldestOf('cause = groups.cause')}) END AS oldest,
    (SELECT text FROM messages WHERE id = groups.message) AS text
  FROM (
    SELECT provider, status, cause, message, sum(n) AS n FROM tallies WHERE status NOT IN ('delivered', 'rejected')
    GROUP BY provider, status, cause, message HAVING sum(n) > 0
  ) AS groups`;
const PARKED_PROVIDERS = 'SELECT id FROM providers WHERE parked_at IS NOT NULL ORDER BY id';
