import type { AlertStore } from '../../domain/ports/alert-store.ts';
import { toReportedCondition, toToldAlert } from '../outgoing.ts';
import { type Query, type Store, toColumns } from './database.ts';
import { ENQUEUE, enqueueValues } from './outgoing.ts';

/** What operators were told, and which conditions the processes see. */
export function createAlerts({ database, owner }: Store): AlertStore {
  /** Enqueues the message if the statement changed a row, in one transaction. */
  const tellIf = (
    message: Parameters<AlertStore['tellCleared']>[0]['message'],
    change: (query: Query) => ReturnType<Query>,
  ): Promise<boolean> =>
    database.transaction(async (query) => {
      if ((await change(query)).length === 0) return false;
      await query(ENQUEUE, enqueueValues([message]));
      return true;
    });

  return {
    async told() {
      return (await database.read(TOLD)).map(toToldAlert);
    },
    tell: ({ condition, target, message, toldBefore }, now) =>
      tellIf(message, (query) =>
        toldBefore === undefined
          ? query(FIRST, [condition, target, now])
          : query(REMIND, [condition, target, now, toldBefore]),
      ),
    tellCleared: ({ condition, target, message }) => tellIf(message, (query) => query(CLEAR, [condition, target])),
    report: (conditions, now, forgetBefore) =>
      database.transaction(async (query) => {
        await query(FORGET, [owner, forgetBefore]);
        const columns = toColumns(conditions, ({ condition, since }) => [condition, since], 2);
        await query(REPORT, [...columns, owner, now]);
      }),
    async reported(seenAfter) {
      return (await database.read(REPORTED, [seenAfter])).map(toReportedCondition);
    },
  };
}

const TOLD = 'SELECT condition, target, since, told_at FROM told ORDER BY condition, target';

const FIRST = `
  INSERT INTO told (condition, target, since, told_at) VALUES ($1, $2, $3, $3) ON CONFLICT DO NOTHING RETURNING target`;

const REMIND = `
  UPDATE told SET told_at = $3 WHERE condition = $1 AND target = $2 AND told_at <= $4 RETURNING target`;

const CLEAR = 'DELETE FROM told WHERE condition = $1 AND target = $2 RETURNING target';

const FORGET = 'DELETE FROM reported WHERE reporter = $1 OR seen_at < $2';

const REPORT = `
  INSERT INTO reported (condition, reporter, since, seen_at)
  SELECT condition, $3, since, $4 FROM unnest($1::text[], $2::bigint[]) AS v (condition, since)`;

const REPORTED = `
  SELECT condition, min(since) AS since FROM reported WHERE seen_at >= $1 GROUP BY condition ORDER BY condition`;
