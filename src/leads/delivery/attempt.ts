import type { Conversation, Lead } from '../../domain/lead.ts';
import type { Lease, LeaseStore, Settled, Settlement } from '../../domain/ports/delivery-queue.ts';
import { StorageUnavailable } from '../../domain/ports/outbox.ts';
import { type Answer, isTestProvider, type Provider } from '../../domain/provider.ts';
import type { Clock } from '../../lib/clock.ts';
import { defined } from '../../lib/values.ts';
import type { Clearance, Gate, Permit } from './breaker.ts';
import { RETRY_AFTER_MAX_MS, type RetryRules, SUPPRESSED, settlementFor, UNCALLED } from './policy.ts';

/** How long to wait between two tries to record an outcome. */
const SETTLE_RETRY_MS = 500;

/** The circumstances of an attempt, besides its lead. */
export type AttemptContext = {
  readonly permit: Permit;
  /** Calls before this attempt, since the lead was stored or last released. */
  readonly tries: number;
  /** How many of those calls had an unknown outcome. */
  readonly unknowns: number;
  /** Whether any earlier call, also one before the last release, may have reached the provider. */
  readonly mayHaveArrived: boolean;
  /** The number is suppressed: no call is made, and the lead ends as if the provider had refused the number. */
  readonly suppressed?: boolean;
  /** Id of the request that waits for the outcome; absent for a background attempt. */
  readonly requestId?: string;
};

/** The part of delivery that submitting a lead uses. */
export interface Delivering {
  clear(provider: string): Clearance;
  /** Milliseconds for which the provider asked, in its last answer, to send nothing for this account; 0 if it did not. */
  askedToWaitMs(provider: string): number;
  /**
   * Makes one call to the provider and records its outcome; for a suppressed number it only takes as long as such a call.
   * Gives the conversation, or `undefined` if the lease was stale or the storage did not take the outcome.
   */
  attempt(lead: Lead, lease: Lease, context: AttemptContext): Promise<Conversation | undefined>;
}

/** The result of one attempt, for the log line and the metrics: no field of it comes from the lead's content. */
export type AttemptReport = {
  readonly lead: Pick<Lead, 'site' | 'partner' | 'provider'>;
  readonly lease: Lease;
  readonly context: Pick<AttemptContext, 'requestId' | 'tries' | 'unknowns' | 'mayHaveArrived'>;
  readonly answer: Answer;
  readonly settlement: Settlement;
  /** Absent if the lease was stale because another process had taken the lead over, and if there is a `fault`. */
  readonly settled: Settled | undefined;
  /** Why the outcome could not be stored. The lease runs out then, and the lead counts as one that may have arrived. */
  readonly fault?: StorageUnavailable;
};

type Parts = {
  readonly queue: LeaseStore;
  readonly upstream: Pick<Provider, 'send'>;
  readonly gate: Gate;
  /** The retry schedule, with the site's own rule for unknown outcomes. */
  readonly rules: (site: string) => RetryRules;
  /** Hash of the credentials that an account uses now; `undefined` if the account is no longer configured. */
  readonly credentials: (provider: string) => string | undefined;
  readonly report: (report: AttemptReport) => void;
  /** Claims the leads that are due: at once, or by `dueAt` (milliseconds since the epoch). */
  readonly worker: { kick(): void; wakeBy(dueAt: number): void };
  readonly clock: Clock;
  readonly random: () => number;
  readonly leaseMs: number;
};

export interface Delivery extends Delivering {
  /**
   * Gives a new lease to the attempt that is under way for its conversation in this process, and says whether there is one. Its
   * old lease ran out although the process lives: the wall clock jumped, or the process stood still. The attempt then records
   * its outcome under the new lease, and nobody sends the lead again meanwhile.
   */
  adopt(lease: Lease): boolean;
  /** Ends a lease without a call. A stale lease changes nothing and gives `undefined`. */
  settle(lease: Lease, settlement: Settlement): Promise<Settled | undefined>;
  /** How many attempts are under way. */
  running(): number;
  /** Resolves when no attempt is under way. */
  idle(): Promise<void>;
}

/** The only code path that calls the provider: requests and the background worker both use it. */
export function createDelivery(parts: Parts): Delivery {
  const { queue, upstream, gate, rules, credentials, report, worker, clock, random, leaseMs } = parts;
  const recentCalls = createRecentCalls(clock.monotonic, random);
  const running = new Set<Promise<unknown>>();
  /** The lease of each conversation that an attempt is under way for. */
  const held = new Map<string, Lease>();
  let cancelRenewal: (() => void) | undefined;

  /** Records an outcome under the lease that the attempt holds now. */
  const settleHeld = (lease: Lease, settlement: Settlement): Promise<Settled | undefined> => {
    const settle = async (): Promise<Settled | undefined> => {
      const current = held.get(lease.id) ?? lease;
      const settled = await queue.settle(current, settlement, clock.now());
      // The lease was replaced while its outcome was on the way to the storage.
      return settled === undefined && held.get(lease.id) !== current ? settle() : settled;
    };
    return settleDurably(settle, { clock, timeoutMs: leaseMs });
  };

  const run = async (lead: Lead, lease: Lease, context: AttemptContext): Promise<Settled | undefined> => {
    // `send` reads the account before its first await, so these are the credentials that the call uses.
    const used = credentials(lead.provider);
    // Read now: a site of the store may be out of memory when the answer comes.
    const retryRules = rules(lead.site);
    const answer = await upstream.send(lead);
    if (!answer.uncalled) recentCalls.record(lead.provider, answer);
    context.permit.report(answer.uncalled ? undefined : answer.outcome.class);
    const { tries, unknowns } = context;
    const outdated = used !== credentials(lead.provider);
    const tried = { outcome: answer.outcome, tries, unknowns, outdated, now: clock.now(), random: random() };
    const decided = answer.uncalled ? UNCALLED : settlementFor(tried, retryRules);
    // The simulator's answer to a test lead says nothing of the account's credentials.
    const proves = !outdated && used !== undefined && !isTestProvider(lead.provider);
    const account = proves ? { credentials: used, target: JSON.stringify(lead.target) } : undefined;
    const { message, outcome, httpStatus, durationMs } = answer;
    const { cause } = { cause: undefined, ...outcome };
    const facts = answer.uncalled ? undefined : defined({ outcome: outcome.class, cause, httpStatus, durationMs });
    const settlement: Settlement = defined({ ...decided, account, message, facts });
    const made = { lead, lease, context, answer, settlement };
    try {
      const settled = await settleHeld(lease, settlement);
      report({ ...made, settled });
      // The worker's next poll tells the gate that the provider is parked; until then requests would still call it.
      if (settled?.parkedProvider) worker.kick();
      if (settled?.conversation.dueAt !== undefined) worker.wakeBy(settled.conversation.dueAt);
      return settled;
    } catch (fault) {
      if (!(fault instanceof StorageUnavailable)) throw fault;
      report({ ...made, settled: undefined, fault });
      return undefined;
    }
  };

  /** Nothing of it is reported: no call was made, and a line in the log for each would be longer than a genuine one takes. */
  const runWithoutCall = async (lead: Lead, lease: Lease, context: AttemptContext): Promise<Settled | undefined> => {
    // The permit is for a call.
    context.permit.report(undefined);
    // An account that is no longer configured parks every lead of its sites at once.
    if (credentials(lead.provider) === undefined) {
      return settleHeld(lease, UNCALLED);
    }
    const retryRules = rules(lead.site);
    const { durationMs, answered } = recentCalls.expected(lead.provider);
    await new Promise<void>((resume) => clock.after(durationMs, resume));
    const { tries, unknowns } = context;
    const unanswered = { class: 'not_sent', cause: 'suppressed' } as const;
    const tried = { outcome: unanswered, tries, unknowns, now: clock.now(), random: random() };
    if (answered) return settleHeld(lease, SUPPRESSED);
    const facts = { outcome: unanswered.class, cause: unanswered.cause };
    return settleHeld(lease, { ...settlementFor(tried, retryRules), facts });
  };

  // A lease lasts far longer than an attempt by default. Renewal serves providers whose time-out is set above that.
  const renewLater = (): void => {
    cancelRenewal ??= clock.after(leaseMs / 3, () => {
      cancelRenewal = undefined;
      if (running.size === 0) return;
      // A lease that is not renewed runs out later, and its attempt counts as unknown. The attempt itself goes on.
      queue.renew([...held.values()], clock.now()).catch(() => undefined);
      renewLater();
    });
  };

  const track = <T>(lease: Lease, work: Promise<T>): Promise<T> => {
    held.set(lease.id, lease);
    const tracked = work.finally(() => {
      running.delete(tracked);
      held.delete(lease.id);
      if (running.size === 0) {
        cancelRenewal?.();
        cancelRenewal = undefined;
      }
    });
    running.add(tracked);
    renewLater();
    return tracked;
  };

  return {
    clear: (provider) => gate.clear(provider),
    askedToWaitMs: recentCalls.askedToWaitMs,
    async attempt(lead, lease, context) {
      const work = context.suppressed ? runWithoutCall : run;
      return (await track(lease, work(lead, lease, context)))?.conversation;
    },
    adopt(lease) {
      if (!held.has(lease.id)) return false;
      held.set(lease.id, lease);
      return true;
    },
    settle: (lease, settlement) => queue.settle(lease, settlement, clock.now()),
    running: () => running.size,
    async idle() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}

/**
 * Records an outcome, and retries while the storage is unavailable and the lease lasts: losing the outcome here would turn a
 * delivered lead into one with an unknown outcome.
 *
 * @throws StorageUnavailable if the storage did not recover within `timeoutMs`
 */
async function settleDurably(
  settle: () => Promise<Settled | undefined>,
  { clock, timeoutMs }: { clock: Clock; timeoutMs: number },
): Promise<Settled | undefined> {
  const giveUpAt = clock.monotonic() + timeoutMs;
  for (;;) {
    try {
      return await settle();
    } catch (error) {
      if (!(error instanceof StorageUnavailable) || clock.monotonic() + SETTLE_RETRY_MS >= giveUpAt) throw error;
      await new Promise<void>((resume) => clock.after(SETTLE_RETRY_MS, resume));
    }
  }
}

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
 * The durations of recent calls to each provider account. A lead of a suppressed number is treated as if it had been called, and must
 * take as long as a number that the provider refuses; otherwise the time of an answer would reveal the suppression.
 */
export interface RecentCalls {
  record(provider: string, answer: Answer): void;
  expected(provider: string): ExpectedCall;
  /** Milliseconds of the `Retry-After` of the last call that are still to pass; 0 if it had none, or if a later call was answered. */
  askedToWaitMs(provider: string): number;
}

type Calls = {
  readonly refusedMs: number[];
  readonly answeredMs: number[];
  last: { readonly at: number; readonly durationMs: number; readonly answered: boolean };
  askedToWaitUntil: number;
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
      const calls = byProvider.get(provider) ?? { refusedMs: [], answeredMs: [], last, askedToWaitUntil: 0 };
      byProvider.set(provider, calls);
      calls.last = last;
      const retryAfterMs = outcome.class === 'not_sent' ? (outcome.retryAfterMs ?? 0) : 0;
      calls.askedToWaitUntil = last.at + Math.min(retryAfterMs, RETRY_AFTER_MAX_MS);
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
    askedToWaitMs: (provider) => Math.max(0, (byProvider.get(provider)?.askedToWaitUntil ?? 0) - now()),
  };
}

function remember(durations: number[], durationMs: number): void {
  durations.push(durationMs);
  if (durations.length > REMEMBERED) durations.shift();
}
