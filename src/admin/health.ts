import type { MinuteCount, ReplicaState } from '../domain/ports/activity-store.ts';
import type { StatsView } from './operations/views.ts';

/** What is known about the running gateway. Times are milliseconds since the epoch. */
export type HealthFacts = {
  readonly now: number;
  readonly stats: StatsView;
  readonly replicas: readonly ReplicaState[];
  /** Outcomes of the last quarter of an hour. */
  readonly activity: readonly MinuteCount[];
  readonly parked: readonly { readonly id: string; readonly parkedAt: number }[];
};

/** One sentence about the state of the gateway, what to do, and the section of docs/operations.md that explains it. */
export type Finding = {
  readonly severity: 'alarm' | 'warning';
  readonly text: string;
  readonly since?: number;
  readonly action: string;
  readonly section: string;
};

/** A queued lead that is older than this waits longer than its visitor. */
const OLD_QUEUED_S = 300;
/** Calls within a quarter of an hour from which on a share says something. */
const ENOUGH_CALLS = 10;
const LOW_SUCCESS = 0.8;

/** Outcomes of calls that show that the provider works: it answered about the lead itself. */
const ANSWERED = new Set(['delivered', 'rejected']);
const CALLS = new Set(['delivered', 'rejected', 'credentials', 'refused', 'not_sent', 'unknown']);

/**
 * Says in words whether leads flow: the most important finding first, and none if all is well. It is the same for the console and
 * for the command line.
 */
export function findings(facts: HealthFacts): Finding[] {
  return [
    ...parkedAccounts(facts),
    ...openBreakers(facts),
    ...lowSuccess(facts),
    ...oldLeads(facts),
    ...processes(facts),
    ...waiting(facts),
  ];
}

/** The summary in one line. */
export function headline(found: readonly Finding[]): string {
  const [first] = found;
  if (!first) return 'All leads flow.';
  return found.every(({ severity }) => severity === 'warning') ? `Leads flow. ${first.text}` : first.text;
}

function parkedAccounts({ parked }: HealthFacts): Finding[] {
  return parked.map(({ id, parkedAt }) => ({
    severity: 'alarm',
    text: `The provider refuses the credentials of the account ${id}, and its leads wait.`,
    since: parkedAt,
    action: 'Write the valid password to its file. The gateway reads it within seconds and releases all leads.',
    section: 'the-provider-refuses-our-credentials',
  }));
}

function openBreakers({ replicas }: HealthFacts): Finding[] {
  const endpoints = new Map<string, number>();
  for (const { breakers } of replicas)
    for (const [endpoint, state] of Object.entries(breakers))
      if (state === 'open') endpoints.set(endpoint, (endpoints.get(endpoint) ?? 0) + 1);
  return [...endpoints].map(([endpoint, count]) => ({
    severity: 'alarm',
    text: `${endpoint} is unreachable for ${count} of ${replicas.length} ${replicas.length === 1 ? 'process' : 'processes'}, and its leads wait.`,
    action: 'Inform the provider. The gateway tries again by itself and then sends all leads.',
    section: 'the-provider-is-unreachable',
  }));
}

function lowSuccess({ activity, replicas, parked }: HealthFacts): Finding[] {
  if (parked.length > 0 || replicas.some(({ breakers }) => Object.values(breakers).includes('open'))) return [];
  const sum = (kinds: ReadonlySet<string>): number =>
    activity.reduce((total, { kind, count }) => total + (kinds.has(kind) ? count : 0), 0);
  const [calls, answered] = [sum(CALLS), sum(ANSWERED)];
  if (calls < ENOUGH_CALLS || answered / calls >= LOW_SUCCESS) return [];
  const worst = [...CALLS]
    .filter((kind) => !ANSWERED.has(kind))
    .map((kind) => [kind, sum(new Set([kind]))] as const)
    .sort(([, a], [, b]) => b - a)[0];
  return [
    {
      severity: 'alarm',
      text: `Only ${answered} of ${calls} calls of the last 15 minutes were answered about the lead; most others ended as ${worst?.[0]}.`,
      action: 'Open Leads, filter by cause, and read what the provider answers.',
      section: worst?.[0] === 'refused' ? 'leads-that-wait-for-an-operator' : 'the-provider-is-unreachable',
    },
  ];
}

function oldLeads({ stats, now }: HealthFacts): Finding[] {
  const { oldestQueuedSeconds = 0 } = stats;
  if (oldestQueuedSeconds < OLD_QUEUED_S) return [];
  return [
    {
      severity: 'alarm',
      text: `${stats.byStatus.queued} leads are queued, and the oldest waits ${duration(oldestQueuedSeconds)}.`,
      since: now - oldestQueuedSeconds * 1_000,
      action: 'If the provider works again, retry the queued leads now.',
      section: 'the-provider-is-unreachable',
    },
  ];
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

function waiting({ stats }: HealthFacts): Finding[] {
  const texts = { parked: 'need an operator', unknown: 'may have reached the provider', held: 'are held' } as const;
  return (['parked', 'unknown', 'held'] as const)
    .filter((status) => stats.byStatus[status] > 0)
    .map((status) => ({
      severity: 'warning',
      text: `${stats.byStatus[status]} ${stats.byStatus[status] === 1 ? 'lead' : 'leads'} ${texts[status]} (${status}).`,
      action: 'Open Leads and decide.',
      section: 'leads-that-wait-for-an-operator',
    }));
}

/** A duration in the largest unit that gives at least two: `95 s`, `12 min`, `3 h`, `2 d`. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
