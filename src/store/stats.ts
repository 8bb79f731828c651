import { STATUSES, type Status } from '../domain/lead.ts';
import type { OpenCounts } from '../domain/ports/lead-records.ts';
import { defined } from '../lib/defined.ts';
import type { Row } from './rows.ts';

/** Counts all conversations by status. `tallies` has a few rows for each site. */
export const COUNTS_BY_STATUS = 'SELECT status, sum(n) AS n FROM tallies GROUP BY status';

/** @param rows with `status` and the number `n` of its conversations */
export function toCounts(rows: readonly Row[]): Record<Status, number> {
  const counts = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<Status, number>;
  for (const { status, n } of rows) counts[status as Status] += Number(n);
  return counts;
}

/**
 * @param waiting groups of conversations that are not final: `status`, number `n`, and `oldest`, when the oldest was stored
 * @param parked `id` of each parked provider
 */
export function toOpenCounts(waiting: readonly Row[], parked: readonly Row[]): OpenCounts {
  const { queued, held, unknown, parked: parkedLeads } = toCounts(waiting);
  const oldest = waiting.flatMap(({ status, oldest: at }) => (status === 'queued' && at !== null ? [Number(at)] : []));
  return defined({
    byStatus: { queued, held, unknown, parked: parkedLeads },
    oldestQueuedAt: oldest.length === 0 ? undefined : Math.min(...oldest),
    parkedProviders: parked.map(({ id }) => id as string),
  });
}
