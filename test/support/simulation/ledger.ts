import type { Claim, Lease, Settled } from '../../../src/domain/ports/delivery-queue.ts';
import type { Accepted, NewLead } from '../../../src/domain/ports/lead-store.ts';
import type { OutcomeClass } from '../../../src/domain/provider.ts';
import { LEASE_MS } from '../outbox.ts';

export type Call = { readonly lead: number; readonly outcome: OutcomeClass };
export type Held = { readonly owner: string; readonly lease: Lease };

type Live = { fence: number; owner: string; since: number; until: number };

/**
 * The facts of a simulation, recorded outside of every process: the commits of the store, including those of which the
 * process got no confirmation, and the calls that the provider received.
 */
export type Ledger = {
  readonly calls: Call[];
  /** Every lease that was granted. */
  readonly leases: Held[];
  /** How often a lease of a lead expired before it was settled, by id. */
  readonly expiries: ReadonlyMap<string, number>;
  /** The lead that was stored under an id. */
  readonly stored: ReadonlyMap<string, number>;
  readonly violations: string[];
  /** The longest time from granting a lease until it was settled or taken over, in milliseconds. */
  longestLeaseMs(): number;
  /** Records an operation that the store has committed for a process. */
  committed(owner: string, now: number, name: string, args: readonly unknown[], result: unknown): void;
};

export function createLedger(): Ledger {
  const live = new Map<string, Live>();
  const latest = new Map<string, number>();
  const expiries = new Map<string, number>();
  const stored = new Map<string, number>();
  const leases: Held[] = [];
  const violations: string[] = [];
  let longestLeaseMs = 0;

  const over = (id: string, now: number): void => {
    longestLeaseMs = Math.max(longestLeaseMs, now - (live.get(id)?.since ?? now));
    live.delete(id);
  };

  const handOut = (owner: string, lease: Lease, now: number, expired: boolean): void => {
    const before = live.get(lease.id);
    if (before && before.until > now) violations.push(`two live leases at ${now}: ${before.owner} and ${owner}`);
    if (expired !== (before !== undefined)) violations.push(`a lease that ran out was not told as such at ${now}`);
    if (lease.fence <= (latest.get(lease.id) ?? 0)) violations.push(`a fence was handed out twice at ${now}`);
    if (expired) expiries.set(lease.id, (expiries.get(lease.id) ?? 0) + 1);
    over(lease.id, now);
    live.set(lease.id, { fence: lease.fence, owner, since: now, until: now + LEASE_MS });
    latest.set(lease.id, lease.fence);
    leases.push({ owner, lease });
  };
  const holds = (owner: string, { id, fence }: Lease): boolean => {
    const held = live.get(id);
    return held !== undefined && held.fence === fence && held.owner === owner;
  };

  return {
    calls: [],
    leases,
    expiries,
    stored,
    violations,
    longestLeaseMs: () => longestLeaseMs,
    committed(owner, now, name, args, result) {
      if (name === 'accept') {
        const accepted = result as Accepted;
        if (accepted.kind !== 'stored') return;
        stored.set(accepted.conversation.id, Number((args[0] as NewLead).lead.question));
        if (accepted.lease) handOut(owner, accepted.lease, now, false);
      } else if (name === 'claim') {
        for (const { lease, expired } of result as readonly Claim[]) handOut(owner, lease, now, expired);
      } else if (name === 'claimProbe' && result) {
        const { lease, expired } = result as Claim;
        handOut(owner, lease, now, expired);
      } else if (name === 'renew') {
        for (const lease of args[0] as readonly Lease[]) {
          const held = live.get(lease.id);
          if (held && holds(owner, lease)) held.until = now + LEASE_MS;
        }
      } else if (name === 'settle') {
        const lease = args[0] as Lease;
        const settled = result as Settled | undefined;
        if (holds(owner, lease) !== (settled !== undefined)) {
          violations.push(
            `a settle with ${settled ? 'a stale' : 'the valid'} token was ${settled ? 'taken' : 'refused'}`,
          );
        }
        if (settled) over(lease.id, now);
      }
    },
  };
}
