import { causeInWords, failingCalls, JUDGED_MINUTES } from '../domain/calls.ts';
import type { ActivityStore, MinuteCount, ReplicaState } from '../domain/ports/activity-store.ts';
import { StorageUnavailable } from '../domain/ports/outbox.ts';
import { GONE_AFTER_MS } from './activity.ts';
import { type Finding, says, siteFindings, waitingFindings } from './findings.ts';
import type { Operations } from './operations/operations.ts';
import type { StatsView, WaitingView } from './operations/views.ts';
import type { SiteNews } from './site-news.ts';

export type { Finding };

/** The facts about the running gateway. Times are milliseconds since the epoch. */
export type HealthFacts = {
  readonly now: number;
  readonly stats: StatsView;
  readonly replicas: readonly ReplicaState[];
  /** Outcomes of the last quarter of an hour. */
  readonly activity: readonly MinuteCount[];
  readonly parked: readonly { readonly id: string; readonly parkedAt: number }[];
  /** Why the storage takes no writes, if it takes none. */
  readonly storage?: string;
  /** What waits, by account, status, cause and message. */
  readonly waiting: readonly WaitingView[];
  /** Sites that fell silent, and pages that are refused. */
  readonly sites?: SiteNews;
  /** The endpoint of each account, to tell which leads an open breaker keeps; absent where it is not known. */
  readonly endpoints?: ReadonlyMap<string, string>;
};

/**
 * Says in words whether leads flow: the most important finding first, and none if all is well. It is the same for the console and
 * for the command line.
 */
export function findings(given: HealthFacts): Finding[] {
  const facts = { ...given, replicas: given.replicas.filter(({ seenAt }) => seenAt > given.now - GONE_AFTER_MS) };
  const failing = failures(facts);
  const open = openEndpoints(facts);
  const groups = waitingFindings({
    ...facts,
    unreachable: new Set(
      [...(facts.endpoints ?? [])].filter(([, endpoint]) => open.has(endpoint)).map(([account]) => account),
    ),
    failing: failing?.text,
  });
  const explained = facts.parked.length > 0 || open.size > 0 || groups.some(({ severity }) => severity === 'alarm');
  return [
    ...failingStorage(facts),
    ...noProcess(facts),
    ...parkedAccounts(facts),
    ...openBreakers(facts, open),
    ...overloads(facts),
    ...(failing && !explained ? [failing.finding] : []),
    ...groups.filter(({ severity }) => severity === 'alarm'),
    ...processes(facts),
    ...siteFindings(facts.sites),
    ...groups.filter(({ severity }) => severity === 'warning'),
  ];
}

/** The summary in one line. */
export function headline(found: readonly Finding[]): string {
  const [first] = found;
  if (!first) return 'All leads flow.';
  return found.every(({ severity }) => severity === 'warning') ? `Leads flow. ${first.text}` : first.text;
}

function failingStorage({ storage }: HealthFacts): Finding[] {
  return storage === undefined ? [] : [storageFinding(storage)];
}

/** The finding about a storage that takes no writes, or cannot be read. @param problem as `storageProblem` gives it */
export function storageFinding(problem: string): Finding {
  return {
    severity: 'alarm',
    text: `The storage fails, and new leads are answered 503: ${problem}.`,
    action: 'Mend the storage; the gateway continues by itself.',
    section: 'the-storage-fails',
  };
}

/** What the storage says: our own words, and SQLite's fixed text or the error's code. Messages of a database may quote stored data. */
export function storageProblem(error: Error): string {
  const own = error.message.replace(/\.$/, '');
  const { cause } = error;
  if (!(cause instanceof Error)) return own;
  if ('errstr' in cause) return `${own} (${cause.errstr})`;
  if ('code' in cause) return `${own} (${cause.code})`;
  return own;
}

function noProcess({ replicas, storage }: HealthFacts): Finding[] {
  // A process cannot report while the storage takes no writes.
  if (replicas.length > 0 || storage !== undefined) return [];
  return [
    {
      severity: 'alarm',
      text: 'No process of the gateway has reported for 90 seconds: no lead is accepted or sent.',
      action: 'Start the gateway, and read its log if it ends again.',
      section: 'no-gateway-answers',
    },
  ];
}

function parkedAccounts({ parked, waiting }: HealthFacts): Finding[] {
  return parked.map(({ id, parkedAt }) => {
    const groups = waiting.filter(
      ({ provider, status }) => provider === id && (status === 'queued' || status === 'parked'),
    );
    const count = groups.reduce((sum, group) => sum + group.count, 0);
    const [said] = groups
      .filter(({ cause, message }) => (cause === undefined || cause === 'provider') && message !== undefined)
      .sort((a, b) => b.count - a.count);
    const leads =
      count === 0 ? 'its leads wait' : `${count.toLocaleString('en-US')} ${count === 1 ? 'lead waits' : 'leads wait'}`;
    return {
      severity: 'alarm',
      text: `The provider refuses the credentials of the account ${id}, and ${leads}${says(said?.message)}.`,
      since: parkedAt,
      action:
        'Write the valid password to its file. The gateway reads it within seconds and releases all leads. If the password is valid, call the provider.',
      section: 'the-provider-refuses-our-credentials',
    };
  });
}

/** The endpoints that some process does not call, with the number of these processes. */
function openEndpoints({ replicas }: HealthFacts): Map<string, number> {
  const endpoints = new Map<string, number>();
  for (const { breakers } of replicas)
    for (const [endpoint, state] of Object.entries(breakers))
      if (state === 'open') endpoints.set(endpoint, (endpoints.get(endpoint) ?? 0) + 1);
  return endpoints;
}

function openBreakers({ replicas, stats, now }: HealthFacts, open: ReadonlyMap<string, number>): Finding[] {
  const { oldestQueuedSeconds } = stats;
  const of = (count: number): string => (replicas.length === 1 ? '' : ` for ${count} of ${replicas.length} processes`);
  const causes = new Map(replicas.flatMap(({ breakerCauses = {} }) => Object.entries(breakerCauses)));
  return [...open].map(([endpoint, count]) => {
    const cause = causes.get(endpoint);
    return {
      severity: 'alarm',
      text: `The provider at ${endpoint} takes no leads${of(count)}${cause === undefined ? '' : `: ${causeInWords(cause)}`}. Its leads wait.`,
      ...(oldestQueuedSeconds !== undefined && { since: now - oldestQueuedSeconds * 1_000 }),
      action: 'Inform the provider. The gateway tries again by itself and then sends all leads.',
      section: 'the-provider-is-unreachable',
    };
  });
}

const OVERLOADS: Readonly<Record<string, readonly [text: string, action: string]>> = {
  event_loop: ['more requests than can be taken', 'Add a replica or a faster machine.'],
  storage: ['more leads than the storage takes in time', 'Look at the disk or the database server.'],
  connections: ['as many connections as MAX_CONNECTIONS allows', 'Raise it, or end the flood.'],
};

function overloads({ replicas }: HealthFacts): Finding[] {
  const busy = replicas.filter(({ overloaded }) => overloaded);
  const reasons = new Set(busy.map(({ overloadedBy = 'event_loop' }) => overloadedBy));
  return [...reasons].map((reason) => {
    const count = busy.filter(({ overloadedBy = 'event_loop' }) => overloadedBy === reason).length;
    const [load, action] = OVERLOADS[reason] ?? [`too much to do (${reason})`, 'Read the log lines "overloaded".'];
    return {
      severity: 'alarm',
      text: `${count} of ${replicas.length} ${replicas.length === 1 ? 'process' : 'processes'} ${count === 1 ? 'has' : 'have'} ${load}, and a part of the requests is answered 503.`,
      action: `${action} Buttons and partners send refused leads again; accepted leads flow.`,
      section: 'there-is-too-much-to-do',
    };
  });
}

/** What is known of the calls of the last 15 minutes, if too few of them were answered about the lead. */
function failures({ activity }: HealthFacts): { readonly text: string; readonly finding: Finding } | undefined {
  const failing = failingCalls(activity);
  if (!failing) return undefined;
  const { calls, answered, worst, count } = failing;
  return {
    text: `${count} of ${calls} calls of the last 15 minutes ended so`,
    finding: {
      severity: 'alarm',
      text: `Only ${answered} of ${calls} calls of the last 15 minutes were answered about the lead; ${count} ended as ${worst}.`,
      action: 'Open the leads of this cause, and read what the provider answers.',
      section: worst === 'refused' ? 'the-provider-refuses-every-lead' : 'most-calls-fail',
    },
  };
}

function processes({ replicas }: HealthFacts): Finding[] {
  const found: Finding[] = [];
  if (replicas.some(({ settingsRefused }) => settingsRefused)) {
    found.push({
      severity: 'warning',
      text: 'The settings on disk have mistakes; the previous settings are in use.',
      action: 'Correct the file before any restart; Configuration lists the mistakes.',
      section: 'the-settings-are-refused',
    });
  }
  if (replicas.some(({ limits }) => limits === 'local')) {
    found.push({
      severity: 'warning',
      text: 'Redis is unreachable for at least one process, which counts rate limits alone.',
      action: 'Nothing is lost. Check Redis.',
      section: 'redis-is-unreachable',
    });
  }
  const versions = new Set(replicas.map(({ version }) => version));
  if (versions.size > 1) {
    found.push({
      severity: 'warning',
      text: `Processes of different versions run: ${[...versions].sort().join(', ')}.`,
      action: 'Finish the update.',
      section: 'many-replicas',
    });
  }
  return found;
}

/** A duration in the largest unit that gives at least two: `95 s`, `12 min`, `3 h`, `2 d`. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

const MINUTES_A_DAY = 1_440;

type Sources = {
  readonly operations: Pick<Operations, 'stats' | 'waiting'>;
  readonly activity: Pick<ActivityStore, 'activity' | 'replicas'> & { ready(): Promise<void> };
  readonly parked: () => Promise<readonly { readonly id: string; readonly parkedAt: number }[]>;
  readonly endpoints?: ReadonlyMap<string, string>;
  readonly sites?: (() => Promise<SiteNews>) | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

/** Reads what `findings` judges, and the counts of the last day for the chart. All of it is quick however many leads are stored. */
export async function readHealth({
  operations,
  activity,
  parked,
  endpoints,
  sites,
  now,
}: Sources): Promise<HealthFacts & { readonly day: readonly MinuteCount[] }> {
  const minute = Math.floor(now / 60_000);
  const [storage, stats, waiting, replicas, day, accounts, news] = await Promise.all([
    activity.ready().then(
      () => undefined,
      (error: unknown) => {
        if (!(error instanceof StorageUnavailable)) throw error;
        return storageProblem(error);
      },
    ),
    operations.stats(),
    operations.waiting(),
    activity.replicas(),
    activity.activity(minute - MINUTES_A_DAY),
    parked(),
    sites?.(),
  ]);
  return {
    now,
    stats,
    waiting,
    replicas,
    day,
    activity: day.filter((one) => one.minute > minute - JUDGED_MINUTES),
    parked: accounts,
    ...(storage !== undefined && { storage }),
    ...(endpoints && { endpoints }),
    ...(news && { sites: news }),
  };
}
