import type { Outcome } from '../conversation/outcome.ts';
import type { Lead } from '../conversation/types.ts';
import type { Decoded, Unreadable } from './decode.ts';
import { type Blame, blame } from './failure.ts';
import { parseRetryAfter } from './retry-after.ts';
import type { Broken, NoReply } from './transport.ts';

/** An answer whose status line came. Its body may have broken off on the way. */
export type Reply = {
  readonly httpStatus: number;
  readonly retryAfter?: string | undefined;
  readonly body: Decoded | { readonly unreadable: Unreadable | Broken };
};

/** What the call came to: a reply, or none, with or without proof that nothing was written. */
export type Exchange = Reply | NoReply;

/**
 * What becomes of an exchange: the table "What the provider's answer becomes" in docs/architecture.md. Pure.
 *
 * @param now milliseconds since the epoch, for a `Retry-After` that is a date
 */
export function classify(exchange: Exchange, lead: Lead, now: number): Outcome {
  if (!('httpStatus' in exchange)) {
    return { class: exchange.written ? 'unknown' : 'not_sent', cause: exchange.cause };
  }
  const { httpStatus, body } = exchange;
  const cause = `http_${httpStatus}`;
  const failure = 'status' in body && body.status === 'Failure' ? body : undefined;
  const description = failure?.description === undefined ? {} : { description: failure.description };

  switch (httpStatus) {
    case 401:
      return { class: 'credentials', cause, ...description };
    case 403:
      // Forbidding is a matter of authorisation, so a Failure here can accuse our account. It is no verdict on the
      // lead's own data, which would be final: whatever else it says, a person looks at it.
      return blameOf(failure, lead) === 'credentials'
        ? { class: 'credentials', cause, ...description }
        : { class: 'refused', cause, ...description };
    case 429:
    case 503: {
      const retryAfterMs = parseRetryAfter(exchange.retryAfter, now);
      return { class: 'not_sent', cause, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }
  }

  if (failure !== undefined) return outcomeOf(blame(failure.description, lead), description, lead);
  if (httpStatus < 200 || httpStatus > 299) return { class: 'unknown', cause };
  return 'unreadable' in body ? { class: 'unknown', cause: body.unreadable } : { class: 'delivered' };
}

function blameOf(failure: { readonly description?: string } | undefined, lead: Lead): Blame | undefined {
  return failure === undefined ? undefined : blame(failure.description, lead);
}

function outcomeOf(blamed: Blame, description: { readonly description?: string }, lead: Lead): Outcome {
  const cause = `failure_${blamed}`;
  switch (blamed) {
    case 'phone':
      return { class: 'rejected', reason: 'phone', cause, ...description };
    case 'target':
      // A target that our own configuration chose is no fault of the caller's.
      return lead.targetFrom === 'caller'
        ? { class: 'rejected', reason: 'target', cause, ...description }
        : { class: 'refused', cause, ...description };
    case 'credentials':
      return { class: 'credentials', cause, ...description };
    case 'other':
      return { class: 'refused', cause, ...description };
  }
}
