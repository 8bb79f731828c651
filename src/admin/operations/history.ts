import type { RejectionReason, Status } from '../../domain/lead.ts';
import type { AuditEntry, LeadDetails, PastAttempt } from '../../domain/ports/lead-records.ts';
import type { OutcomeClass } from '../../domain/provider.ts';
import { isoTime } from '../../lib/clock.ts';
import { defined } from '../../lib/values.ts';
import { maskText } from './mask.ts';

/** What an operator did with one lead. */
export type LeadAction = 'release' | 'replay' | 'retry' | 'reveal';

/**
 * An entry of a lead's history. Every `at` is a time in ISO 8601.
 * - `stored`: the lead was stored
 * - `attempt`: an attempt ended. The delivery of a lead by its first call has no such entry, because `state` says all of it
 * - `release`, `replay`, `retry`, `reveal`: an operator did that, as the audit says
 * - `state`: the state of the lead, since `at`
 */
export type HistoryEntry =
  | { readonly event: 'stored'; readonly at: string }
  | {
      readonly event: 'attempt';
      readonly at: string;
      /** Counts the calls of the lead from 1. */
      readonly attempt: number;
      readonly outcome: OutcomeClass;
      readonly cause?: string;
      readonly httpStatus?: number;
      readonly durationMs?: number;
      readonly nextTryAt?: string;
      /** The provider's words, masked unless the lead is revealed. */
      readonly description?: string;
    }
  | { readonly event: LeadAction; readonly at: string; readonly actor: string }
  | {
      readonly event: 'state';
      readonly at: string;
      readonly status: Status;
      readonly cause?: string;
      readonly reason?: RejectionReason;
    };

/** The history of a lead, oldest first. Of events at the same time, an attempt comes before what followed from it. */
export function leadHistory(details: LeadDetails, revealed: boolean): readonly HistoryEntry[] {
  const { createdAt, updatedAt, status, cause, reason, pastAttempts, audited } = details;
  const entries: HistoryEntry[] = [
    { event: 'stored', at: isoTime(createdAt) },
    ...pastAttempts.map((attempt) => attemptEntry(attempt, revealed)),
    ...audited.flatMap(auditedEntry),
    defined({ event: 'state' as const, at: isoTime(updatedAt), status, cause, reason }),
  ];
  // The sort is stable.
  return entries.toSorted((a, b) => Number(a.at > b.at) - Number(a.at < b.at));
}

function attemptEntry(attempt: PastAttempt, revealed: boolean): HistoryEntry {
  const { number, at, dueAt, description, ...facts } = attempt;
  return defined({
    event: 'attempt' as const,
    at: isoTime(at),
    attempt: number,
    ...facts,
    nextTryAt: dueAt === undefined ? undefined : isoTime(dueAt),
    description: description === undefined || revealed ? description : maskText(description),
  });
}

function auditedEntry({ at, actor, action }: AuditEntry): HistoryEntry[] {
  return isLeadAction(action) ? [{ event: action, at: isoTime(at), actor }] : [];
}

function isLeadAction(action: AuditEntry['action']): action is LeadAction {
  return action === 'release' || action === 'replay' || action === 'retry' || action === 'reveal';
}
