import type { ConsentStore } from '../domain/ports/lead-records.ts';
import type { RetentionStore } from '../domain/ports/privacy-store.ts';
import { type Clock, DAY_MS, HOUR_MS } from '../lib/clock.ts';

const SWEEP_EVERY_MS = HOUR_MS;
/** Rows that one transaction removes, and the pause between two transactions: other writers wait only a short time. */
const CHUNK = 200;
const CHUNK_PAUSE_MS = 50;

export type Swept = { readonly expired: number; readonly purged: number };

type Parts = {
  readonly store: RetentionStore & Pick<ConsentStore, 'flagConsents'>;
  readonly retentionDays: () => number;
  /** Called after a sweep that removed something. */
  readonly onSwept: (swept: Swept) => void;
  /** Called for a storage fault. The next sweep continues the work. */
  readonly onFault: (error: unknown) => void;
  readonly clock: Clock;
};

export interface Sweeper {
  /** Sweeps at once and then every hour. */
  start(): void;
  /** Resolves when the transaction under way has ended. */
  stop(): Promise<void>;
}

/**
 * Removes personal data whose retention period is over, and idempotency records and counters that have expired. Once a day
 * the storage overwrites the bytes of all that was removed. A day is the unit of `RETENTION_DAYS`.
 */
export function createSweeper({ store, retentionDays, onSwept, onFault, clock }: Parts): Sweeper {
  let stopped = true;
  let sweeping: Promise<void> = Promise.resolve();
  let endPause: () => void = () => undefined;
  // True at the start: an earlier process may have removed data and died before it overwrote the bytes.
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
      if (some >= CHUNK && !stopped) await pause(CHUNK_PAUSE_MS);
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
  /** After an update from a version that did not note which leads came with a consent. */
  const flagConsents = async (): Promise<void> => {
    let cursor: string | undefined;
    do {
      cursor = await store.flagConsents(cursor);
      if (cursor !== undefined && !stopped) await pause(CHUNK_PAUSE_MS);
    } while (cursor !== undefined && !stopped);
  };
  const run = async (): Promise<void> => {
    await flagConsents().catch(onFault);
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
