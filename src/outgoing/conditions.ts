import { type FailingCalls, failingCalls, JUDGED_MINUTES } from '../domain/calls.ts';
import type { ConditionKind, Notifications } from '../domain/notification.ts';
import type { ActivityStore } from '../domain/ports/activity-store.ts';
import type { ProviderStore } from '../domain/ports/delivery-queue.ts';
import type { StatsStore } from '../domain/ports/lead-records.ts';
import type { AlertStore, ToldAlert } from '../domain/ports/outgoing-queue.ts';
import { MINUTE_MS } from '../lib/clock.ts';

/** Something that an operator should know of while it holds. It names configured things and never a lead. */
export type Condition = {
  readonly kind: ConditionKind;
  /** The account, endpoint, site or receiver that it concerns; of refused requests their code, of an overload its reason. */
  readonly subject?: string;
  /** When it began, where that is known. */
  readonly since?: number;
  readonly count?: number;
  /** The origin of a refused page. */
  readonly origin?: string;
  /** Why the last call to an endpoint failed. */
  readonly cause?: string;
  readonly calls?: FailingCalls;
};

/** The condition as one word, by which all processes know it. */
export function keyOf({ kind, subject }: Condition): string {
  return subject === undefined ? kind : `${kind}:${subject}`;
}

/** The condition of a key, without its figures. */
export function conditionOf(key: string): Condition {
  const end = key.indexOf(':');
  if (end === -1) return { kind: key as ConditionKind };
  return { kind: key.slice(0, end) as ConditionKind, subject: key.slice(end + 1) };
}

/** A process that has reported nothing for this long is dead: six looks of the monitor. */
export const REPORT_FRESH_MS = 90_000;

type Parts = {
  readonly store: Pick<AlertStore, 'reported'> &
    Pick<ActivityStore, 'activity'> &
    Pick<ProviderStore, 'parked'> &
    Pick<StatsStore, 'openCounts'>;
  /** Why the last call of this process to an endpoint failed. */
  readonly causeOf: (endpoint: string) => string | undefined;
  /** Leads that a site has taken today, and how many it may take. */
  readonly siteUse: (site: string) => Promise<{ readonly count: number; readonly max: number }>;
  /** Sites that fell silent, and pages that are refused. */
  readonly siteNews: () => Promise<{
    readonly silent: readonly { readonly site: string; readonly since: number; readonly missed: number }[];
    readonly refused: readonly { readonly site: string; readonly origin: string; readonly count: number }[];
  }>;
};

/** The conditions that hold now, and those that cannot be judged now and stay as they were told. */
export type Findings = { readonly open: readonly Condition[]; readonly undecided: ReadonlySet<string> };

/** The conditions of a provider that explain why calls fail and leads wait. */
const EXPLAINS: ReadonlySet<string> = new Set(['provider_parked', 'breaker_open', 'leads_refused']);

/**
 * Reads from the store which conditions hold.
 *
 * @param sites sites that have taken leads since they were last looked at
 * @throws StorageUnavailable
 */
export async function findConditions(
  { store, causeOf, siteUse, siteNews }: Parts,
  { breakerMinutes, waitMinutes, waiting, capPercent }: Notifications,
  { told, sites, now }: { readonly told: readonly ToldAlert[]; readonly sites: Iterable<string>; readonly now: number },
): Promise<Findings> {
  const known = new Set(told.map(({ condition }) => condition));
  const [parked, { byStatus, oldestQueuedAt }, reported, activity] = await Promise.all([
    store.parked(),
    store.openCounts(),
    store.reported(now - REPORT_FRESH_MS),
    store.activity(Math.floor(now / MINUTE_MS) - JUDGED_MINUTES + 1),
  ]);
  const accounts = parked.map(
    ({ id, parkedAt }): Condition => ({
      kind: 'provider_parked',
      subject: id,
      since: parkedAt,
    }),
  );
  const seen = reported.map(({ condition, since }): Condition & { readonly since: number } => {
    const one = conditionOf(condition);
    const cause = one.kind === 'breaker_open' ? causeOf(one.subject ?? '') : undefined;
    return { ...one, since, ...(cause !== undefined && { cause }) };
  });
  // A breaker that a target was told of counts as open as long as anybody reports it: a process that was restarted reports
  // a later beginning.
  const lasting = seen.filter(
    (one) => one.kind !== 'breaker_open' || known.has(keyOf(one)) || now - one.since >= breakerMinutes * MINUTE_MS,
  );
  const leads = (['parked', 'unknown', 'held'] as const)
    .filter((status) => byStatus[status] >= waiting[status])
    .map((status): Condition => ({ kind: `leads_${status}`, count: byStatus[status] }));
  const late: Condition[] =
    oldestQueuedAt !== undefined && now - oldestQueuedAt >= waitMinutes * MINUTE_MS
      ? [{ kind: 'leads_wait', since: oldestQueuedAt, count: byStatus.queued }]
      : [];
  const calls = failingCalls(activity);
  const failing: Condition[] = calls ? [{ kind: 'calls_failing', calls }] : [];

  const capped: Condition[] = [];
  const told_ = [...known]
    .map(conditionOf)
    .flatMap(({ kind, subject }) => (kind === 'site_cap' && subject ? [subject] : []));
  for (const site of new Set([...sites, ...told_])) {
    const { count, max } = await siteUse(site);
    if (count * 100 >= max * capPercent) capped.push({ kind: 'site_cap', subject: site, count });
  }
  const news = await siteNews();
  const silent = news.silent.map(
    ({ site, since, missed }): Condition => ({ kind: 'site_silent', subject: site, since, count: missed }),
  );
  const refused = news.refused.map(
    ({ site, origin, count }): Condition => ({ kind: 'origin_refused', subject: site, origin, count }),
  );
  const undecided = new Set([
    // The leads of a parked account are parked with it and wait for the account, not for a decision about each.
    ...(parked.length > 0 ? ['leads_parked'] : []),
    // Calls fail and leads wait for a reason that is told, or will be if it lasts.
    ...([...accounts, ...seen].some(({ kind }) => EXPLAINS.has(kind)) ? ['calls_failing', 'leads_wait'] : []),
  ]);
  return {
    open: [...accounts, ...lasting, ...failing, ...late, ...leads, ...capped, ...silent, ...refused].filter(
      (one) => !undecided.has(keyOf(one)),
    ),
    undecided,
  };
}
