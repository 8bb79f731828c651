import type { Clock } from '../../lib/clock.ts';
import { StorageFault } from './faults.ts';

/** The first of the two numbers that name each of our advisory locks: "TCGW". */
const OURS = 0x54434757;

export const advisoryLocks = {
  migration: [OURS, 1],
  /** Writing tables anew after an erasure. */
  scrub: [OURS, 2],
  /** Retention: one replica at a time removes expired data. */
  retention: [OURS, 3],
  /** Moving leads between the queue of a provider and its parking. */
  parking: [OURS, 4],
  /** Changes of stored entries of the configuration. */
  entries: [OURS, 5],
} as const;

/** How long a table may be in use by others before the work on it is given up. */
export const UNLOCKED_WITHIN_MS = 60_000;
/**
 * `lock_timeout` of work that needs a table for itself. Leads wait behind it in the lock's queue, and their statements end
 * after 3 s.
 */
export const TABLE_LOCK_MS = 1_000;
const POLL_MS = 200;

/** Dead rows of a table could not be removed, because a transaction may still see them. */
export class DeadRowsRemain extends Error {
  constructor(table: string) {
    super(`Another transaction may still see removed rows of ${table}.`);
    this.name = 'DeadRowsRemain';
  }
}

/**
 * Runs work that needs a table for itself, again and again until no other transaction is in its way. `run` should set
 * `lock_timeout` to `TABLE_LOCK_MS`: every later transaction in the lock's queue waits with it.
 *
 * @param giveUpAt by the clock's monotonic time
 * @throws StorageUnavailable if others were in the way until `giveUpAt`
 */
export async function retryUntilUnlocked(clock: Clock, giveUpAt: number, run: () => Promise<unknown>): Promise<void> {
  while (!(await succeeds(run))) {
    if (clock.monotonic() >= giveUpAt)
      throw new StorageFault(
        'busy',
        false,
        new Error('Another program reads the database and holds a lock on a table that has to be changed.'),
      );
    await new Promise<void>((resume) => clock.after(POLL_MS, resume));
  }
}

/** Gives `false` if another transaction was in the way. */
async function succeeds(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (error) {
    // lock_not_available
    if (error instanceof DeadRowsRemain || (error as { code?: unknown }).code === '55P03') return false;
    throw error;
  }
}
