import type { Status } from '../../domain/lead.ts';
import type { Filter, LeadRecord, LeadRecords, RequeueStore } from '../../domain/ports/lead-records.ts';
import { describeQuery, type LeadQuery, OperationError } from './input.ts';

/**
 * `replay` also sends final leads again; `release` sends only leads that wait for an operator; `retry` sends queued leads now
 * and not at the next time of their retry schedule.
 */
export type SendAction = 'replay' | 'release' | 'retry';

/** The statuses of the leads that each action sends. */
export const SENDABLE: Readonly<Record<SendAction, readonly Status[]>> = {
  replay: ['delivered', 'rejected', 'held', 'unknown', 'parked'],
  release: ['held', 'unknown', 'parked'],
  retry: ['queued'],
};

/** Leads read per page while selecting. */
const PAGE = 500;

/** Leads queued per transaction: few enough that accepting new leads never waits long for the lock. */
const CHUNK = 200;

/** An account that is not called now: it is parked, or the breaker of its endpoint is open. */
export type WaitingAccount = {
  readonly provider: string;
  readonly reason: 'parked' | 'breaker';
  readonly leads: number;
};

/** The exact leads that an action sends, fixed when they were selected: leads stored later are not included. */
export type Selection = {
  readonly action: SendAction;
  readonly ids: readonly string[];
  readonly byStatus: Readonly<Partial<Record<Status, number>>>;
  readonly bySite: Readonly<Record<string, number>>;
  /** How many of them an earlier call may have delivered without a readable answer. */
  readonly mayHaveArrived: number;
  readonly byProvider: Readonly<Record<string, number>>;
  /** Accounts of these leads that are not called now, so that their leads wait all the same. */
  readonly waiting: readonly WaitingAccount[];
  /** Leads that match and are not sent: already due or being sent, erased, or of a status that the action does not send. */
  readonly skipped: number;
  /** Given ids that match no lead. */
  readonly missing: number;
  /** Whether more leads match than `max` or `readMax`; the newest are selected. */
  readonly more: boolean;
  /** With `more` because of `readMax`: how many leads match in all. */
  readonly matching?: number;
  /** Description of the query, for the audit. */
  readonly description: string;
};

/**
 * Selects the leads that an action would send. Nothing is changed.
 *
 * @param query the query as given, for the description in the audit
 * @param options `max`: most leads to select; `readMax`: most leads to look at, for a preview of very many; `now`: milliseconds since the epoch; `blocked`: the accounts that are not called
 *   now, each with the reason
 * @throws OperationError `invalid` for an empty filter or a status that the action does not send; `not_found` if ids were
 *   given and none of them exists
 */
export async function select(
  store: Pick<LeadRecords, 'list' | 'count'>,
  action: SendAction,
  {
    query,
    filter,
    max,
    readMax = Number.POSITIVE_INFINITY,
    now,
    blocked,
  }: {
    query: LeadQuery;
    filter: Filter;
    max: number;
    readMax?: number;
    now: number;
    blocked: ReadonlyMap<string, WaitingAccount['reason']>;
  },
): Promise<Selection> {
  const sendable = SENDABLE[action];
  const other = filter.status?.find((status) => !sendable.includes(status));
  if (other) throw new OperationError('invalid', `status: ${action} takes ${sendable.join(', ')}`);
  if (Object.keys(filter).length === 0) throw new OperationError('invalid', 'say which leads: give ids or a filter');

  const ids: string[] = [];
  const byStatus: Partial<Record<Status, number>> = {};
  const bySite: Record<string, number> = {};
  const byProvider: Record<string, number> = {};
  let mayHaveArrived = 0;
  let skipped = 0;
  let more = false;
  // Of an account or a site nearly all leads may be in a status that the action leaves alone: these are counted and not read.
  const narrow = max === Number.POSITIVE_INFINITY && filter.status === undefined && filter.ids === undefined;
  const selected = narrow ? { ...filter, status: sendable } : filter;
  if (narrow && readMax === Number.POSITIVE_INFINITY)
    skipped = Math.max(0, (await store.count(filter)) - (await store.count(selected)));
  let read = 0;
  let matching: number | undefined;
  for await (const lead of everyLead(store, selected)) {
    if (read === readMax) {
      more = true;
      matching = await store.count(selected);
      break;
    }
    read += 1;
    if (!sendable.includes(lead.status) || lead.leased || lead.erased || isDue(lead, now)) {
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
    byProvider[lead.provider] = (byProvider[lead.provider] ?? 0) + 1;
  }
  const given = new Set(filter.ids);
  const missing = more ? 0 : Math.max(0, given.size - ids.length - skipped);
  if (missing > 0 && missing === given.size) throw new OperationError('not_found', 'no such lead');
  const waiting = Object.entries(byProvider).flatMap(([provider, leads]): WaitingAccount[] => {
    const reason = blocked.get(provider);
    return reason === undefined ? [] : [{ provider, reason, leads }];
  });
  const counts = { byStatus, bySite, byProvider, waiting, mayHaveArrived, skipped, missing, more };
  return { action, ids, ...counts, ...(matching !== undefined && { matching }), description: describeQuery(query) };
}

/** Whether a queued lead is due already, so that there is nothing to hasten. */
function isDue({ status, dueAt }: LeadRecord, now: number): boolean {
  return status === 'queued' && dueAt !== undefined && dueAt <= now;
}

/**
 * Queues the selected leads, oldest first; a running gateway sends them. A lead whose state has changed since it was
 * selected is left unchanged, so nothing is sent that the operator did not see in the preview.
 *
 * @param options `actor` for the audit; `onProgress` gets the number of selected leads that are done
 * @returns how many leads were queued
 */
export async function send(
  store: RequeueStore,
  selection: Selection,
  {
    actor,
    now,
    onProgress = () => undefined,
  }: { actor: string; now: () => number; onProgress?: (done: number) => void },
): Promise<number> {
  const { action, description } = selection;
  const ids = selection.ids.toReversed();
  let queued = 0;
  for (let from = 0; from < ids.length; from += CHUNK) {
    const chunk = ids.slice(from, from + CHUNK);
    const audit = { at: now(), actor, action, count: chunk.length, detail: description };
    const changed =
      action === 'retry'
        ? await store.retry(chunk, audit)
        : await store.requeue({ ids: chunk, status: SENDABLE[action] }, chunk.length, audit);
    queued += changed.length;
    onProgress(Math.min(from + CHUNK, ids.length));
  }
  return queued;
}

async function* everyLead(store: Pick<LeadRecords, 'list'>, filter: Filter): AsyncGenerator<LeadRecord> {
  let after: string | undefined;
  do {
    const page = await store.list(filter, { limit: PAGE, ...(after !== undefined && { after }) });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}
