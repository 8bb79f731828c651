import { isTestProvider, type OutcomeClass } from '../../domain/provider.ts';
import type { Clock } from '../../lib/clock.ts';

/**
 * A circuit breaker as plain data: every function takes the state and the time and gives the next state. A breaker delays
 * calls and never fails one. Each endpoint (the origin of an account's URL) has one breaker: an outage affects a host, whatever
 * accounts it serves, and not the other hosts of its region.
 */
export type Breaker =
  | { readonly state: 'closed'; readonly failures: number }
  | { readonly state: 'open'; readonly until: number; readonly openings: number }
  /** One probe call is under way; at `until` the breaker stops waiting for its outcome. */
  | { readonly state: 'half_open'; readonly until: number; readonly openings: number };

export type Verdict = { readonly kind: 'go' } | { readonly kind: 'wait'; readonly until: number };

export const CLOSED: Breaker = { state: 'closed', failures: 0 };

/** Consecutive failures that open the breaker: more than the retries of one lead, and few enough that a visitor notices nothing. */
export const FAILURES_TO_OPEN = 5;
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;
/** Longer than any call takes. Without it, a probe whose outcome is never reported would keep the endpoint from being called forever. */
const PROBE_TIMEOUT_MS = 90_000;

/** Whether a call may start at `now`. Does not start it. */
export function verdict(breaker: Breaker, now: number): Verdict {
  return breaker.state === 'closed' || now >= breaker.until ? { kind: 'go' } : { kind: 'wait', until: breaker.until };
}

/** The state after a call started at `now`. After its pause, an open breaker lets exactly one call start. */
export function begun(breaker: Breaker, now: number): Breaker {
  if (breaker.state === 'closed') return breaker;
  return { state: 'half_open', until: now + PROBE_TIMEOUT_MS, openings: breaker.openings };
}

/** The state after the provider answered a call. */
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

/** The state after a call that was allowed and never made. */
export function abandoned(breaker: Breaker, now: number): Breaker {
  return breaker.state === 'half_open' ? { state: 'open', until: now, openings: breaker.openings } : breaker;
}

function opened(openings: number, now: number): Breaker {
  const pause = Math.min(FIRST_PAUSE_MS * 2 ** (openings - 1), LONGEST_PAUSE_MS);
  return { state: 'open', until: now + pause, openings };
}

/**
 * The right to make one call to a provider now. Its holder reports the outcome of the call, or `undefined` if it made no
 * call. Only the first report counts.
 */
export type Permit = { report(outcome: OutcomeClass | undefined): void };

/**
 * Whether a provider may be called: now (`go`), later because the breaker of its endpoint is open (`later`), or not until the
 * parked provider accepts our credentials again (`parked`).
 */
export type Clearance =
  | { readonly kind: 'go'; readonly permit: Permit }
  | { readonly kind: 'later' }
  | { readonly kind: 'parked' };

type Parts = {
  /** The endpoint of a provider account. */
  readonly endpoint: (provider: string) => string;
  readonly clock: Clock;
  /** Called when the breaker of an endpoint changes its state. */
  readonly onChange: (endpoint: string, state: Breaker['state']) => void;
};

/** For the simulator, which is always there. */
const UNGUARDED: Clearance = { kind: 'go', permit: { report: () => undefined } };

/**
 * Decides which providers may be called now. Test leads are always let through, and their outcomes change no breaker. The breakers of the endpoints belong to this process; the parked providers are
 * common to all processes.
 */
export interface Gate {
  clear(provider: string): Clearance;
  /** As `clear`, for the one lead that tests whether a parked provider accepts our credentials again. */
  clearProbe(provider: string): Clearance;
  /** Whether the next call to the provider's endpoint would be a probe of its breaker. */
  isProbe(provider: string): boolean;
  /** When the provider's endpoint may be called again; `undefined`: now. */
  blockedUntil(provider: string): number | undefined;
  /** Replaces the set of parked providers with the one that the store gave. */
  setParked(providers: ReadonlySet<string>): void;
  isParked(provider: string): boolean;
  breakers(): ReadonlyMap<string, Breaker['state']>;
}

export function createGate({ endpoint, clock, onChange }: Parts): Gate {
  const breakers = new Map<string, Breaker>();
  let parked: ReadonlySet<string> = new Set();

  const current = (name: string): Breaker => breakers.get(name) ?? CLOSED;
  const change = (name: string, next: Breaker): void => {
    const before = current(name).state;
    breakers.set(name, next);
    if (before !== next.state) onChange(name, next.state);
  };
  const createPermit = (name: string): Permit => {
    let reported = false;
    return {
      report(outcome) {
        if (reported) return;
        reported = true;
        const now = clock.monotonic();
        if (outcome === undefined) change(name, abandoned(current(name), now));
        else if (outcome === 'not_sent' || outcome === 'unknown') change(name, failed(current(name), now));
        else change(name, succeeded());
      },
    };
  };

  const clearEndpoint = (name: string): Clearance => {
    const now = clock.monotonic();
    if (verdict(current(name), now).kind === 'wait') return { kind: 'later' };
    change(name, begun(current(name), now));
    return { kind: 'go', permit: createPermit(name) };
  };

  return {
    clear(provider) {
      if (isTestProvider(provider)) return UNGUARDED;
      return parked.has(provider) ? { kind: 'parked' } : clearEndpoint(endpoint(provider));
    },
    clearProbe: (provider) => clearEndpoint(endpoint(provider)),
    isProbe: (provider) => !isTestProvider(provider) && current(endpoint(provider)).state !== 'closed',
    blockedUntil(provider) {
      if (isTestProvider(provider)) return undefined;
      const answer = verdict(current(endpoint(provider)), clock.monotonic());
      return answer.kind === 'wait' ? clock.now() + (answer.until - clock.monotonic()) : undefined;
    },
    setParked(providers) {
      parked = providers;
    },
    isParked: (provider) => parked.has(provider),
    breakers: () => new Map([...breakers].map(([name, breaker]) => [name, breaker.state])),
  };
}
