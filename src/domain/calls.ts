import type { MinuteCount } from './ports/activity-store.ts';

/** Minutes by which calls are judged. */
export const JUDGED_MINUTES = 15;
/** Calls from which on a share says something. */
const ENOUGH_CALLS = 10;
/** The newest calls: when these are answered, the fault is over, whatever came before. */
const NEWEST_CALLS = 5;
export const LOW_SUCCESS = 0.8;

/** Outcomes of calls that show that the provider works: it answered about the lead itself. */
const ANSWERED: ReadonlySet<string> = new Set(['delivered', 'rejected']);
const FAILED = ['credentials', 'refused', 'not_sent', 'unknown'] as const;
const CALLS: ReadonlySet<string> = new Set([...ANSWERED, ...FAILED]);

/** Calls of which too few were answered about the lead, and the outcome that most of the others had. */
export type FailingCalls = {
  readonly calls: number;
  readonly answered: number;
  readonly worst: (typeof FAILED)[number];
  /** How many ended as `worst`. */
  readonly count: number;
};

/**
 * Whether most calls fail.
 *
 * @param activity counts of the last `JUDGED_MINUTES`
 * @returns `undefined` where enough calls were answered, there were too few of them, or the newest ones were answered again
 */
export function failingCalls(activity: readonly MinuteCount[]): FailingCalls | undefined {
  const sum = (kinds: ReadonlySet<string>, from = activity): number =>
    from.reduce((total, { kind, count }) => total + (kinds.has(kind) ? count : 0), 0);
  const isLow = (from: readonly MinuteCount[]): boolean => sum(ANSWERED, from) / sum(CALLS, from) < LOW_SUCCESS;
  const [calls, answered] = [sum(CALLS), sum(ANSWERED)];
  if (calls < ENOUGH_CALLS || !isLow(activity)) return undefined;
  const minutes = [...new Set(activity.map(({ minute }) => minute))].sort((a, b) => b - a);
  const newest = (from: number) => activity.filter(({ minute }) => minute >= from);
  const since = minutes.find((minute) => sum(CALLS, newest(minute)) >= NEWEST_CALLS);
  if (since !== undefined && !isLow(newest(since))) return undefined;
  const [first, ...others] = FAILED.map((kind) => ({ worst: kind, count: sum(new Set([kind])) }));
  const most = others.reduce(
    (one, other) => (other.count > one.count ? other : one),
    first as NonNullable<typeof first>,
  );
  return { calls, answered, ...most };
}

const CAUSES: Readonly<Record<string, string>> = {
  dns: 'its name cannot be resolved',
  refused: 'it refuses connections',
  unreachable: 'the network does not reach it',
  connect_timeout: 'it accepts no connection in time',
  connect: 'no connection can be opened',
  tls: 'its certificate or its encryption is not valid',
  timeout: 'it takes longer than UPSTREAM_TIMEOUT_MS to answer',
  reset: 'it closes connections without an answer',
  truncated: 'its answers end too early',
  too_large: 'its answers are too large',
  bad_http: 'its answers are no valid HTTP',
};

/** What the cause of a call that was not sent, or whose outcome is unknown, says of the endpoint, after "because". */
export function causeInWords(cause: string): string {
  const [, status] = /^http_(\d{3})$/.exec(cause) ?? [];
  if (status !== undefined) return `it answers HTTP ${status}`;
  return CAUSES[cause] ?? 'its answers cannot be read';
}
