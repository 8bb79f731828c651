import type { Submit } from '../leads/submit.ts';
import { systemClock, within } from '../lib/clock.ts';
import { Problem, RETRY_LATER } from './problems.ts';

/**
 * The same submit, answered 503 after `ms`. It bounds the caller's wait and not the lead: what was stored by then is
 * delivered. (Fastify's own `handlerTimeout` does this too, at the price of an aborted signal and its exception a request.)
 */
export function bounded(submit: Submit, ms: number): Submit {
  return async (lead, context) => {
    const submission = await within(systemClock, ms, submit(lead, context));
    if (!submission) throw new Problem('overloaded', { headers: RETRY_LATER });
    return submission;
  };
}
