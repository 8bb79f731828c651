import { StorageFault } from './faults.ts';

/** How long a write whose connection broke is tried again before its callers are told, and how soon. */
const PATIENCE_MS = 2_000;
const PAUSE_MS = 100;

export type Timer = {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  readonly wait: (ms: number) => Promise<void>;
};

export const systemTimer: Timer = {
  now: () => performance.now(),
  wait: (ms) => new Promise((resume) => setTimeout(resume, ms)),
};

/**
 * Runs `write`, and runs it again on another connection while the last one was lost. `write` has to find out by itself
 * whether an earlier run was committed.
 *
 * @param write told whether an earlier run may stand
 * @throws StorageFault when the server did not come back in time; `doubtful` where any of the runs may stand
 */
export async function patiently<T>(timer: Timer, write: (doubtful: boolean) => Promise<T>): Promise<T> {
  const giveUpAt = timer.now() + PATIENCE_MS;
  let doubtful = false;
  for (;;) {
    try {
      return await write(doubtful);
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      doubtful ||= error.doubtful;
      if (error.kind !== 'lost' || timer.now() + PAUSE_MS >= giveUpAt)
        throw doubtful === error.doubtful ? error : new StorageFault(error.kind, doubtful, error.cause);
      await timer.wait(PAUSE_MS);
    }
  }
}
