/** The length of a UTC day in milliseconds. Caps count leads by UTC day. */
export const DAY_MS = 86_400_000;

/** The number of the UTC day that `now` (milliseconds since the epoch) falls on. */
export function dayOf(now: number): number {
  return Math.floor(now / DAY_MS);
}

/** Whole seconds until the next UTC day begins, at least one: how long a visitor who reached a day's maximum waits. */
export function secondsToNextDay(now: number): number {
  return Math.ceil((DAY_MS - (now % DAY_MS)) / 1_000);
}
