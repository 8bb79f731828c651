import type { ActivityStore } from '../../domain/ports/activity-store.ts';
import type { StatsStore } from '../../domain/ports/lead-records.ts';
import { IS_TEST } from '../rows.ts';
import {
  COUNT_TESTS,
  COUNTS_BY_STATUS,
  stateText,
  talliesBy,
  toCounts,
  toMinuteCount,
  toOpenCounts,
  toReplicaState,
  toTallies,
  toWaiting,
} from '../stats.ts';
import { type Store, toColumns, WAITS_LONGER } from './database.ts';

/** Counts, from the table that triggers keep (`migrations.ts`): no statement looks at more than one conversation of a group. */
export function createStats({ database: { read } }: Store): StatsStore {
  const openCounts = async () => toOpenCounts(await read(WAITING_GROUPS), await read(PARKED_PROVIDERS));
  return {
    tallies: async (by) => toTallies(await read(talliesBy(by))),
    waiting: async () => toWaiting(await read(WAITING_GROUPS)),
    openCounts,
    async stats() {
      const open = await openCounts();
      const [tests] = await read(COUNT_TESTS);
      const [suppressed] = await read('SELECT count(*) AS n FROM suppressions');
      return {
        ...open,
        byStatus: toCounts(await read(COUNTS_BY_STATUS)),
        suppressions: suppressed?.n as number,
        testLeads: Number(tests?.n),
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
    SELECT provider, status, cause, message, sum(n) AS n FROM tallies WHERE status NOT IN ('delivered', 'rejected') AND NOT ${IS_TEST}
    GROUP BY provider, status, cause, message HAVING sum(n) > 0
  ) AS groups`;
const PARKED_PROVIDERS = 'SELECT id FROM providers WHERE parked_at IS NOT NULL ORDER BY id';

/** Recent events and states of all processes. Each process counts in its own rows, so that no process waits for another one. */
export function createActivity({ database, owner }: Store): ActivityStore {
  return {
    recordActivity: (state, counts, { forgetBefore, goneBefore }) =>
      database.transaction(async (query) => {
        const columns = toColumns(counts, ({ minute, kind, count }) => [minute, kind, count], 3);
        if (counts.length > 0) await query(ADD, [...columns, owner]);
        await query(SEEN, [owner, state.seenAt, stateText(state)]);
        await query(FORGET_MINUTES, [forgetBefore]);
        await query(FORGET_GONE, [goneBefore]);
      }),
    async activity(fromMinute) {
      return (await database.read(MINUTES, [fromMinute])).map(toMinuteCount);
    },
    async replicas() {
      return (await database.read(REPLICAS)).map(toReplicaState);
    },
    async forgetReplica() {
      await database.transaction((query) => query('DELETE FROM replicas WHERE owner = $1', [owner]));
    },
  };
}

const ADD = `
  INSERT INTO activity (minute, kind, owner, n)
  SELECT minute, kind, $4, n FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS v (minute, kind, n)
  ON CONFLICT (minute, kind, owner) DO UPDATE SET n = activity.n + excluded.n`;

const SEEN = `
  INSERT INTO replicas (owner, seen_at, state) VALUES ($1, $2, $3)
  ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at, state = excluded.state`;

// Rows that another process removes at the same time are left to it.
const FORGET_MINUTES = `
  DELETE FROM activity WHERE ctid IN (SELECT ctid FROM activity WHERE minute < $1 LIMIT 1000 FOR UPDATE SKIP LOCKED)`;

const FORGET_GONE = `
  DELETE FROM replicas WHERE owner IN (SELECT owner FROM replicas WHERE seen_at < $1 FOR UPDATE SKIP LOCKED)`;

const MINUTES = `
  SELECT minute, kind, sum(n) AS n FROM activity WHERE minute >= $1 GROUP BY minute, kind ORDER BY minute, kind COLLATE "C"`;

const REPLICAS = 'SELECT owner, seen_at, state FROM replicas ORDER BY owner COLLATE "C"';
