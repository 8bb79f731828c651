import { defined } from '../conversation/defined.ts';
import type { Conversation, Lead, RejectionReason, Status } from '../conversation/types.ts';
import type { Cause } from './port.ts';
import type { AuditEntry, ConsentRecord, LeadRecord } from './records.ts';

/** A row as an adapter reads it: both have the same columns, and engines differ only in whether truth is 1 or `true`. */
export type Row = Readonly<Record<string, unknown>>;

/** The columns that `toConversation` reads. */
export const STATE = 'id, status, attempts, reason, created_at, updated_at, next_at, lease_owner';

export function toConversation(row: Row): Conversation {
  return defined({
    id: row.id as string,
    status: row.status as Status,
    attempts: row.attempts as number,
    reason: (row.reason as RejectionReason | null) ?? undefined,
    createdAt: row.created_at as number,
    updatedAt: row.updated_at as number,
    dueAt: row.status === 'queued' && row.lease_owner === null ? (row.next_at as number) : undefined,
  });
}

/** Of a row with `STATE` and site, partner, provider, cause, may_have_arrived, personal. */
export function toRecord(row: Row): LeadRecord {
  return {
    ...toConversation(row),
    ...defined({
      site: row.site as string,
      partner: (row.partner as string | null) ?? undefined,
      provider: row.provider as string,
      cause: (row.cause as Cause | null) ?? undefined,
      mayHaveArrived: Boolean(row.may_have_arrived),
      leased: row.lease_owner !== null,
      erased: !row.personal,
    }),
  };
}

/**
 * Which consent came with a lead; `undefined` where none did.
 *
 * @param lead `undefined` where no configured key opens it
 */
export function toConsent(row: Row, lead: Lead | undefined): ConsentRecord | undefined {
  const which = { id: row.id as string, site: row.site as string, at: row.created_at as number };
  if (!lead) return { ...which, unreadable: true };
  const { consent, page, origin } = lead;
  if (!consent) return undefined;
  return defined({
    ...which,
    text: consent.text,
    version: consent.version,
    pageUrl: page?.url,
    origin,
  });
}

export function toAuditEntry({ at, actor, action, count, detail }: Row): AuditEntry {
  return {
    at: at as number,
    actor: actor as string,
    action: action as AuditEntry['action'],
    count: count as number,
    detail: detail as string,
  };
}
