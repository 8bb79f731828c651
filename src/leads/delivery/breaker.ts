/**
 * A circuit breaker as plain data: every function takes the state and the time and gives the next state. It delays calls
 * and never fails one. One a region, since an outage is the endpoint's and not an account's.
 */
export type Breaker =
  | { readonly state: 'closed'; readonly failures: number }
  | { readonly state: 'open'; readonly until: number; readonly openings: number }
  /** One call is out to see whether it works again; `until` is when we stop waiting for its answer. */
  | { readonly state: 'half_open'; readonly until: number; readonly openings: number };

export type Verdict = { readonly kind: 'go' } | { readonly kind: 'wait'; readonly until: number };

export const CLOSED: Breaker = { state: 'closed', failures: 0 };

/** So many failures in a row open it: more than one unlucky lead's retries, fewer than a visitor would notice. */
export const FAILURES_TO_OPEN = 5;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;
/** Longer than any probe can take; without this a probe that died would keep the region closed for ever. */
const PROBE_PATIENCE_MS = 90_000;

/** Whether a call may be made at `now`, without making it. */
export function verdict(breaker: Breaker, now: number): Verdict {
  return breaker.state === 'closed' || now >= breaker.until ? { kind: 'go' } : { kind: 'wait', until: breaker.until };
}

/** The state after a call was let through at `now`: past its pause an open breaker lets exactly one out. */
export function begun(breaker: Breaker, now: number): Breaker {
  if (breaker.state === 'closed') return breaker;
  return { state: 'half_open', until: now + PROBE_PATIENCE_MS, openings: breaker.openings };
}

/** The state after a call that reached the provider and was answered. */
export function succeeded(): Breaker {
  return CLOSED;
}

/** The state after a call that was not sent, or whose outcome is unknown. */
export function failed(breaker: Breaker, now: number): Breaker {
  if (breaker.state === 'open') return breaker;
  if (breaker.state === 'closed') {
    const failures = breaker.failures + 1;
    return failures < FAILURES_TO_OPEN ? { state: 'closed', failures } : opened(1, now);
  }
  return opened(breaker.openings + 1, now);
}

/** The state after a call that was let through but never made. */
export function abandoned(breaker: Breaker, now: number): Breaker {
  return breaker.state === 'half_open' ? { state: 'open', until: now, openings: breaker.openings } : breaker;
}

function opened(openings: number, now: number): Breaker {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (openings - 1), LONGEST_PAUSE_MS);
  return { state: 'open', until: now + pause, openings };
}
