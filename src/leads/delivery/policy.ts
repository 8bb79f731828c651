import type { Outcome } from '../../domain/outcome.ts';
import type { Settlement } from '../../domain/ports/delivery-queue.ts';

/** How failures are met. */
export type RetryRules = {
  /** `RETRY_SCHEDULE_S`: seconds before each further try. */
  readonly scheduleS: readonly number[];
  /** `UNKNOWN_OUTCOME`: whether a lead that may have arrived is sent again by itself. */
  readonly unknown: 'resend' | 'hold';
  /** `UNKNOWN_RESEND_MAX`: how often. */
  readonly resendMax: number;
};

export type Tried = {
  readonly outcome: Outcome;
  /** Calls before this one since the lead was stored or released. */
  readonly tries: number;
  /** How many of those had an unknown outcome. */
  readonly unknowns: number;
  /** The call logged in with credentials that are no longer in use. */
  readonly outdated?: boolean;
  readonly now: number;
  /** In [0, 1): spreads leads that failed together. */
  readonly random: number;
};

/** A lead that can become no call: a person has to look at it. It says nothing of the provider, and is no attempt. */
export const UNCALLED: Settlement = { status: 'parked', cause: 'refused', attempted: false };

/** A provider's `Retry-After` is believed up to here; a header must not be able to put a lead off for a year. */
export const RETRY_AFTER_MAX_MS = 3_600_000;
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
      // Says nothing of those that are in use now: they are tried at once.
      if (tried.outdated) return { status: 'queued', dueAt: tried.now, attempted: true, ...described(outcome) };
      return { ...retry(tried, rules), credentials: 'refused', ...described(outcome) };
    case 'not_sent':
      return retry(tried, rules, outcome.retryAfterMs);
    case 'unknown':
      return afterUnknown(tried, rules);
  }
}

function afterUnknown(tried: Tried, rules: RetryRules): Settlement {
  const held = { status: 'unknown', attempted: true, repeatable: true } as const;
  if (rules.unknown === 'hold') return held;
  if (tried.unknowns >= rules.resendMax) return { ...held, cause: 'repeats' };
  return { ...retry({ ...tried, unknowns: tried.unknowns + 1 }, rules), repeatable: true };
}

/** At the end of the schedule a lead that may have arrived is `unknown`: `parked` would say that the provider does not have it. */
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
