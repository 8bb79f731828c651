import type { AlertStore } from '../../domain/ports/alert-store.ts';
import { toReportedCondition, toToldAlert } from '../outgoing.ts';
import type { Store } from './database.ts';
import { prepareEnqueue } from './outgoing.ts';

/** What operators were told, and which conditions the processes see. */
export function createAlerts({ database, writer, read, owner }: Store): AlertStore {
  const enqueue = prepareEnqueue(database);
  const told = database.prepare('SELECT condition, target, since, told_at FROM told ORDER BY condition, target');
  const insert = database.prepare(
    'INSERT INTO told (condition, target, since, told_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const remind = database.prepare('UPDATE told SET told_at = ? WHERE condition = ? AND target = ? AND told_at <= ?');
  const clear = database.prepare('DELETE FROM told WHERE condition = ? AND target = ?');
  const forgetOwn = database.prepare('DELETE FROM reported WHERE reporter = ?');
  const forgetOld = database.prepare('DELETE FROM reported WHERE seen_at < ?');
  const report = database.prepare('INSERT INTO reported (condition, reporter, since, seen_at) VALUES (?, ?, ?, ?)');
  const reported = database.prepare(
    'SELECT condition, min(since) AS since FROM reported WHERE seen_at >= ? GROUP BY condition ORDER BY condition',
  );

  return {
    told: () => read(() => told.all().map(toToldAlert)),
    tell: ({ condition, target, message, toldBefore }, now) =>
      writer.write(() => {
        const { changes } =
          toldBefore === undefined
            ? insert.run(condition, target, now, now)
            : remind.run(now, condition, target, toldBefore);
        if (changes === 0) return false;
        enqueue(message);
        return true;
      }),
    tellCleared: ({ condition, target, message }) =>
      writer.write(() => {
        if (clear.run(condition, target).changes === 0) return false;
        enqueue(message);
        return true;
      }),
    report: (conditions, now, forgetBefore) =>
      writer.write(() => {
        forgetOwn.run(owner);
        forgetOld.run(forgetBefore);
        for (const { condition, since } of conditions) report.run(condition, owner, since, now);
      }),
    reported: (seenAfter) => read(() => reported.all(seenAfter).map(toReportedCondition)),
  };
}
