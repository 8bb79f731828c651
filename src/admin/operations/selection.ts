import type { Status } from '../../domain/lead.ts';
import type { Filter, LeadRecord, LeadRecords } from '../../domain/ports/lead-records.ts';
import { OperationError } from './error.ts';
import { describeQuery, type LeadQuery } from './filter.ts';

/** To send (again) what is final or waits, or to let go only what waits for a person. */
export type SendAction = 'replay' | 'release';

const OPEN_TO: Readonly<Record<SendAction, readonly Status[]>> = {
  replay: ['delivered', 'rejected', 'held', 'unknown', 'parked'],
  release: ['held', 'unknown', 'parked'],
};

/** Leads a page while selecting. */
const PAGE = 500;

/** Exactly the leads that would be sent, fixed when it was made: what comes in later is not swept along. */
export type Selection = {
  readonly action: SendAction;
  readonly ids: readonly string[];
  readonly byStatus: Readonly<Partial<Record<Status, number>>>;
  readonly bySite: Readonly<Record<string, number>>;
  /** How many of them may have reached the provider without our knowing. */
  readonly mayHaveArrived: number;
  /** Leads that match and would not be sent: queued or under way already, erased, or not of a status for this action. */
  readonly skipped: number;
  /** Ids that were named and match nothing. */
  readonly missing: number;
  /** Whether more match than were asked for; the newest are taken. */
  readonly more: boolean;
  /** What was meant, for the audit. */
  readonly words: string;
};

/**
 * Finds what an action would send.
 *
 * @param query as given, for the audit's words and to refuse one that names nothing
 * @param max how many leads at most
 * @throws OperationError `invalid` for an empty query or a status that the action does not touch; `not_found` where ids
 *   were named and none is there
 */
export async function select(
  store: Pick<LeadRecords, 'list'>,
  action: SendAction,
  { query, filter, max }: { query: LeadQuery; filter: Filter; max: number },
): Promise<Selection> {
  const open = OPEN_TO[action];
  const closed = filter.status?.find((status) => !open.includes(status));
  if (closed) throw new OperationError('invalid', `status: ${action} takes ${open.join(', ')}`);
  if (Object.keys(filter).length === 0) throw new OperationError('invalid', 'say which leads: ids or a filter');

  const ids: string[] = [];
  const byStatus: Partial<Record<Status, number>> = {};
  const bySite: Record<string, number> = {};
  let mayHaveArrived = 0;
  let skipped = 0;
  let more = false;
  for await (const lead of everyLead(store, filter)) {
    if (!open.includes(lead.status) || lead.leased || lead.erased) {
      skipped += 1;
      continue;
    }
    if (ids.length === max) {
      more = true;
      break;
    }
    ids.push(lead.id);
    byStatus[lead.status] = (byStatus[lead.status] ?? 0) + 1;
    if (lead.mayHaveArrived && lead.status !== 'delivered') mayHaveArrived += 1;
    bySite[lead.site] = (bySite[lead.site] ?? 0) + 1;
  }
  const named = new Set(filter.ids);
  const missing = more ? 0 : Math.max(0, named.size - ids.length - skipped);
  if (missing > 0 && missing === named.size) throw new OperationError('not_found', 'no such lead');
  return { action, ids, byStatus, bySite, mayHaveArrived, skipped, missing, more, words: describeQuery(query) };
}

/** Statuses that an action sends: asked for again at the moment of queueing. */
export function openTo(action: SendAction): readonly Status[] {
  return OPEN_TO[action];
}

async function* everyLead(store: Pick<LeadRecords, 'list'>, filter: Filter): AsyncGenerator<LeadRecord> {
  let after: string | undefined;
  do {
    const page = await store.list(filter, { limit: PAGE, ...(after !== undefined && { after }) });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}
