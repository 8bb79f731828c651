import type { Conversation, Lead } from './types.ts';

/** What a request leaves behind for its attempt's log line. */
export type SubmitContext = { readonly requestId: string };

/**
 * Stores a lead, attempts it, and waits for the outcome, but no longer than `DELIVER_WAIT_MS`.
 * Resolves with the conversation as it is then; rejects with `StorageUnavailable` when nothing was stored.
 */
export type Submit = (lead: Lead, context: SubmitContext) => Promise<Conversation>;
