import type { Clock } from '../conversation/clock.ts';
import { DAY_MS } from '../outbox/days.ts';
import type { RecordStore } from '../outbox/records.ts';

const SWEEP_EVERY_MS = 3_600_000;
/** Rows in one transaction, and the breath between two: nobody waits long behind a sweep. */
const CHUNK = 500;
const BREATH_MS = 100;

export type Swept = { readonly expired: number; readonly purged: number };

type Parts = {
  readonly store: Pick<RecordStore, 'expire' | 'purge'>;
  readonly retentionDays: () => number;
  readonly onSwept: (swept: Swept) => void;
  readonly onFault: (error: unknown) => void;
  readonly clock: Clock;
};

export interface Sweeper {
  /** Sweeps at once, and then every hour. */
  start(): void;
  /** Resolves when the sweep under way is over. */
  stop(): Promise<void>;
}

/** Removes personal data that was kept long enough, and records that only matter for a day or two. */
export function createSweeper({ store, retentionDays, onSwept, onFault, clock }: Parts): Sweeper {
  let stopped = true;
  let sweeping: Promise<void> = Promise.resolve();
  let cancel: () => void = () => undefined;

  const inChunks = async (removeSome: () => Promise<number>): Promise<number> => {
    let removed = 0;
    for (let some = CHUNK; some >= CHUNK && !stopped; ) {
      some = await removeSome();
      removed += some;
      if (some >= CHUNK) await new Promise<void>((resume) => clock.after(BREATH_MS, resume));
    }
    return removed;
  };
  const sweep = async (): Promise<void> => {
    try {
      const before = clock.now() - retentionDays() * DAY_MS;
      const expired = await inChunks(() => store.expire(before, CHUNK));
      const purged = await inChunks(() => store.purge(clock.now(), CHUNK));
      if (expired + purged > 0) onSwept({ expired, purged });
    } catch (error) {
      onFault(error);
    }
    if (!stopped) cancel = clock.after(SWEEP_EVERY_MS, begin);
  };
  const begin = (): void => {
    sweeping = sweep();
  };

  return {
    start() {
      stopped = false;
      begin();
    },
    async stop() {
      stopped = true;
      cancel();
      await sweeping;
    },
  };
}
