import type { Read } from './database.ts';

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
