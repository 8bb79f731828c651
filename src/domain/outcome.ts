import type { RejectionReason } from './lead.ts';

/**
 * What one call to the provider came to, as one of six classes (the table "What the provider's answer becomes").
 * `cause` is a short stable word for logs and metrics (`timeout`, `dns`, `http_503`, …), never the upstream's text.
 * `description` is the provider's own text, capped; it may quote the lead and is for operators only.
 */
export type Outcome =
  | { readonly class: 'delivered' }
  | {
      readonly class: 'rejected';
      readonly reason: RejectionReason;
      readonly cause: string;
      readonly description?: string;
    }
  | { readonly class: 'credentials'; readonly cause: string; readonly description?: string }
  | { readonly class: 'refused'; readonly cause: string; readonly description?: string }
  | { readonly class: 'not_sent'; readonly cause: string; readonly retryAfterMs?: number }
  | { readonly class: 'unknown'; readonly cause: string };

export type OutcomeClass = Outcome['class'];

/** An outcome with what an operator wants to know of the call. `httpStatus` is absent where no status line came. */
export type Answer = {
  readonly outcome: Outcome;
  readonly httpStatus?: number;
  readonly durationMs: number /** Nobody was called: the lead can become no call, now or later. */;
  readonly uncalled?: true;
};
