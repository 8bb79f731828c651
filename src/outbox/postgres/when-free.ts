import type { Clock } from '../../conversation/clock.ts';
import { StorageFault } from './faults.ts';

const POLL_MS = 200;

/** A table in which dead rows had to stay, since somebody may still see them. */
export class StillRead extends Error {
  constructor(table: string) {
    super(`Somebody still reads ${table}.`);
    this.name = 'StillRead';
  }
}

/**
 * Runs what needs a table for itself once nobody is in its way, trying again and again. `run` shall wait for a lock only as
 * long as leads may wait behind it (`lock_timeout`): whoever comes after it in the lock's queue waits with it.
 *
 * @throws StorageUnavailable when others were in the way until `giveUpAt`
 */
export async function whenFree(clock: Clock, giveUpAt: number, run: () => Promise<unknown>): Promise<void> {
  while (!(await done(run))) {
    if (clock.now() >= giveUpAt)
      throw new StorageFault(
        'busy',
        false,
        new Error('Another program reads the database and holds what has to be changed.'),
      );
    await new Promise<void>((resume) => clock.after(POLL_MS, resume));
  }
}

async function done(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    // lock_not_available
    if (error instanceof StillRead || (error as { code?: unknown }).code === '55P03') return false;
    throw error;
  }
}
