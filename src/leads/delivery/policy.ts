import type { Settlement } from '../../domain/ports/delivery-queue.ts';
import type { Outcome } from '../../domain/provider.ts';
import { HOUR_MS } from '../../lib/clock.ts';

/** The settings that decide what follows a failed attempt. */
export type RetryRules = {
  /** `RETRY_SCHEDULE_S`: seconds before each retry. */
  readonly scheduleS: readonly number[];
  /** `UNKNOWN_OUTCOME`: whether a lead that may have arrived is sent again automatically. */
  readonly unknown: 'resend' | 'hold';
  /** `UNKNOWN_RESEND_MAX`: how often such a lead is sent again at most. */
  readonly resendMax: number;
};

/** One attempt, and what its settlement depends on. */
export type Tried = {
  readonly outcome: Outcome;
  /** Calls before this one since the lead was stored or released. */
  readonly tries: number;
  /** How many of those had an unknown outcome. */
  readonly unknowns: number;
  /** The call used credentials that are no longer configured. */
  readonly outdated?: boolean;
  readonly now: number;
  /** In [0, 1): spreads the retries of leads that failed together. */
  readonly random: number;
};

/** For a lead that no call can be made for. A person has to look at it. It counts neither as an attempt nor as an answer. */
export const UNCALLED: Settlement = { status: 'parked', cause: 'refused', attempted: false };

/** For a lead whose number is suppressed: it looks as if the provider had refused the number, the call included. */
export const SUPPRESSED: Settlement = {
  status: 'rejected',
  reason: 'phone',
  cause: 'suppressed',
  attempted: true,
  facts: { outcome: 'rejected', cause: 'suppressed' },
};

/** The longest `Retry-After` that is followed: a header must not be able to postpone a lead for a year. */
export const RETRY_AFTER_MAX_MS = HOUR_MS;
/** Each delay is stretched or shortened by up to this share. */
const JITTER = 0.2;

/**
 * Where one attempt leaves its conversation (docs/architecture.md, "What the provider's answer becomes"): a pure function of the outcome,
 * the attempts so far, the time and a random number.
 */
export function settlementFor(tried: Tried, rules: RetryRules): Settlement {
  const { outcome } = tried;
  switch (outcome.class) {
    case 'delivered':
      return { status: 'delivered', attempted: true, credentials: 'accepted' };
    case 'rejected':
      return {
        status: 'rejected',
        reason: outcome.reason,
        attempted: true,
        credentials: 'accepted',
        ...described(outcome),
      };
    case 'refused':
      return { status: 'parked', cause: 'refused', attempted: true, credentials: 'accepted', ...described(outcome) };
    case 'credentials':
      // The refusal does not concern the current credentials, so they are tried at once.
      if (tried.outdated) return { status: 'queued', dueAt: tried.now, attempted: true, ...described(outcome) };
      return { ...retry(tried, rules), credentials: 'refused', ...described(outcome) };
    case 'not_sent':
      return { ...retry(tried, rules, outcome.retryAfterMs), ...described(outcome) };
    case 'unknown':
      return { ...afterUnknown(tried, rules), ...described(outcome) };
  }
}

function afterUnknown(tried: Tried, rules: RetryRules): Settlement {
  const held = { status: 'unknown', attempted: true, repeatable: true } as const;
  if (rules.unknown === 'hold') return held;
  if (tried.unknowns >= rules.resendMax) return { ...held, cause: 'repeats' };
  return { ...retry({ ...tried, unknowns: tried.unknowns + 1 }, rules), repeatable: true };
}

/** At the end of the schedule, a lead that may have arrived is `unknown`: `parked` would claim that the provider does not have it. */
function retry({ tries, unknowns, now, random }: Tried, { scheduleS }: RetryRules, retryAfterMs = 0): Settlement {
  const delayS = scheduleS[tries];
  if (delayS === undefined) {
    return unknowns > 0
      ? { status: 'unknown', attempted: true }
      : { status: 'parked', cause: 'schedule', attempted: true };
  }
  const delayMs = delayS * 1_000 * (1 - JITTER + 2 * JITTER * random);
  const dueAt = Math.round(now + Math.max(delayMs, Math.min(retryAfterMs, RETRY_AFTER_MAX_MS)));
  return { status: 'queued', dueAt, attempted: true };
}

function described({ description }: { description?: string }): { description?: string } {
  return description === undefined ? {} : { description };
}
