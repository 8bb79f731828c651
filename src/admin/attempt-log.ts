import type { Logger } from 'pino';
import type { AttemptReport } from '../leads/delivery/attempt.ts';

/**
 * Writes the one wide line of an attempt, and a line that somebody should act on where a person is needed.
 * Only these fields: nothing of the lead, nothing that the provider wrote.
 */
export function createAttemptLog(log: Logger): (report: AttemptReport) => void {
  return ({ lead, lease, context, answer, settlement, settled, fault }) => {
    const { outcome, httpStatus, durationMs } = answer;
    const line = {
      event: 'attempt',
      requestId: context.requestId,
      conversation: lease.id,
      site: lead.site,
      partner: lead.partner,
      provider: lead.provider,
      attempt: settled?.conversation.attempts,
      // A call before this one may have arrived: if it did, an agent now sees the lead twice.
      possibleRepeat: context.mayHaveArrived ? true : undefined,
      class: outcome.class,
      cause: 'cause' in outcome ? outcome.cause : undefined,
      httpStatus,
      durationMs: Math.round(durationMs),
      status: settled?.conversation.status,
      dueAt: settlement.dueAt === undefined ? undefined : new Date(settlement.dueAt).toISOString(),
      stale: settled === undefined && fault === undefined ? true : undefined,
    };
    log.info(line, 'attempt');
    if (fault) log.error({ event: 'attempt_not_recorded', conversation: lease.id, err: fault }, 'attempt not recorded');
    if (settled?.parkedProvider) {
      log.error(
        { event: 'provider_parked', provider: lead.provider },
        'the provider refuses our credentials: its leads wait',
      );
    }
    if (settled?.conversation.status === 'parked' && settlement.cause !== undefined) {
      log.error(
        { event: 'lead_parked', conversation: lease.id, provider: lead.provider, cause: settlement.cause },
        'a lead needs a person',
      );
    }
  };
}
