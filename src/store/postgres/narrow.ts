import type { Filter } from '../../domain/ports/lead-records.ts';
import { CLOCK_MARGIN_MS } from '../rows.ts';
import type { Query } from './database.ts';

/** A range of `seq`: from `low` on, up to but not including `high`. */
export type Range = { readonly low: number; readonly high: number };

/**
 * The part of the conversations that the times of a filter do not rule out. Rows are stored in the order of their times, but for a
 * clock that was set: only a clock that was wrong by more than a day hides the rows of that day.
 */
export async function rangeOf(read: Query, { since, until }: Filter): Promise<Range> {
  const low = since === undefined ? 0 : await placeOf(read, since - CLOCK_MARGIN_MS);
  const high = until === undefined ? Number.MAX_SAFE_INTEGER : await placeOf(read, until + CLOCK_MARGIN_MS);
  return { low, high };
}

/** The place from which on conversations were stored at a time or later. */
async function placeOf(read: Query, at: number): Promise<number> {
  const [row] = await read(PLACE_OF_TIME, [at]);
  return Number(row?.place);
}

/** Halves the range of places until one is left: some twenty look-ups by key among a million rows, and no index of the time. */
const PLACE_OF_TIME = `
  WITH RECURSIVE search (low, high) AS (
    SELECT 0::bigint, (SELECT coalesce(max(seq), 0) + 1 FROM conversations)
    UNION ALL
    SELECT CASE WHEN is_before THEN middle ELSE low END, CASE WHEN is_before THEN high ELSE middle END
    FROM (
      SELECT low, high, (low + high) / 2 AS middle,
        coalesce((SELECT created_at FROM conversations WHERE seq >= (low + high) / 2 ORDER BY seq LIMIT 1) < $1, false) AS is_before
      FROM search WHERE high - low > 1
    ) AS step
  )
  SELECT min(high) AS place FROM search`;
