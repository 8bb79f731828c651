import type { Outcome } from '../conversation/outcome.ts';
import type { Settlement } from '../outbox/port.ts';

/** Where one attempt's outcome leaves its conversation (api.md, "What the provider's answer becomes"). */
export function settlementFor(outcome: Outcome): Settlement {
  switch (outcome.class) {
    case 'delivered':
      return { status: 'delivered' };
    case 'rejected':
      return { status: 'rejected', reason: outcome.reason, ...describe(outcome) };
    case 'refused':
      return { status: 'parked', ...describe(outcome) };
    case 'credentials':
      return { status: 'queued', ...describe(outcome) };
    case 'not_sent':
    case 'unknown':
      return { status: 'queued' };
  }
}

function describe({ description }: { description?: string }): { description?: string } {
  return description === undefined ? {} : { description };
}
