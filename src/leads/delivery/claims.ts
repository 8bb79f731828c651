import type { Conversation } from '../../domain/lead.ts';
import type { Claim, Settlement } from '../../domain/ports/delivery-queue.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Admittance } from '../delivering.ts';
import type { Delivery } from './attempt.ts';
import { type RetryRules, settlementFor } from './policy.ts';

type Parts = {
  readonly delivery: Delivery;
  readonly rules: (site: string) => RetryRules;
  readonly clock: Clock;
  readonly random: () => number;
  /** Told of a lead whose owner died while it may have been sending; what became of it follows the rules. */
  readonly onTakenOver: (claim: Claim, conversation: Conversation) => void;
};

/**
 * Does with a claimed conversation what its state asks for: a call, or an end without one. Gives the conversation as
 * recorded, or `undefined` where somebody else had taken it over.
 */
export async function handleClaim(
  claim: Claim,
  admittance: Admittance,
  parts: Parts,
): Promise<Conversation | undefined> {
  const { delivery, clock } = parts;
  const { lead, lease, tries, unknowns, mayHaveArrived } = claim;
  const permit = admittance.kind === 'go' ? admittance.permit : undefined;
  const instead = settledWithoutCall(claim, parts) ?? (permit ? undefined : putBack(clock.now()));
  if (!permit || instead) {
    permit?.settle(undefined);
    const settled = instead && (await delivery.settle(lease, instead));
    if (settled && claim.expired) parts.onTakenOver(claim, settled.conversation);
    return settled?.conversation;
  }
  return delivery.attempt(lead, lease, { permit, tries, unknowns, mayHaveArrived });
}

function settledWithoutCall(claim: Claim, { rules, clock, random }: Parts): Settlement | undefined {
  // Looks as if the provider had refused it, the call included.
  if (claim.suppressed) return { status: 'rejected', reason: 'phone', cause: 'suppressed', attempted: true };
  if (!claim.expired) return undefined;
  // Its owner died, perhaps while it was sending: that counts as a call whose outcome nobody knows.
  const { tries, unknowns, lead } = claim;
  const outcome = { class: 'unknown', cause: 'lease_expired' } as const;
  return settlementFor({ outcome, tries, unknowns, now: clock.now(), random: random() }, rules(lead.site));
}

/** The region's breaker opened, or the provider was parked, after the lead was claimed: as if it never had been. */
function putBack(now: number): Settlement {
  return { status: 'queued', dueAt: now, attempted: false };
}
