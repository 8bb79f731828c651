import type { ConditionKind, Notifications } from '../domain/notification.ts';
import type { ProviderStore } from '../domain/ports/delivery-queue.ts';
import type { StatsStore } from '../domain/ports/lead-records.ts';
import type { AlertStore, ToldAlert } from '../domain/ports/outgoing-queue.ts';

/** Something that an operator should know of while it holds. It names configured things and never a lead. */
export type Condition = {
  readonly kind: ConditionKind;
  /** The account, endpoint or site that it concerns. */
  readonly subject?: string;
  /** When it began, where that is known. */
  readonly since?: number;
  readonly count?: number;
  /** The origin of a refused page. */
  readonly origin?: string;
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
  readonly store: Pick<AlertStore, 'reported'> & Pick<ProviderStore, 'parked'> & Pick<StatsStore, 'openCounts'>;
  /** Leads that a site has taken today, and how many it may take. */
  readonly siteUse: (site: string) => Promise<{ readonly count: number; readonly max: number }>;
  /** Sites that fell silent, and pages that are refused. */
  readonly siteNews: () => Promise<{
    readonly silent: readonly { readonly site: string; readonly since: number; readonly missed: number }[];
    readonly refused: readonly { readonly site: string; readonly origin: string; readonly count: number }[];
  }>;
};

/** What holds now, and what cannot be told right now and stays as it was told. */
export type Findings = { readonly open: readonly Condition[]; readonly undecided: ReadonlySet<string> };

/**
 * Reads from the store which conditions hold.
 *
 * @param sites sites that have taken leads since they were last looked at
 * @throws StorageUnavailable
 */
export async function findConditions(
  { store, siteUse, siteNews }: Parts,
  { breakerMinutes, waiting, capPercent }: Notifications,
  { told, sites, now }: { readonly told: readonly ToldAlert[]; readonly sites: Iterable<string>; readonly now: number },
): Promise<Findings> {
  const known = new Set(told.map(({ condition }) => condition));
  const [parked, { byStatus }, reported] = await Promise.all([
    store.parked(),
    store.openCounts(),
    store.reported(now - REPORT_FRESH_MS),
  ]);
  const accounts = parked.map(
    ({ id, parkedAt }): Condition => ({
      kind: 'provider_parked',
      subject: id,
      since: parkedAt,
    }),
  );
  // A breaker that a target was told of counts as open as long as anybody reports it: a process that was restarted reports
  // a later beginning.
  const seen = reported
    .map(({ condition, since }) => ({ ...conditionOf(condition), since }))
    .filter(
      (one) => one.kind !== 'breaker_open' || known.has(keyOf(one)) || now - one.since >= breakerMinutes * 60_000,
    );
  const leads = (['parked', 'unknown', 'held'] as const)
    .filter((status) => byStatus[status] >= waiting[status])
    .map((status): Condition => ({ kind: `leads_${status}`, count: byStatus[status] }));

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
  // The leads of a parked account are parked with it and wait for the account, not for a decision about each.
  const undecided = new Set(parked.length > 0 ? ['leads_parked'] : []);
  return {
    open: [...accounts, ...seen, ...leads, ...capped, ...silent, ...refused].filter(
      (one) => !undecided.has(keyOf(one)),
    ),
    undecided,
  };
}
