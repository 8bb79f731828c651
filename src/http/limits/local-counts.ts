import type { Counted } from './shared-counts.ts';

/** Callers remembered for each limit: with a few thousand, as many new addresses would push an offender out. */
const REMEMBERED = 100_000;

export interface LocalCounts {
  /** Counts one more request of `caller`, in a window of `windowMs` that begins with its first one. */
  count(caller: string, windowMs: number): Counted;
}

/**
 * Counts callers in this process.
 *
 * @param now milliseconds since the epoch
 */
export function createLocalCounts(now: () => number): LocalCounts {
  // A map's order is that of writing, and each count is written anew at its end: what comes first was not seen for longest.
  const windows = new Map<string, { count: number; readonly endsAt: number }>();
  // One walk for all, since each new one would step over every key that was ever removed.
  const oldest = windows.keys();

  return {
    count(caller, windowMs) {
      const at = now();
      const known = windows.get(caller);
      const window = known !== undefined && known.endsAt > at ? known : { count: 0, endsAt: at + windowMs };
      window.count += 1;
      windows.delete(caller);
      windows.set(caller, window);
      if (windows.size > REMEMBERED) windows.delete(oldest.next().value ?? '');
      return { count: window.count, resetMs: window.endsAt - at };
    },
  };
}
