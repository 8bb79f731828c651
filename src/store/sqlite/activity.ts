import type { ActivityStore } from '../../domain/ports/activity-store.ts';
import { stateText, toMinuteCount, toReplicaState } from '../activity.ts';
import type { Store } from './database.ts';

/** What all processes did lately. */
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
