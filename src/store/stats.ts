import { STATUSES, type Status } from '../domain/lead.ts';
import type { MinuteCount, ReplicaState } from '../domain/ports/activity-store.ts';
import type { Dimension, Filter, OpenCounts, Tally, WaitingGroup } from '../domain/ports/lead-records.ts';
import { defined } from '../lib/values.ts';
import { IS_TEST, type Row } from './rows.ts';

/** Whether `tallies` has all that a filter asks for, so that its conversations are counted without reading them. */
export function isTallied({ status: _a, cause: _b, site: _c, provider: _d, test: _e, ...rest }: Filter): boolean {
  return Object.values(rest).every((value) => value === undefined);
}

/** Counts all conversations but test leads by status. `tallies` has a few rows for each site. */
export const COUNTS_BY_STATUS = `SELECT status, sum(n) AS n FROM tallies WHERE NOT ${IS_TEST} GROUP BY status`;

export const COUNT_TESTS = `SELECT coalesce(sum(n), 0) AS n FROM tallies WHERE ${IS_TEST}`;

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

/** Stands for messages that leads of fewer than three numbers got. */
const RARE = '(messages of fewer than three numbers)';

/** Counts by dimensions without test leads, in no order. Their names are the program's own, so they can be part of the text. */
export function talliesBy(by: readonly Dimension[]): string {
  const columns = by.map((name) =>
    name === 'message' ? `${MESSAGE} AS message` : `nullif(tallies.${name}, '') AS ${name}`,
  );
  const places = by.map((_, index) => index + 1).join(', ');
  return `SELECT ${columns.join(', ')}, sum(n) AS n FROM tallies LEFT JOIN messages ON messages.id = tallies.message
          WHERE NOT ${IS_TEST.replace('provider', 'tallies.provider')} GROUP BY ${places} HAVING sum(n) <> 0`;
}
const MESSAGE = `CASE WHEN tallies.message <> 0 THEN coalesce(text, '${RARE}') END`;

/** @param rows with the columns of some dimensions and the number `n` */
function toTally(row: Row): Tally {
  const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
  return defined({
    provider: text(row.provider),
    status: text(row.status),
    cause: text(row.cause),
    message: text(row.message),
    site: text(row.site),
    count: Number(row.n),
  });
}

/**
 * Groups of waiting conversations. Those whose messages are not shown are one group.
 *
 * @param rows as `toOpenCounts` takes them, with `provider`, `cause`, the id `message` and its `text`
 */
export function toWaiting(rows: readonly Row[]): readonly WaitingGroup[] {
  const groups = new Map<string, WaitingGroup>();
  for (const row of rows) {
    const { count, ...group } = toTally({ ...row, message: Number(row.message) === 0 ? '' : (row.text ?? RARE) });
    const name = JSON.stringify(group);
    const before = groups.get(name);
    const times = [before?.oldestAt, row.oldest === null ? undefined : Number(row.oldest)].filter(
      (at) => at !== undefined,
    );
    groups.set(name, {
      ...group,
      count: count + (before?.count ?? 0),
      ...(times.length > 0 && { oldestAt: Math.min(...times) }),
    });
  }
  return sortedByCount([...groups.values()]);
}

/** @param rows as `toTally` takes them */
export function toTallies(rows: readonly Row[]): readonly Tally[] {
  return sortedByCount(rows.map(toTally));
}

/** Most first. Equal counts are in one order whatever the store. */
function sortedByCount<T extends Tally>(items: readonly T[]): readonly T[] {
  const name = ({ count: _count, ...rest }: T): string => JSON.stringify(rest);
  return items.toSorted((a, b) => b.count - a.count || (name(a) < name(b) ? -1 : 1));
}

type StoredState = Omit<ReplicaState, 'owner' | 'seenAt'>;

/** The part of a process's state that is stored as JSON. */
export function stateText({ seenAt: _seenAt, ...state }: Omit<ReplicaState, 'owner'>): string {
  return JSON.stringify(state);
}

export function toReplicaState(row: Readonly<Record<string, unknown>>): ReplicaState {
  const state = JSON.parse(String(row.state)) as StoredState;
  return { owner: String(row.owner), seenAt: Number(row.seen_at), ...state };
}

export function toMinuteCount(row: Readonly<Record<string, unknown>>): MinuteCount {
  return { minute: Number(row.minute), kind: String(row.kind), count: Number(row.n) };
}
