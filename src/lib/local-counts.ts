/** How many requests a requester sent in its window, this one included, and how many milliseconds that window still lasts. */
export type Counted = { readonly count: number; readonly resetMs: number };

/** Counts requests of requesters in the memory of this process. */
export interface LocalCounts {
  /** Counts one more request under `key`, in a window of `windowMs` that begins with the first request. */
  count(key: string, windowMs: number): Counted;
  /** Reads the present count under `key` without counting; a count of 0 where no window is open. */
  read(key: string): Counted;
}

/** Requesters that are remembered. With a few thousand, as many new addresses would evict an offender. */
const REMEMBERED = 100_000;

/**
 * Creates counters that begin at zero.
 *
 * @param monotonic milliseconds that never jump: a clock that is set back would prolong every window
 * @param restartAt the count that begins the window anew, once: from then on the requester waits a whole window
 */
export function createLocalCounts(monotonic: () => number, restartAt = Number.POSITIVE_INFINITY): LocalCounts {
  // A map keeps the order of insertion, and each count is inserted again at the end: the first key is the least recently used.
  const windows = new Map<string, { count: number; endsAt: number }>();
  // One iterator for all evictions, because each new one would step over every key that was ever removed.
  const oldest = windows.keys();

  return {
    count(key, windowMs) {
      const at = monotonic();
      const known = windows.get(key);
      const window = known !== undefined && known.endsAt > at ? known : { count: 0, endsAt: at + windowMs };
      window.count += 1;
      if (window.count === restartAt) window.endsAt = at + windowMs;
      windows.delete(key);
      windows.set(key, window);
      if (windows.size > REMEMBERED) windows.delete(oldest.next().value ?? '');
      return { count: window.count, resetMs: window.endsAt - at };
    },
    read(key) {
      const at = monotonic();
      const known = windows.get(key);
      return known !== undefined && known.endsAt > at
        ? { count: known.count, resetMs: known.endsAt - at }
        : { count: 0, resetMs: 0 };
    },
  };
}
