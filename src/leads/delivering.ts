import type { Conversation, Lead } from '../domain/lead.ts';
import type { OutcomeClass } from '../domain/outcome.ts';
import type { Lease } from '../domain/ports/delivery-queue.ts';

/** The right to call a provider now. Whoever has one says what came of it, or that nothing was called. */
export type Permit = { settle(outcome: OutcomeClass | undefined): void };

/** Whether a provider may be called: now, later (its region's breaker is open), or not before a person looked at it. */
export type Admittance =
  | { readonly kind: 'go'; readonly permit: Permit }
  | { readonly kind: 'later' }
  | { readonly kind: 'parked' };

/**
 * What an attempt has to know beside its lead. `tries` and `unknowns` are those before it, since it was stored or last
 * released; `mayHaveArrived`: some call before it, however long ago, may have reached the provider.
 */
export type AttemptContext = {
  readonly permit: Permit;
  readonly tries: number;
  readonly unknowns: number;
  readonly mayHaveArrived: boolean;
  /** Of the request that waits for it, where one does. */
  readonly requestId?: string;
};

/** Delivery, as submitting a lead sees it. */
export interface Delivering {
  enter(provider: string): Admittance;
  /** One call to the provider, its outcome recorded; gives the conversation, or `undefined` where the lease was stale or the storage did not take the outcome. */
  attempt(lead: Lead, lease: Lease, context: AttemptContext): Promise<Conversation | undefined>;
}
