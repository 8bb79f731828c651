import type { Clock } from '../../lib/clock.ts';
import type { Admittance, Permit } from '../delivering.ts';
import { abandoned, type Breaker, begun, CLOSED, failed, succeeded, verdict } from './breaker.ts';

type Parts = {
  /** The region of a provider account. */
  readonly region: (provider: string) => string;
  readonly clock: Clock;
  /** Told when a region's breaker opens or closes. */
  readonly onChange: (region: string, state: Breaker['state']) => void;
};

/** Who may be called now: a breaker a region, kept by this process alone, and the parked providers that all share. */
export interface Gate {
  enter(provider: string): Admittance;
  /** As `enter`, for the one lead that finds out whether a parked provider takes our credentials again. */
  enterParked(provider: string): Admittance;
  /** Whether the next call to its region would be the one that finds out whether the region is back. */
  isProbe(provider: string): boolean;
  /** When the provider's region may be called again; `undefined`: now. */
  blockedUntil(provider: string): number | undefined;
  /** Sets which providers are parked, as the store says. */
  setParked(providers: ReadonlySet<string>): void;
  isParked(provider: string): boolean;
  breakers(): ReadonlyMap<string, Breaker['state']>;
}

export function createGate({ region, clock, onChange }: Parts): Gate {
  const breakers = new Map<string, Breaker>();
  let parked: ReadonlySet<string> = new Set();

  const current = (name: string): Breaker => breakers.get(name) ?? CLOSED;
  const change = (name: string, next: Breaker): void => {
    const before = current(name).state;
    breakers.set(name, next);
    if (before !== next.state) onChange(name, next.state);
  };
  const permit = (name: string): Permit => {
    let used = false;
    return {
      settle(outcome) {
        if (used) return;
        used = true;
        const now = clock.now();
        if (outcome === undefined) change(name, abandoned(current(name), now));
        else if (outcome === 'not_sent' || outcome === 'unknown') change(name, failed(current(name), now));
        else change(name, succeeded());
      },
    };
  };

  const enterRegion = (name: string): Admittance => {
    const now = clock.now();
    if (verdict(current(name), now).kind === 'wait') return { kind: 'later' };
    change(name, begun(current(name), now));
    return { kind: 'go', permit: permit(name) };
  };

  return {
    enter: (provider) => (parked.has(provider) ? { kind: 'parked' } : enterRegion(region(provider))),
    enterParked: (provider) => enterRegion(region(provider)),
    isProbe: (provider) => current(region(provider)).state !== 'closed',
    blockedUntil(provider) {
      const answer = verdict(current(region(provider)), clock.now());
      return answer.kind === 'wait' ? answer.until : undefined;
    },
    setParked(providers) {
      parked = providers;
    },
    isParked: (provider) => parked.has(provider),
    breakers: () => new Map([...breakers].map(([name, breaker]) => [name, breaker.state])),
  };
}
