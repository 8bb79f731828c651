import type { SQLInputValue } from 'node:sqlite';
import type { Filter } from '../../domain/ports/lead-records.ts';
import { CLOCK_MARGIN_MS, IS_TEST } from '../rows.ts';
import type { Read } from './batch.ts';
import type { Store } from './database.ts';

/** A range of `seq` or `place`: from `low` on, up to but not including `high`. */
export type Slice = { readonly low: number; readonly high: number };

/**
 * The rows that one statement may have to look at. Statements run on the event loop, and this many take less than 20 ms even if
 * each is read and none matches. A multiple of a shelf of the index of numbers.
 */
const SLICE_ROWS = 16 * 1_024;

/** The slices from the newest row down, before `before`. */
export function* slicesDown(newest: number, before = Number.MAX_SAFE_INTEGER): Generator<Slice> {
  for (let high = Math.min(before, newest + 1); high > 0; ) {
    const low = Math.floor((high - 1) / SLICE_ROWS) * SLICE_ROWS;
    yield { low, high };
    high = low;
  }
}

/** The slices from the row after `after` up to the newest one. */
export function* slicesUp(newest: number, after = 0, rows = SLICE_ROWS): Generator<Slice> {
  for (let low = after + 1; low <= newest; ) {
    const high = (Math.floor(low / rows) + 1) * rows;
    yield { low, high };
    low = high;
  }
}

/**
 * Collects the rows of slice after slice, each in a turn of the event loop of its own, until there are `limit`. Rows that are
 * stored meanwhile may be missing.
 *
 * @param select gives at most so many rows of a slice
 */
export async function collect<Row>(
  read: Read,
  slices: Iterable<Slice>,
  limit: number,
  select: (slice: Slice, limit: number) => readonly Row[],
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const slice of slices) {
    for (const row of await read(() => select(slice, limit - rows.length))) rows.push(row);
    if (rows.length >= limit) break;
  }
  return rows;
}

/** Answers from a few rows which parts of a large store a filter cannot match. */
type Narrow = {
  /**
   * How many conversations have the filter's status, cause, site, provider and `test`. No other condition of the filter is regarded, so
   * that it is the most that can match.
   */
  most(filter: Filter): number;
  /** Whether the times of a filter rule out all rows of a slice. */
  outside(filter: Filter, slice: Slice): boolean;
};

export function prepareNarrow({ database }: Pick<Store, 'database'>): Narrow {
  const edge = (order: 'ASC' | 'DESC') =>
    database.prepare(
      `SELECT created_at AS at FROM conversations WHERE seq >= ? AND seq < ? ORDER BY seq ${order} LIMIT 1`,
    );
  const [first, last] = [edge('ASC'), edge('DESC')];
  return {
    most({ status, cause, site, provider, test }) {
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
      if (test !== undefined) terms.push(test ? IS_TEST : `NOT ${IS_TEST}`);
      const sql = `SELECT coalesce(sum(n), 0) AS n FROM tallies WHERE ${terms.join(' AND ')}`;
      return database.prepare(sql).get(...values)?.n as number;
    },
    /** A slice is left out if its first and its last row are this far from the wanted time. */
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
