import type { ActivityStore, MinuteCount } from '../domain/ports/activity-store.ts';
import type { HealthFacts } from './health.ts';
import type { Operations } from './operations/operations.ts';

const MINUTES_A_DAY = 1_440;
const RECENT_MINUTES = 15;

type Sources = {
  readonly operations: Pick<Operations, 'stats' | 'waiting'>;
  readonly activity: Pick<ActivityStore, 'activity' | 'replicas'>;
  readonly parked: () => Promise<readonly { readonly id: string; readonly parkedAt: number }[]>;
  readonly endpoints?: ReadonlyMap<string, string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
};

/** Reads what `findings` judges, and the counts of the last day for the chart. All of it is quick however many leads are stored. */
export async function readHealth({
  operations,
  activity,
  parked,
  endpoints,
  now,
}: Sources): Promise<HealthFacts & { readonly day: readonly MinuteCount[] }> {
  const minute = Math.floor(now / 60_000);
  const [stats, waiting, replicas, day, accounts] = await Promise.all([
    operations.stats(),
    operations.waiting(),
    activity.replicas(),
    activity.activity(minute - MINUTES_A_DAY),
    parked(),
  ]);
  return {
    now,
    stats,
    waiting,
    replicas,
    day,
    activity: day.filter((one) => one.minute > minute - RECENT_MINUTES),
    parked: accounts,
    ...(endpoints && { endpoints }),
  };
}
