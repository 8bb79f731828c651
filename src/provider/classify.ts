import type { Lead } from '../domain/lead.ts';
import type { Outcome } from '../domain/outcome.ts';
import type { Exchange } from './exchange.ts';
import { classifyFailure, type FailureSubject } from './failure.ts';
import { parseRetryAfter } from './retry-after.ts';

/**
 * The outcome of an exchange, by the table "What the provider's answer becomes" in `docs/architecture.md`. Pure.
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
      // 403 is about authorisation, so its Failure may name our credentials. It never rejects a lead, which would be
      // final: with any other text the lead waits for a person.
      return failure !== undefined && classifyFailure(failure.description, lead) === 'credentials'
        ? { class: 'credentials', cause, ...description }
        : { class: 'refused', cause, ...description };
    case 429:
    case 503: {
      const retryAfterMs = parseRetryAfter(exchange.retryAfter, now);
      return { class: 'not_sent', cause, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    }
  }

  if (failure !== undefined) return outcomeOfFailure(classifyFailure(failure.description, lead), description, lead);
  if (httpStatus < 200 || httpStatus > 299) return { class: 'unknown', cause };
  return 'unreadable' in body ? { class: 'unknown', cause: body.unreadable } : { class: 'delivered' };
}

function outcomeOfFailure(
  subject: FailureSubject,
  description: { readonly description?: string },
  lead: Lead,
): Outcome {
  const cause = `failure_${subject}`;
  switch (subject) {
    case 'phone':
      return { class: 'rejected', reason: 'phone', cause, ...description };
    case 'target':
      // The caller is not at fault for a target from our own configuration.
      return lead.targetFrom === 'caller'
        ? { class: 'rejected', reason: 'target', cause, ...description }
        : { class: 'refused', cause, ...description };
    case 'credentials':
      return { class: 'credentials', cause, ...description };
    case 'unavailable':
      return { class: 'not_sent', cause };
    case 'other':
      return { class: 'refused', cause, ...description };
  }
}
