import type { Clock } from '../../conversation/clock.ts';
import { StorageFault } from './faults.ts';

/** How long a write whose connection broke is tried again before its callers are told, and how soon. */
const PATIENCE_MS = 2_000;
const PAUSE_MS = 100;

/**
 * Runs `write`, and runs it again on another connection while the last one was lost. `write` has to find out by itself
 * whether an earlier run was committed.
 *
 * @param write told whether an earlier run may stand
 * @throws StorageFault when the server did not come back in time; `doubtful` where any of the runs may stand
 */
export async function patiently<T>(clock: Clock, write: (doubtful: boolean) => Promise<T>): Promise<T> {
  const giveUpAt = clock.now() + PATIENCE_MS;
  let doubtful = false;
  for (;;) {
    try {
      return await write(doubtful);
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error;
      doubtful ||= error.doubtful;
      if (error.kind !== 'lost' || clock.now() + PAUSE_MS >= giveUpAt)
        throw doubtful === error.doubtful ? error : new StorageFault(error.kind, doubtful, error.cause);
      await new Promise<void>((resume) => clock.after(PAUSE_MS, resume));
    }
  }
}
