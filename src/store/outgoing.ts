import type {
  DestinationState,
  DueDestination,
  OutgoingClaim,
  OutgoingMessage,
  OutgoingResult,
  ReportedCondition,
  Subscriber,
  ToldAlert,
} from '../domain/ports/outgoing-queue.ts';
import { defined } from '../lib/values.ts';
import type { Row } from './rows.ts';

/** The failure that a destination shows after a message was given up because of its age. */
export const EXPIRED = 'expired';

/**
 * A condition on `one`, a row of `outgoing`: no earlier message with its ordering key is stored. It decides at each claim, so a
 * message that is stored while its predecessor is being sent cannot overtake it.
 */
export const IS_FIRST = `(one.ordering IS NULL OR NOT EXISTS (
  SELECT 1 FROM outgoing AS earlier
  WHERE earlier.destination = one.destination AND earlier.ordering = one.ordering AND earlier.seq < one.seq))`;

/** Every destination with messages, and when its next one is due: two looks into indexes for each of them. */
export const DUE_DESTINATIONS = `
  WITH RECURSIVE named (destination) AS (
    SELECT min(destination) FROM outgoing
    UNION ALL
    SELECT (SELECT min(destination) FROM outgoing WHERE destination > named.destination)
    FROM named WHERE named.destination IS NOT NULL
  ) SELECT destination,
      (SELECT one.next_at FROM outgoing AS one
       WHERE one.destination = named.destination AND ${IS_FIRST} ORDER BY one.next_at LIMIT 1) AS due_at
    FROM named WHERE destination IS NOT NULL`;

/** Destinations that have messages or results. */
export const DESTINATION_STATES = `
  SELECT destination, coalesce(waiting, 0) AS waiting, delivered_at, failed_at, failure
  FROM (SELECT destination, count(*) AS waiting FROM outgoing GROUP BY destination) AS stored
  FULL JOIN outgoing_results USING (destination) ORDER BY destination`;

/** What the result of a claim notes for its destination. */
export function notedOf(result: OutgoingResult, now: number) {
  if (result.kind === 'delivered') return { deliveredAt: now, failedAt: null, failure: null };
  return { deliveredAt: null, failedAt: now, failure: result.failure };
}

/** The columns of a message in the order of both adapters' statements. */
export function columnsOf({ id, destination, ordering, body, createdAt, expiresAt, dueAt }: OutgoingMessage) {
  return [id, destination, ordering ?? null, body, createdAt, expiresAt, dueAt] as const;
}

export function toOutgoingClaim(row: Row): OutgoingClaim {
  return defined({
    id: row.id as string,
    destination: row.destination as string,
    ordering: (row.ordering as string | null) ?? undefined,
    body: row.body as string,
    createdAt: row.created_at as number,
    fence: row.fence as number,
    attempts: row.attempts as number,
  });
}

export function toDueDestination(row: Row): DueDestination {
  return { destination: row.destination as string, dueAt: row.due_at as number };
}

export function toDestinationState(row: Row): DestinationState {
  return defined({
    destination: row.destination as string,
    waiting: row.waiting as number,
    deliveredAt: (row.delivered_at as number | null) ?? undefined,
    failedAt: (row.failed_at as number | null) ?? undefined,
    failure: (row.failure as string | null) ?? undefined,
  });
}

/** How many rows there are of each destination. */
export function countsByDestination(rows: readonly Row[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { destination } of rows as readonly { destination: string }[])
    counts.set(destination, (counts.get(destination) ?? 0) + 1);
  return counts;
}

export function toToldAlert(row: Row): ToldAlert {
  return {
    condition: row.condition as string,
    target: row.target as string,
    since: row.since as number,
    toldAt: row.told_at as number,
  };
}

export function toReportedCondition(row: Row): ReportedCondition {
  return { condition: row.condition as string, since: row.since as number };
}

/** Whether the stored subscribers are those that are wanted, so that nothing has to be written. */
export function sameSubscribers(rows: readonly Row[], subscribers: readonly Subscriber[]): boolean {
  const nameOf = ({ destination, partner, site }: Row | Subscriber): string =>
    JSON.stringify([destination, partner ?? null, site ?? null]);
  const stored = new Set(rows.map(nameOf));
  return stored.size === subscribers.length && subscribers.every((one) => stored.has(nameOf(one)));
}
