import type { RetentionStore } from '../domain/ports/privacy-store.ts';
import type { Clock } from '../lib/clock.ts';
import { DAY_MS } from '../lib/days.ts';

const SWEEP_EVERY_MS = 3_600_000;
/** Rows in one transaction, and the breath between two: nobody waits long behind a sweep. */
const CHUNK = 500;
const BREATH_MS = 100;

export type Swept = { readonly expired: number; readonly purged: number };

type Parts = {
  readonly store: RetentionStore;
  readonly retentionDays: () => number;
  /** Told of a sweep that removed something. */
  readonly onSwept: (swept: Swept) => void;
  /** Told of a fault of the storage; the next sweep goes on. */
  readonly onFault: (error: unknown) => void;
  readonly clock: Clock;
};

export interface Sweeper {
  /** Sweeps at once, and then every hour. */
  start(): void;
  /** Resolves when the chunk under way is over. */
  stop(): Promise<void>;
}

/**
 * Removes personal data that was kept long enough, and records that only matter for a day or two. What was removed is
 * scrubbed from the last byte once a day, which is the unit that data is kept in: with 100,000 leads a day it takes half
 * a second.
 */
export function createSweeper({ store, retentionDays, onSwept, onFault, clock }: Parts): Sweeper {
  let stopped = true;
  let sweeping: Promise<void> = Promise.resolve();
  let endPause: () => void = () => undefined;
  // An earlier process may have removed something and died before it was scrubbed.
  let unscrubbed = true;
  let scrubAt = 0;

  const pause = (ms: number): Promise<void> =>
    new Promise((resume) => {
      const cancel = clock.after(ms, resume);
      endPause = () => {
        cancel();
        resume();
      };
    });
  const inChunks = async (removeSome: () => Promise<number>): Promise<number> => {
    let removed = 0;
    for (let some = CHUNK; some >= CHUNK && !stopped; ) {
      some = await removeSome();
      removed += some;
      if (some > 0) unscrubbed = true;
      if (some >= CHUNK && !stopped) await pause(BREATH_MS);
    }
    return removed;
  };
  const scrub = async (): Promise<void> => {
    if (stopped || !unscrubbed || clock.now() < scrubAt) return;
    await store.scrub();
    unscrubbed = false;
    scrubAt = clock.now() + DAY_MS;
  };
  const sweep = async (): Promise<void> => {
    const before = clock.now() - retentionDays() * DAY_MS;
    const expired = await inChunks(() => store.expire(before, CHUNK));
    const purged = await inChunks(() => store.purge(clock.now(), CHUNK));
    if (expired + purged > 0) onSwept({ expired, purged });
    await scrub();
  };
  const run = async (): Promise<void> => {
    while (!stopped) {
      await sweep().catch(onFault);
      if (!stopped) await pause(SWEEP_EVERY_MS);
    }
  };

  return {
    start() {
      stopped = false;
      sweeping = run();
    },
    async stop() {
      stopped = true;
      endPause();
      await sweeping;
    },
  };
}
