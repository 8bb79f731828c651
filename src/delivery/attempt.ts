import type { Logger } from 'pino';
import type { Attempt } from '../conversation/submit.ts';
import type { Outbox } from '../outbox/port.ts';
import { settlementFor } from './policy.ts';
import type { Upstream } from './port.ts';

type Parts = {
  readonly outbox: Pick<Outbox, 'settle'>;
  readonly upstream: Pick<Upstream, 'send'>;
  readonly log: Logger;
  readonly now: () => number;
};

export interface Delivery {
  /** One call to the provider for a leased lead, its outcome recorded. Rejects only when the storage does. */
  readonly attempt: Attempt;
  /** Resolves when no attempt is under way. */
  idle(): Promise<void>;
}

/** The one path on which leads are delivered: whoever holds a lease comes here. */
export function createDelivery({ outbox, upstream, log, now }: Parts): Delivery {
  const running = new Set<Promise<unknown>>();

  const run: Attempt = async (lead, lease, context) => {
    const answer = await upstream.send(lead);
    const settlement = settlementFor(answer.outcome);
    const conversation = await outbox.settle(lease, settlement, now());
    // The one wide line of an attempt. Only these fields: nothing of the lead, nothing that the provider wrote.
    log.info(
      {
        event: 'attempt',
        requestId: context.requestId,
        conversation: lease.id,
        site: lead.site,
        partner: lead.partner,
        provider: lead.provider,
        attempt: conversation?.attempts,
        class: answer.outcome.class,
        cause: 'cause' in answer.outcome ? answer.outcome.cause : undefined,
        httpStatus: answer.httpStatus,
        durationMs: Math.round(answer.durationMs),
        status: conversation?.status,
        stale: conversation === undefined ? true : undefined,
      },
      'attempt',
    );
    return conversation;
  };

  return {
    attempt(lead, lease, context) {
      const attempt = run(lead, lease, context).finally(() => running.delete(attempt));
      running.add(attempt);
      return attempt;
    },
    async idle() {
      await Promise.allSettled(running);
    },
  };
}
