import type { Conversation } from '../../domain/lead.ts';
import type { Claim, DeliveryQueue, Settlement } from '../../domain/ports/delivery-queue.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Delivery } from './attempt.ts';
import type { Clearance, Gate } from './breaker.ts';
import type { Parking } from './parking.ts';
import { type RetryRules, SUPPRESSED, settlementFor } from './policy.ts';
import { createFairScheduler, createTokenBucket } from './scheduler.ts';

/** The sleep after a storage fault: long enough to be no busy loop, and short enough to recover soon. */
const FAULT_PAUSE_MS = 1_000;

export interface Worker {
  start(): void;
  /** Polls at once, because a lead may be due now. */
  kick(): void;
  /** Polls at `at` at the latest, because a lead is due then. */
  wakeBy(at: number): void;
  /** Whether the last poll succeeded. */
  healthy(): boolean;
  /** Starts no new attempt; resolves when the poll under way has ended. Attempts under way go on (`Delivery.idle`). */
  stop(): Promise<void>;
}

/** Attempts due leads and takes over leads of dead processes. It sleeps until the next due time, or until it is kicked. */
export function createWorker(parts: Omit<PollParts, 'limits'> & { readonly limits?: Limits }): Worker {
  const { onFault, clock } = parts;
  let stopped = true;
  let healthy = false;
  /** While the worker sleeps: the end of its sleep. While it polls: the earliest time that a caller has asked for meanwhile. */
  let wakeAt = Number.POSITIVE_INFINITY;
  let polling: Promise<void> | undefined;
  let cancelSleep: (() => void) | undefined;

  const wakeBy = (at: number): void => {
    if (stopped || at >= wakeAt) return;
    wakeAt = at;
    if (polling) return;
    cancelSleep?.();
    if (at <= clock.now()) wake();
    else sleep();
  };
  // Earlier than any end of a sleep, also when the wall clock was set forward since that was computed.
  const kick = (): void => wakeBy(Number.NEGATIVE_INFINITY);
  const poll = createPoll({ ...parts, limits: parts.limits ?? DEFAULT_LIMITS }, kick);

  const pollOnce = async (): Promise<void> => {
    try {
      wakeAt = Math.min(await poll(), wakeAt);
      healthy = true;
    } catch (error) {
      healthy = false;
      onFault(error);
      wakeAt = clock.now() + FAULT_PAUSE_MS;
    }
    polling = undefined;
    if (!stopped) sleep();
  };
  const sleep = (): void => {
    cancelSleep = clock.after(Math.max(0, wakeAt - clock.now()), wake);
  };
  const wake = (): void => {
    cancelSleep = undefined;
    wakeAt = Number.POSITIVE_INFINITY;
    polling = pollOnce();
  };

  return {
    start() {
      stopped = false;
      wake();
    },
    kick,
    wakeBy,
    healthy: () => healthy,
    async stop() {
      stopped = true;
      cancelSleep?.();
      cancelSleep = undefined;
      await polling;
    },
  };
}

/** Background attempts at a time, and attempts that may start in a second, so that the end of an outage brings no flood of calls. */
export type Limits = { readonly concurrency: number; readonly perSecond: number };
export const DEFAULT_LIMITS: Limits = { concurrency: 32, perSecond: 50 };

/** The longest sleep: after the last query another process may have died, and its leases run out. */
const LONGEST_SLEEP_MS = 5_000;
/** The sleep after a poll that claimed nothing although leads were due, because another process claims them. */
const CONTENDED_MS = 100;

export type PollParts = {
  readonly queue: DeliveryQueue;
  readonly delivery: Delivery;
  readonly gate: Gate;
  readonly parking: Parking;
  readonly rules: (site: string) => RetryRules;
  readonly onFault: (error: unknown) => void;
  /**
   * Called for a lead whose lease ran out, so that its owner died while it may have been sending. The conversation is as the
   * retry rules left it.
   */
  readonly onTakenOver: (claim: Claim, conversation: Conversation) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly limits: Limits;
};

type Work = { readonly claim: Claim; readonly clearance: Clearance; readonly parkedProvider?: string };

/**
 * Creates the function that polls the queue once: it claims the leads that may be attempted now, starts their attempts and
 * gives the time of the next poll.
 *
 * @param onEnded called each time an attempt that a poll started has ended
 */
function createPoll(parts: PollParts, onEnded: () => void): () => Promise<number> {
  const { queue, delivery, gate, parking, onFault, clock, limits } = parts;
  const bucket = createTokenBucket(limits.perSecond, clock.monotonic());
  const scheduler = createFairScheduler(limits.concurrency);

  const run = async ({ claim, clearance, parkedProvider }: Work): Promise<void> => {
    const { provider } = claim.lease;
    scheduler.started(provider);
    try {
      const conversation = await handleClaim(claim, clearance, parts);
      if (parkedProvider !== undefined && conversation?.status === 'delivered') await parking.release(parkedProvider);
    } catch (error) {
      onFault(error);
    } finally {
      scheduler.ended(provider);
      onEnded();
    }
  };

  /** A claimed lead starts at once, even if the rest of the poll fails: an unused lease would run out and count as a call. */
  const start = (work: Work): void => {
    bucket.take(clock.monotonic());
    void run(work);
  };

  const startProbes = async (): Promise<number> => {
    const probes = await parking.claimProbes();
    for (const { provider, claim } of probes)
      start({ claim, clearance: gate.clearProbe(provider), parkedProvider: provider });
    return probes.length;
  };

  /** Once the pause of a breaker is over, one lead probes the endpoint. The other leads wait for its outcome. */
  const startEndpointProbe = async (provider: string): Promise<number> => {
    // Without this check a probe would start with nothing to send and be abandoned, and the breaker's change would wake the
    // worker to try again at once, without end.
    const due = await queue.nextDue([provider]);
    if (due === undefined || due > clock.now()) return 0;
    const clearance = gate.clear(provider);
    if (clearance.kind !== 'go') return 0;
    let claim: Claim | undefined;
    try {
      [claim] = await queue.claim({ providers: [provider], limit: 1, now: clock.now(), probing: true });
    } finally {
      if (!claim) clearance.permit.report(undefined);
    }
    if (!claim) return 0;
    if (delivery.adopt(claim.lease)) clearance.permit.report(undefined);
    else start({ claim, clearance });
    return 1;
  };

  const startDue = async (provider: string, limit: number): Promise<number> => {
    const claims = await queue.claim({ providers: [provider], limit, now: clock.now() });
    for (const claim of claims) {
      if (!delivery.adopt(claim.lease)) start({ claim, clearance: gate.clear(provider) });
    }
    return claims.length;
  };

  const nextPoll = async (providers: readonly string[], open: readonly string[], started: number): Promise<number> => {
    const now = clock.now();
    const times: number[] = [now + LONGEST_SLEEP_MS];
    const probeAt = parking.nextProbe();
    if (probeAt !== undefined) times.push(Math.max(probeAt, now + CONTENDED_MS));
    for (const provider of providers) times.push(gate.blockedUntil(provider) ?? Number.POSITIVE_INFINITY);
    // At full concurrency a finishing attempt wakes the worker; otherwise wait for the next token.
    const due = scheduler.running() < limits.concurrency ? await queue.nextDue(open) : undefined;
    const tokenAt = now + bucket.nextAt(clock.monotonic()) - clock.monotonic();
    if (due !== undefined) times.push(Math.max(due, tokenAt, started > 0 ? now : now + CONTENDED_MS));
    return Math.min(...times);
  };

  return async () => {
    await parking.refresh();
    const more = await parking.tidy();
    // The store's providers and not the configured ones: an attempt for a removed account parks its lead and raises an alert.
    const providers = await queue.providersWithWork();
    const open = providers.filter((provider) => !gate.isParked(provider) && gate.blockedUntil(provider) === undefined);
    const free = Math.min(limits.concurrency - scheduler.running(), bucket.available(clock.monotonic()));
    let started = await startProbes();
    for (const provider of free > 0 ? scheduler.inTurn(open.filter(gate.isProbe)) : [])
      started += await startEndpointProbe(provider);
    const steady = open.filter((provider) => !gate.isProbe(provider));
    started += await scheduler.allocate(steady, free, startDue);
    return more ? clock.now() : nextPoll(providers, open, started);
  };
}

/**
 * Attempts a claimed conversation, or ends its lease without a call where its state asks for that. Gives the conversation as
 * recorded, or `undefined` if another process had taken it over.
 */
async function handleClaim(claim: Claim, clearance: Clearance, parts: PollParts): Promise<Conversation | undefined> {
  const { delivery, clock } = parts;
  const { lead, lease, tries, unknowns, mayHaveArrived } = claim;
  const permit = clearance.kind === 'go' ? clearance.permit : undefined;
  const withoutCall = settlementWithoutCall(claim, parts) ?? (permit ? undefined : requeued(clock.now()));
  if (!permit || withoutCall) {
    permit?.report(undefined);
    const settled = withoutCall && (await delivery.settle(lease, withoutCall));
    if (settled && claim.expired) parts.onTakenOver(claim, settled.conversation);
    return settled?.conversation;
  }
  return delivery.attempt(lead, lease, { permit, tries, unknowns, mayHaveArrived });
}

function settlementWithoutCall(claim: Claim, { rules, clock, random }: PollParts): Settlement | undefined {
  if (claim.suppressed) return SUPPRESSED;
  if (!claim.expired) return undefined;
  // The previous owner died, perhaps while it was sending: that counts as a call with an unknown outcome.
  const { tries, unknowns, lead } = claim;
  const outcome = { class: 'unknown', cause: 'lease_expired' } as const;
  const settlement = settlementFor({ outcome, tries, unknowns, now: clock.now(), random: random() }, rules(lead.site));
  return { ...settlement, facts: { outcome: outcome.class, cause: outcome.cause } };
}

/** For a lead whose endpoint's breaker opened, or whose provider was parked, after the claim: the claim is undone. */
function requeued(now: number): Settlement {
  return { status: 'queued', dueAt: now, attempted: false };
}
