import type { Lease, Outbox } from '../outbox/port.ts';
import type { Conversation, Lead } from './types.ts';

/** What a request leaves behind for its attempt's log line. */
export type SubmitContext = { readonly requestId: string };

/** One try at delivering a leased lead; gives the conversation as recorded, or `undefined` where the lease was stale. */
export type Attempt = (lead: Lead, lease: Lease, context: SubmitContext) => Promise<Conversation | undefined>;

/**
 * Stores a lead, attempts it, and waits for the outcome, but no longer than `DELIVER_WAIT_MS`.
 * Resolves with the conversation as it is then; rejects with `StorageUnavailable` when nothing was stored.
 */
export type Submit = (lead: Lead, context: SubmitContext) => Promise<Conversation>;

type Parts = {
  readonly outbox: Pick<Outbox, 'accept'>;
  readonly attempt: Attempt;
  /** Told of an attempt whose outcome could not be recorded; the lead itself is safe. */
  readonly onFault: (error: unknown, id: string) => void;
  readonly waitMs: number;
  readonly now: () => number;
};

export function createSubmit({ outbox, attempt, onFault, waitMs, now }: Parts): Submit {
  return async (lead, context) => {
    const { conversation, lease } = await outbox.accept(lead, now());
    const settled = attempt(lead, lease, context).catch((error: unknown) => {
      onFault(error, lease.id);
      return undefined;
    });
    return (await within(waitMs, settled)) ?? conversation;
  };
}

/** The promise's value, or `undefined` once `ms` have passed. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const timeout = Promise.withResolvers<undefined>();
  const timer = setTimeout(timeout.resolve, ms, undefined);
  try {
    return await Promise.race([promise, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}
