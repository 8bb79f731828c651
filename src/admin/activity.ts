import { isDeepStrictEqual } from 'node:util';
import type { ActivityStore, MinuteCount, ReplicaState } from '../domain/ports/activity-store.ts';
import { type Clock, DAY_MS, MINUTE_MS } from '../lib/clock.ts';
import type { Tally } from './events.ts';

/** How often a process writes what it did, if it did anything. */
const WRITE_EVERY_MS = 10_000;
/** An idle process writes this often that it still runs. */
const WRITE_IDLE_EVERY_MS = 30_000;
/** How long counts by minute are kept: a day for the chart, and the same day of the week before. */
const KEEP_MINUTES = (8 * DAY_MS) / MINUTE_MS;
/** A process that has not written for this long no longer runs. */
export const GONE_AFTER_MS = 90_000;

export type ActivityReporter = {
  /** Begins to write the counts and the state of this process. */
  readonly start: () => void;
  /** Writes what is left, and removes the state of this process. Never rejects. */
  readonly stop: () => Promise<void>;
};

type Parts = {
  readonly store: ActivityStore;
  /** The events of this process by minute. */
  readonly counts: Tally<MinuteCount>;
  /** The state of this process now. */
  readonly state: () => Omit<ReplicaState, 'owner' | 'seenAt'>;
  readonly clock: Clock;
};

/**
 * Reports what this process does, so that operators see all processes in one place. Counts are added up in memory and written
 * every ten seconds if there are any; a process that is killed loses the counts since then. Counts that the storage refuses are kept for the next time.
 */
export function createActivityReporter({ store, counts, state, clock }: Parts): ActivityReporter {
  let cancel: (() => void) | undefined;
  let writing: Promise<void> | undefined;
  let stopped = false;

  let last: { readonly at: number; readonly state: unknown } | undefined;

  const write = async ({ always }: { readonly always: boolean }): Promise<void> => {
    const now = clock.now();
    const taken = counts.take();
    const own = state();
    const recent = last !== undefined && now - last.at < WRITE_IDLE_EVERY_MS && now >= last.at;
    if (!always && taken.length === 0 && recent && isDeepStrictEqual(own, last?.state)) return;
    try {
      last = { at: now, state: own };
      await store.recordActivity({ ...own, seenAt: now }, taken, {
        forgetBefore: Math.floor(now / MINUTE_MS) - KEEP_MINUTES,
        goneBefore: now - GONE_AFTER_MS,
      });
    } catch {
      // The fault of the storage is reported where leads meet it.
      last = undefined;
      for (const one of taken) counts.add(one);
    }
  };

  const next = (): void => {
    cancel = clock.after(WRITE_EVERY_MS, () => {
      writing = write({ always: false }).finally(() => {
        if (!stopped) next();
      });
    });
  };

  return {
    start() {
      writing = write({ always: true }).finally(() => {
        if (!stopped) next();
      });
    },
    async stop() {
      stopped = true;
      cancel?.();
      await writing;
      await write({ always: false });
      await store.forgetReplica().catch(() => undefined);
    },
  };
}
