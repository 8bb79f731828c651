/** A UTC day. Caps count by it, and a visitor who reached the day's maximum waits for the next one. */
export const DAY_MS = 86_400_000;

/** Whole seconds until the next UTC day begins, at least one. */
export function secondsToNextDay(now: number): number {
  return Math.ceil((DAY_MS - (now % DAY_MS)) / 1_000);
}
