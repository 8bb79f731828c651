import type { Conversation, Lead, Status } from '../domain/lead.ts';
import type {
  Accepted,
  CapPressure,
  Known,
  LeadStore,
  RequestKey,
  Screening,
  Start,
  Use,
} from '../domain/ports/lead-store.ts';
import { StorageUnavailable } from '../domain/ports/outbox.ts';
import { isTestProvider } from '../domain/provider.ts';
import { Refusal } from '../domain/refusal.ts';
import { type Clock, within } from '../lib/clock.ts';
import type { Delivering } from './delivery/attempt.ts';
import type { Permit } from './delivery/breaker.ts';
import {
  capsFor,
  type DailyMaxima,
  type Hashing,
  type IdempotencyScope,
  identify,
  overCap,
  type RequestIdentity,
} from './hashing.ts';

export type SubmitContext = {
  readonly requestId: string;
  readonly scope: IdempotencyScope;
  /**
   * Checks the lead before it is stored: what came with it against robots, then the rate limit. Throws where the lead must not
   * be stored. Replays are answered without it.
   */
  readonly screen: () => Promise<Screening>;
};

export type Submission = {
  readonly conversation: Conversation;
  readonly replayed: boolean;
  /** Milliseconds for which the provider asked to send nothing for the lead's account. It depends on the account, never on the lead. */
  readonly askedToWaitMs?: number;
};

const HELD = { kind: 'held' } as const;

/**
 * Stores a lead, attempts it, and waits for the outcome, but no longer than `DELIVER_WAIT_MS`.
 * Resolves with the conversation as it is then; a request that is already known gets its lead as it is now.
 *
 * @throws Refusal `rate_limited`, `phone_limit_reached`, `site_limit_reached`, `idempotency_key_reused`,
 *   `idempotency_in_progress`, `form_token_invalid`, `proof_required`: nothing was stored
 * @throws StorageUnavailable nothing was stored
 */
export type Submit = (lead: Lead, context: SubmitContext) => Promise<Submission>;

type Parts = {
  readonly store: LeadStore;
  readonly delivery: Delivering;
  readonly hashing: Hashing;
  readonly dailyMax: (site: string) => DailyMaxima;
  /** Called with the status in the answer to each new lead that was stored. */
  readonly onAnswered?: (status: Status, site: string, test: boolean) => void;
  /** Called for a suspicious lead, which is held, unless it is a test. */
  readonly onSuspect?: (site: string) => void;
  /** Called when a lead was refused because the storage is unavailable. */
  readonly onStorageFault?: () => void;
  /** Called for an attempt whose outcome could not be recorded; the lead itself is safe. */
  readonly onUnrecorded: (error: unknown, id: string) => void;
  /** Called for a lead that came near a cap, or was held or refused because of one, unless it is a test. A refused lead has no `conversation`. */
  readonly onCapPressure?: (pressure: CapPressure, site: string, conversation?: string) => void;
  /** Called when a lead begins (1) and ends (-1) to be stored. */
  readonly onStoring?: (change: 1 | -1) => void;
  /** Called when a lead was left to the background worker, which may sleep. */
  readonly onQueued: () => void;
  readonly waitMs: number;
  readonly clock: Clock;
};

export function createSubmit(parts: Parts): Submit {
  const {
    store,
    delivery,
    hashing,
    dailyMax,
    onAnswered,
    onSuspect,
    onStorageFault,
    onUnrecorded,
    onQueued,
    waitMs,
    clock,
  } = parts;
  const { onCapPressure = () => undefined, onStoring = () => undefined } = parts;
  const underWay = new Map<string, { identity: RequestIdentity; submission: Promise<Submission> }>();

  const take = async (lead: Lead, identity: RequestIdentity, context: SubmitContext): Promise<Submission> => {
    const known = await store.lookup(identity.request, clock.now());
    if (known) return answerKnown(known, identity);
    const { suspect, uses } = await context.screen();
    const test = isTestProvider(lead.provider);
    if (suspect && !test) onSuspect?.(lead.site);
    const clearance = suspect ? HELD : delivery.clear(lead.provider);
    let unused = clearance.kind === 'go' ? clearance.permit : undefined;
    try {
      const accepted = await accept(lead, identity.request, context.scope, clearance.kind, uses);
      if (accepted.kind === 'over') {
        if (accepted.cap !== 'visitor' && !test) onCapPressure({ cap: accepted.cap, level: 'exceeded' }, lead.site);
        throw overCap(accepted.cap, clock.now());
      }
      if (accepted.kind === 'used') throw usedBefore(accepted.use);
      if (accepted.kind !== 'stored') return answerKnown(accepted, identity);
      if (!test)
        for (const pressure of accepted.pressure ?? []) onCapPressure(pressure, lead.site, accepted.conversation.id);
      if (unused && accepted.lease) {
        // From here on the permit belongs to the attempt, which may outlast this request.
        const permit = unused;
        unused = undefined;
        return { conversation: await firstOutcome(lead, accepted, permit, context), replayed: false };
      }
      if (accepted.conversation.status === 'queued') onQueued();
      return { conversation: accepted.conversation, replayed: false };
    } finally {
      unused?.report(undefined);
    }
  };

  const accept = async (
    lead: Lead,
    request: RequestKey,
    scope: IdempotencyScope,
    clearance: 'go' | 'later' | 'parked' | 'held',
    uses: readonly Use[],
  ): Promise<Accepted> => {
    const now = clock.now();
    const start: Start =
      clearance === 'go' ? { kind: 'leased' } : clearance === 'later' ? { kind: 'due', at: now } : { kind: clearance };
    const phoneHash = hashing.phone(lead.phone.e164);
    const caps = capsFor(hashing, dailyMax(lead.site), lead, phoneHash, scope);
    onStoring(1);
    try {
      return await store.accept({ lead, phoneHash, request, caps, start, uses }, now);
    } finally {
      onStoring(-1);
    }
  };

  const firstOutcome = async (
    lead: Lead,
    { conversation, lease, suppressed }: Accepted & { kind: 'stored' },
    permit: Permit,
    { requestId }: SubmitContext,
  ): Promise<Conversation> => {
    if (!lease) return conversation;
    const settled = delivery
      .attempt(lead, lease, {
        permit,
        tries: 0,
        unknowns: 0,
        mayHaveArrived: false,
        requestId,
        ...(suppressed && { suppressed }),
      })
      .catch((error: unknown) => {
        onUnrecorded(error, lease.id);
        return undefined;
      });
    return (await within(clock, waitMs, settled)) ?? conversation;
  };

  return async (lead, context) => {
    const identity = identify(hashing, lead, context.scope, clock.now());
    const earlier = underWay.get(identity.name);
    if (earlier) return joinEarlier(earlier, identity);
    const submission = take(lead, identity, context).finally(() => underWay.delete(identity.name));
    underWay.set(identity.name, { identity, submission });
    try {
      const { conversation, replayed } = await submission;
      if (!replayed) onAnswered?.(conversation.status, lead.site, isTestProvider(lead.provider));
    } catch (error) {
      if (error instanceof StorageUnavailable) onStorageFault?.();
      throw error;
    }
    return { ...(await submission), askedToWaitMs: delivery.askedToWaitMs(lead.provider) };
  };
}

async function joinEarlier(
  earlier: { identity: RequestIdentity; submission: Promise<Submission> },
  identity: RequestIdentity,
): Promise<Submission> {
  if (!identity.keyed) return { ...(await earlier.submission), replayed: true };
  throw Buffer.from(earlier.identity.request.fingerprint).equals(identity.request.fingerprint)
    ? inProgress()
    : reused();
}

function answerKnown(known: Known, { keyed }: RequestIdentity): Submission {
  if (known.kind === 'reused') throw reused();
  if (keyed && known.underWay) throw inProgress();
  return { conversation: known.conversation, replayed: true };
}

function usedBefore(use: Use['kind']): Refusal {
  return use === 'proof'
    ? new Refusal('proof_required', 'Was used before; get a new challenge and solve it.', { pointer: '/proof' })
    : new Refusal('form_token_invalid', 'Was used before; get a new one.', { pointer: '/formToken' });
}

function reused(): Refusal {
  return new Refusal(
    'idempotency_key_reused',
    'This Idempotency-Key came with another lead before; use a new key for a new lead.',
  );
}

function inProgress(): Refusal {
  return new Refusal(
    'idempotency_in_progress',
    'The first request with this Idempotency-Key is still under way; ask again shortly.',
    {
      retryAfterS: 1,
    },
  );
}
