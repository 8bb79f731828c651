import type { Lead } from '../../domain/lead.ts';
import type { Answer } from '../../domain/outcome.ts';
import type { Lease, LeaseStore, Settled, Settlement } from '../../domain/ports/delivery-queue.ts';
import { StorageUnavailable } from '../../domain/ports/storage-errors.ts';
import type { Provider } from '../../domain/provider.ts';
import type { Clock } from '../../lib/clock.ts';
import type { AttemptContext, Delivering } from '../delivering.ts';
import type { Gate } from './gate.ts';
import { type RetryRules, settlementFor, UNCALLED } from './policy.ts';
import { settleDurably } from './settle.ts';

/** What one attempt came to, for the log line and the metrics: no field of it comes from the lead or the provider's text. */
export type AttemptReport = {
  readonly lead: Pick<Lead, 'site' | 'partner' | 'provider'>;
  readonly lease: Lease;
  readonly context: Pick<AttemptContext, 'requestId' | 'tries' | 'unknowns' | 'mayHaveArrived'>;
  readonly answer: Answer;
  readonly settlement: Settlement;
  /** Absent where the lease was stale, since somebody else had taken the lead over, and where there is a `fault`. */
  readonly settled: Settled | undefined;
  /** Why the outcome could not be stored: the lease runs out, and the lead counts as one that may have arrived. */
  readonly fault?: StorageUnavailable;
};

type Parts = {
  readonly queue: LeaseStore;
  readonly upstream: Pick<Provider, 'send'>;
  readonly gate: Gate;
  /** The site's own way with unknown outcomes, and the schedule. */
  readonly rules: (site: string) => RetryRules;
  /** Hash of the credentials that an account uses now; `undefined` where the account is gone. */
  readonly credentials: (provider: string) => string | undefined;
  readonly report: (report: AttemptReport) => void;
  readonly clock: Clock;
  readonly random: () => number;
  readonly leaseMs: number;
};

export interface Delivery extends Delivering {
  /** Records the end of a lease without a call, by the same rules. */
  settle(lease: Lease, settlement: Settlement): Promise<Settled | undefined>;
  /** How many attempts are under way. */
  running(): number;
  /** Resolves when none is. */
  idle(): Promise<void>;
}

/** The one path on which leads are delivered: whoever holds a lease comes here. */
export function createDelivery(parts: Parts): Delivery {
  const { queue, upstream, gate, rules, credentials, report, clock, random, leaseMs } = parts;
  const running = new Map<Promise<unknown>, Lease>();
  let cancelRenewal: (() => void) | undefined;

  const run = async (lead: Lead, lease: Lease, context: AttemptContext): Promise<Settled | undefined> => {
    // The account is read when the call is made: between the two nothing can change it.
    const used = credentials(lead.provider);
    const answer = await upstream.send(lead);
    context.permit.settle(answer.uncalled ? undefined : answer.outcome.class);
    const { tries, unknowns } = context;
    const outdated = used !== credentials(lead.provider);
    const tried = { outcome: answer.outcome, tries, unknowns, outdated, now: clock.now(), random: random() };
    const decided = answer.uncalled ? UNCALLED : settlementFor(tried, rules(lead.site));
    const account =
      outdated || used === undefined ? undefined : { credentials: used, target: JSON.stringify(lead.target) };
    const settlement: Settlement = account ? { ...decided, account } : decided;
    const made = { lead, lease, context, answer, settlement };
    try {
      const settled = await settleDurably(queue, lease, settlement, { clock, patienceMs: leaseMs });
      report({ ...made, settled });
      return settled;
    } catch (fault) {
      if (!(fault instanceof StorageUnavailable)) throw fault;
      report({ ...made, settled: undefined, fault });
      return undefined;
    }
  };

  // Leases outlive every attempt by far; renewal is for a provider that was given a longer time-out than a lease lasts.
  const renewLater = (): void => {
    cancelRenewal ??= clock.after(leaseMs / 3, () => {
      cancelRenewal = undefined;
      if (running.size === 0) return;
      // What cannot be renewed now runs out later and counts as unknown: no reason to fail the attempt.
      queue.renew([...running.values()], clock.now()).catch(() => undefined);
      renewLater();
    });
  };

  const track = <T>(lease: Lease, work: Promise<T>): Promise<T> => {
    const tracked = work.finally(() => {
      running.delete(tracked);
      if (running.size === 0) {
        cancelRenewal?.();
        cancelRenewal = undefined;
      }
    });
    running.set(tracked, lease);
    renewLater();
    return tracked;
  };

  return {
    enter: (provider) => gate.enter(provider),
    async attempt(lead, lease, context) {
      return (await track(lease, run(lead, lease, context)))?.conversation;
    },
    settle: (lease, settlement) => queue.settle(lease, settlement, clock.now()),
    running: () => running.size,
    async idle() {
      while (running.size > 0) await Promise.allSettled(running.keys());
    },
  };
}
