import type { Conversation } from '../../domain/lead.ts';
import type { Claim, DeliveryQueue } from '../../domain/ports/delivery-queue.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Admittance } from '../delivering.ts';
import type { Delivery } from './attempt.ts';
import { handleClaim } from './claims.ts';
import type { Gate } from './gate.ts';
import { createPace } from './pace.ts';
import type { Parking } from './parking.ts';
import type { RetryRules } from './policy.ts';
import { createShares } from './shares.ts';

/** Background attempts at a time, and how many may start a second: after an outage the provider gets its leads back, not a flood. */
export type Limits = { readonly concurrency: number; readonly perSecond: number };
export const DEFAULT_LIMITS: Limits = { concurrency: 32, perSecond: 50 };

/** The longest sleep: another process may have died since we last asked when something is due. */
const LONGEST_SLEEP_MS = 5_000;
/** Due, and yet nobody got it: another process is at it. Look again soon, and not at once. */
const CONTENDED_MS = 100;

export type StepParts = {
  readonly queue: DeliveryQueue;
  readonly delivery: Delivery;
  readonly gate: Gate;
  readonly parking: Parking;
  readonly rules: (site: string) => RetryRules;
  readonly onFault: (error: unknown) => void;
  readonly onTakenOver: (claim: Claim, conversation: Conversation) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly limits: Limits;
};

type Work = { readonly claim: Claim; readonly admittance: Admittance; readonly parkedProvider?: string };

/**
 * One look at the queue: claims what may be attempted now, starts it, and says when to look again.
 *
 * @param ended told each time an attempt that was started here is over
 */
export function createStep(parts: StepParts, ended: () => void): () => Promise<number> {
  const { queue, gate, parking, onFault, clock, limits } = parts;
  const pace = createPace(limits.perSecond, clock.now());
  const shares = createShares(limits.concurrency);

  const begin = async ({ claim, admittance, parkedProvider }: Work): Promise<void> => {
    const { provider } = claim.lease;
    shares.began(provider);
    try {
      const conversation = await handleClaim(claim, admittance, parts);
      if (parkedProvider !== undefined && conversation?.status === 'delivered') await parking.release(parkedProvider);
    } catch (error) {
      onFault(error);
    } finally {
      shares.ended(provider);
      ended();
    }
  };

  /** What was claimed is begun at once, whatever becomes of the rest of the step: a lease that nobody uses runs out and counts as a call. */
  const start = (work: Work): void => {
    pace.spend(clock.now());
    void begin(work);
  };

  const startProbes = async (): Promise<number> => {
    const probes = await parking.claimProbes();
    for (const { provider, claim } of probes)
      start({ claim, admittance: gate.enterParked(provider), parkedProvider: provider });
    return probes.length;
  };

  /** Behind a breaker whose pause is over one lead goes ahead; the others wait for what becomes of it. */
  const startRegionProbe = async (provider: string): Promise<number> => {
    // A probe that is begun with nothing to send is abandoned, which wakes us at once to begin the next.
    const due = await queue.nextDue([provider]);
    if (due === undefined || due > clock.now()) return 0;
    const admittance = gate.enter(provider);
    if (admittance.kind !== 'go') return 0;
    let claim: Claim | undefined;
    try {
      [claim] = await queue.claim({ providers: [provider], limit: 1, now: clock.now(), probing: true });
    } finally {
      if (!claim) admittance.permit.settle(undefined);
    }
    if (!claim) return 0;
    start({ claim, admittance });
    return 1;
  };

  const startSteady = async (provider: string, limit: number): Promise<number> => {
    const claims = await queue.claim({ providers: [provider], limit, now: clock.now() });
    for (const claim of claims) start({ claim, admittance: gate.enter(provider) });
    return claims.length;
  };

  const nextWake = async (providers: readonly string[], open: readonly string[], started: number): Promise<number> => {
    const now = clock.now();
    const times: number[] = [now + LONGEST_SLEEP_MS];
    const probeAt = parking.nextProbe();
    if (probeAt !== undefined) times.push(Math.max(probeAt, now + CONTENDED_MS));
    for (const provider of providers) times.push(gate.blockedUntil(provider) ?? Number.POSITIVE_INFINITY);
    // A full house wakes us by itself when an attempt ends; a spent pace has to be slept off.
    const due = shares.running() < limits.concurrency ? await queue.nextDue(open) : undefined;
    if (due !== undefined) times.push(Math.max(due, pace.nextAt(now), started > 0 ? now : now + CONTENDED_MS));
    return Math.min(...times);
  };

  return async () => {
    await parking.refresh();
    const more = await parking.tidy();
    // Not what is configured: leads of an account that was taken out are not forgotten; their attempt parks them, with an alert.
    const providers = await queue.providersWithWork();
    const open = providers.filter((provider) => !gate.isParked(provider) && gate.blockedUntil(provider) === undefined);
    const free = Math.min(limits.concurrency - shares.running(), pace.available(clock.now()));
    let started = await startProbes();
    for (const provider of free > 0 ? shares.inTurn(open.filter(gate.isProbe)) : [])
      started += await startRegionProbe(provider);
    const steady = open.filter((provider) => !gate.isProbe(provider));
    started += await shares.divide(steady, free, startSteady);
    return more ? clock.now() : nextWake(providers, open, started);
  };
}
