import type { SQLInputValue } from 'node:sqlite';
import type { Filter } from '../../domain/ports/lead-records.ts';
import { DAY_MS } from '../../lib/clock.ts';
import type { Store } from './database.ts';
import type { Slice } from './slices.ts';

/** Answers from a few rows which parts of a large store a filter cannot match. */
export type Narrow = {
  /**
   * How many conversations have the filter's status, cause, site and provider. No other condition of the filter is regarded, so
   * that it is the most that can match.
   */
  most(filter: Filter): number;
  /** Whether the times of a filter rule out all rows of a slice. */
  outside(filter: Filter, slice: Slice): boolean;
};

/**
 * Rows are stored in the order of their times, but for a clock that was set: a slice is left out if its first and its last row
 * are this far from the wanted time. Only a clock that was wrong by more than a day hides the rows of that day.
 */
const CLOCK_MARGIN_MS = DAY_MS;

/** Whether `Narrow.most` regards all conditions of the filter. */
export function isTallied({ status: _a, cause: _b, site: _c, provider: _d, ...rest }: Filter): boolean {
  return Object.values(rest).every((value) => value === undefined);
}

export function prepareNarrow({ database }: Pick<Store, 'database'>): Narrow {
  const edge = (order: 'ASC' | 'DESC') =>
    database.prepare(
      `SELECT created_at AS at FROM conversations WHERE seq >= ? AND seq < ? ORDER BY seq ${order} LIMIT 1`,
    );
  const [first, last] = [edge('ASC'), edge('DESC')];
  return {
    most({ status, cause, site, provider }) {
      const terms = ['n <> 0'];
      const values: SQLInputValue[] = [];
      const add = (term: string, value: SQLInputValue): void => {
        terms.push(term);
        values.push(value);
      };
      if (status) add('status IN (SELECT value FROM json_each(?))', JSON.stringify(status));
      if (cause) add('cause IN (SELECT value FROM json_each(?))', JSON.stringify(cause));
      if (site !== undefined) add('site = ?', site);
      if (provider !== undefined) add('provider = ?', provider);
      const sql = `SELECT coalesce(sum(n), 0) AS n FROM tallies WHERE ${terms.join(' AND ')}`;
      return database.prepare(sql).get(...values)?.n as number;
    },
    outside({ since, until }, { low, high }) {
      if (since === undefined && until === undefined) return false;
      const times = [first.get(low, high)?.at, last.get(low, high)?.at].filter((at) => typeof at === 'number');
      if (times.length === 0) return true;
      return (
        (since !== undefined && Math.max(...times) < since - CLOCK_MARGIN_MS) ||
        (until !== undefined && Math.min(...times) >= until + CLOCK_MARGIN_MS)
      );
    },
  };
}
