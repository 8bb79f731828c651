/** How many attempts may start: a token bucket of one second's worth, filled continuously. */
export interface Pace {
  /** Whole attempts that may start now. */
  available(now: number): number;
  spend(now: number): void;
  /** When the next one may start. */
  nextAt(now: number): number;
}

export function createPace(perSecond: number, startedAt: number): Pace {
  let tokens = perSecond;
  let at = startedAt;

  const fill = (now: number): void => {
    tokens = Math.min(perSecond, tokens + (Math.max(0, now - at) * perSecond) / 1_000);
    at = Math.max(at, now);
  };
  return {
    available(now) {
      fill(now);
      return Math.floor(tokens);
    },
    spend(now) {
      fill(now);
      tokens -= 1;
    },
    nextAt(now) {
      fill(now);
      return tokens >= 1 ? now : now + Math.ceil(((1 - tokens) * 1_000) / perSecond);
    },
  };
}
