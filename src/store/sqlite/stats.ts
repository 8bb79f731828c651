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
import { type Store, WAITS_LONGER } from './database.ts';

/** Counts, from the table that triggers keep (`migrations.ts`): no statement looks at more than one conversation of a group. */
export function createStats({ database, read }: Store): StatsStore {
  const waiting = database.prepare(
    `SELECT provider, status, cause, message, sum(n) AS n, (
       SELECT min(created_at) FROM conversations
       WHERE ${WAITS_LONGER} AND provider = tallies.provider AND status = tallies.status
         AND cause IS nullif(tallies.cause, '') AND message = tallies.message
     ) AS oldest, (SELECT text FROM messages WHERE id = tallies.message) AS text
     FROM tallies WHERE status <> 'delivered' AND status <> 'rejected' AND NOT ${IS_TEST}
     GROUP BY provider, status, cause, message HAVING sum(n) > 0`,
  );
  const byStatus = database.prepare(COUNTS_BY_STATUS);
  const tests = database.prepare(COUNT_TESTS);
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
        testLeads: tests.get()?.n as number,
      })),
  };
}

/** Recent events and states of all processes. */
export function createActivity({ database, writer, read, owner }: Store): ActivityStore {
  const add = database.prepare(
    `INSERT INTO activity (minute, kind, n) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n`,
  );
  const forgetMinutes = database.prepare('DELETE FROM activity WHERE minute < ?');
  const seen = database.prepare(
    `INSERT INTO replicas (owner, seen_at, state) VALUES (?, ?, ?)
     ON CONFLICT DO UPDATE SET seen_at = excluded.seen_at, state = excluded.state`,
  );
  const forgetGone = database.prepare('DELETE FROM replicas WHERE seen_at < ?');
  const forgetOwn = database.prepare('DELETE FROM replicas WHERE owner = ?');
  const minutes = database.prepare('SELECT minute, kind, n FROM activity WHERE minute >= ? ORDER BY minute, kind');
  const replicas = database.prepare('SELECT owner, seen_at, state FROM replicas ORDER BY owner');

  return {
    recordActivity: (state, counts, { forgetBefore, goneBefore }) =>
      writer.write(() => {
        for (const { minute, kind, count } of counts) add.run(minute, kind, count);
        seen.run(owner, state.seenAt, stateText(state));
        forgetMinutes.run(forgetBefore);
        forgetGone.run(goneBefore);
      }),
    activity: (fromMinute) => read(() => minutes.all(fromMinute).map(toMinuteCount)),
    replicas: () => read(() => replicas.all().map(toReplicaState)),
    forgetReplica: () => writer.write(() => void forgetOwn.run(owner)),
  };
}
