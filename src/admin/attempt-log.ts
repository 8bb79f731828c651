import type { Logger } from 'pino';
import type { AttemptReport } from '../leads/delivery/attempt.ts';
import type { ActivityKind } from './activity.ts';
import type { EventCounter } from './metrics.ts';
import { REFUSALS_TO_ALERT, type RefusalStreaks } from './refusal-streaks.ts';

/**
 * Creates the function that logs and counts attempts: one wide line for each attempt, and an error line for each event that an
 * operator must handle. The fields are an allow-list: no personal data of the lead and no text of the provider.
 */
export function createAttemptLog(
  log: Logger,
  events: EventCounter,
  streaks: Pick<RefusalStreaks, 'note'>,
  count: (kind: ActivityKind) => void,
  onStreak: (provider: string, refused: boolean) => void = () => undefined,
): (report: AttemptReport) => void {
  return (report) => {
    const { lead, lease, context, answer, settlement, settled, fault } = report;
    events.attempt(report);
    if (fault) events.storageFault();
    if (!answer.uncalled) count(answer.outcome.class);
    const { outcome, httpStatus, durationMs } = answer;
    const line = {
      event: 'attempt',
      requestId: context.requestId,
      conversation: lease.id,
      site: lead.site,
      partner: lead.partner,
      provider: lead.provider,
      attempt: settled?.conversation.attempts,
      // An earlier call may have delivered the lead; an agent may then see it twice.
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
        'the provider account is parked: its credentials are refused, and its leads wait',
      );
    }
    if (settled?.conversation.status === 'parked' && settlement.cause !== undefined) {
      log.error(
        { event: 'lead_parked', conversation: lease.id, provider: lead.provider, cause: settlement.cause },
        'the lead is parked: an operator must decide',
      );
    }
    const streak = streaks.note(report);
    if (streak) onStreak(lead.provider, streak === 'begun');
    if (streak === 'begun') {
      log.error(
        { event: 'leads_refused', provider: lead.provider, inARow: REFUSALS_TO_ALERT },
        'the provider refuses every lead of the account, for other reasons than their own data',
      );
    }
    if (streak === 'ended') {
      log.warn(
        { event: 'leads_taken_again', provider: lead.provider },
        'the provider takes leads of the account again',
      );
    }
  };
}
