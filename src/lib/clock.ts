/** Time as a parameter: the program uses the machine's clock, tests use one that they advance by hand. */
export interface Clock {
  /** Milliseconds since the epoch: for times that are stored, shown or compared with those of others. It may jump. */
  now(): number;
  /**
   * Milliseconds since a fixed moment of this process, which never jump: for how long something lasts. A wall clock that is set
   * back by an hour would keep a circuit breaker open, or a limit exceeded, for that hour.
   */
  monotonic(): number;
  /** Calls `run` once after `ms`; the returned function cancels it. */
  after(ms: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  monotonic: () => performance.now(),
  after(ms, run) {
    // setTimeout fires at once beyond 2^31 - 1 ms.
    const timer = setTimeout(run, Math.min(ms, 2_147_483_647));
    return () => clearTimeout(timer);
  },
};

/** The promise's value, or `undefined` once `ms` have passed. */
export function within<T>(clock: Clock, ms: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(undefined));
    promise.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error);
      },
    );
  });
}

export const MINUTE_MS = 60_000;

/** The length of an hour in milliseconds. */
export const HOUR_MS = 3_600_000;

/** The number of the hour since the epoch that `time` (milliseconds since the epoch) falls in. */
export function hourOf(time: number): number {
  return Math.floor(time / HOUR_MS);
}

/** The length of a UTC day in milliseconds. Caps count leads by UTC day. */
export const DAY_MS = 86_400_000;

/** The number of the UTC day that `now` (milliseconds since the epoch) falls on. */
export function dayOf(now: number): number {
  return Math.floor(now / DAY_MS);
}

/** Whole seconds until the next UTC day begins, at least one: the wait of a visitor after the last lead that a daily maximum allows. */
export function secondsToNextDay(now: number): number {
  return Math.ceil((DAY_MS - (now % DAY_MS)) / 1_000);
}

/** Formats a time (milliseconds since the epoch) for output: ISO 8601 in UTC. */
export function isoTime(time: number): string {
  return new Date(time).toISOString();
}
