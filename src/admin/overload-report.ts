import type { Logger } from 'pino';
import type { Clock } from '../lib/clock.ts';

/** One log line in this time, in milliseconds, however many requests are refused. */
const EVERY_MS = 30_000;

/** Tells operators of requests that this process refused because it had too much to do. */
export interface OverloadReport {
  /** Counts a request that was refused. @param reason a word of the program */
  shed(reason: string): void;
  /** Why most of the requests were refused that were refused lately; `undefined` if none was. */
  reason(): string | undefined;
  /** Writes what was counted last. */
  stop(): void;
}

type Parts = {
  readonly log: Pick<Logger, 'warn'>;
  /** Called with the most frequent reason when requests have been refused for a while, and without one when that is over. */
  readonly onLasting: (reason: string | undefined) => void;
  readonly clock: Clock;
};

/**
 * Writes a line when the first request is refused, one every half minute while that goes on, and one when it is over. An
 * overload lasts from the second half minute on; a shorter one needs nobody.
 */
export function createOverloadReport({ log, onLasting, clock }: Parts): OverloadReport {
  let counts: Record<string, number> = {};
  let total = 0;
  /** How many half minutes with refused requests have passed; `undefined` while there is no overload. */
  let passed: number | undefined;
  let mostly: string | undefined;
  let cancel: (() => void) | undefined;

  const line = (): Record<string, unknown> => ({ event: 'overloaded', refused: counts, total });
  const wait = (): void => {
    counts = {};
    cancel = clock.after(EVERY_MS, look);
  };
  const look = (): void => {
    if (Object.keys(counts).length === 0) {
      end();
      return;
    }
    log.warn(line(), 'there is too much to do: requests are answered 503');
    passed = (passed ?? 0) + 1;
    mostly = mostFrequent(counts);
    if (passed === 2) onLasting(mostly);
    wait();
  };
  const end = (): void => {
    log.warn({ event: 'overload_over', total }, 'no more requests are refused because there is too much to do');
    if (passed !== undefined && passed >= 2) onLasting(undefined);
    passed = undefined;
    mostly = undefined;
    total = 0;
  };

  return {
    shed(reason) {
      counts[reason] = (counts[reason] ?? 0) + 1;
      total += 1;
      if (passed !== undefined) return;
      passed = 0;
      log.warn(line(), 'there is too much to do: requests are answered 503');
      cancel = clock.after(EVERY_MS, look);
    },
    reason: () => (passed === undefined ? undefined : (mostly ?? mostFrequent(counts))),
    stop() {
      cancel?.();
      if (passed !== undefined && Object.keys(counts).length > 0) log.warn(line(), 'requests were answered 503');
    },
  };
}

function mostFrequent(counts: Readonly<Record<string, number>>): string | undefined {
  return Object.entries(counts).sort(([, a], [, b]) => b - a)[0]?.[0];
}
