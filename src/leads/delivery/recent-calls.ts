import type { Answer } from '../../domain/provider.ts';

/** Calls of a provider account that are remembered: enough to have their spread, few enough to follow a change. */
const REMEMBERED = 32;
/** With fewer refused numbers than this, all answered calls are taken as the pattern. */
const ENOUGH = 4;
/** A call that failed longer ago says nothing about a call now. */
const RECENT_MS = 60_000;
/** Milliseconds that a call is assumed to take as long as none was made, between these two. */
const ASSUMED_MS = { least: 150, most: 600 } as const;

/** How a call would end if it were made now. */
export type ExpectedCall = {
  readonly durationMs: number;
  /** Whether the provider would answer it. */
  readonly answered: boolean;
};

/**
 * What recent calls to each provider account took. A lead of a suppressed number is treated as if it had been called, and must
 * take as long as a number that the provider refuses; otherwise the time of an answer would reveal the suppression.
 */
export interface RecentCalls {
  record(provider: string, answer: Answer): void;
  expected(provider: string): ExpectedCall;
}

type Calls = {
  readonly refusedMs: number[];
  readonly answeredMs: number[];
  last: { readonly at: number; readonly durationMs: number; readonly answered: boolean };
};

/**
 * @param now milliseconds that never jump
 * @param random in [0, 1)
 */
export function createRecentCalls(now: () => number, random: () => number): RecentCalls {
  const byProvider = new Map<string, Calls>();
  const oneOf = (values: readonly number[]): number => values[Math.floor(random() * values.length)] as number;

  return {
    record(provider, { outcome, durationMs }) {
      const answered = outcome.class === 'delivered' || outcome.class === 'rejected' || outcome.class === 'refused';
      const last = { at: now(), durationMs, answered };
      const calls = byProvider.get(provider) ?? { refusedMs: [], answeredMs: [], last };
      byProvider.set(provider, calls);
      calls.last = last;
      if (!answered) return;
      remember(calls.answeredMs, durationMs);
      if (outcome.class === 'rejected' && outcome.reason === 'phone') remember(calls.refusedMs, durationMs);
    },
    expected(provider) {
      const calls = byProvider.get(provider);
      if (calls && !calls.last.answered && now() - calls.last.at < RECENT_MS) {
        return { durationMs: calls.last.durationMs, answered: false };
      }
      const known = calls && (calls.refusedMs.length >= ENOUGH ? calls.refusedMs : calls.answeredMs);
      const { least, most } = ASSUMED_MS;
      return { durationMs: known?.length ? oneOf(known) : least + random() * (most - least), answered: true };
    },
  };
}

function remember(durations: number[], durationMs: number): void {
  durations.push(durationMs);
  if (durations.length > REMEMBERED) durations.shift();
}
