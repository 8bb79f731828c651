import { type Lead, type Listing, STATUSES, type Status } from '../../domain/lead.ts';
import type {
  AuditEntry,
  ConsentRecord,
  LeadDetails,
  LeadRecord,
  Stats,
  Tally,
  WaitingGroup,
} from '../../domain/ports/lead-records.ts';
import { isoTime } from '../../lib/clock.ts';
import { defined } from '../../lib/values.ts';
import { type HistoryEntry, leadHistory } from './history.ts';
import { type MaskedLead, maskLead, maskText } from './mask.ts';

/** The shapes that `--json` and the admin API return. They are stable, and their times are in ISO 8601. */

export type LeadView = {
  readonly id: string;
  /** Set for a test lead, which only the simulator gets. */
  readonly test?: true;
  readonly status: Status;
  readonly cause?: string;
  readonly reason?: string;
  readonly site: string;
  readonly partner?: string;
  readonly provider: string;
  readonly attempts: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly dueAt?: string;
  /** Whether an earlier call may have delivered it; sent again, an agent may see it twice. */
  readonly mayHaveArrived: boolean;
  readonly leased: boolean;
  readonly erased: boolean;
};

export function leadView(record: LeadRecord): LeadView {
  return defined({
    id: record.id,
    test: record.test,
    status: record.status,
    cause: record.cause,
    reason: record.reason,
    site: record.site,
    partner: record.partner,
    provider: record.provider,
    attempts: record.attempts,
    createdAt: isoTime(record.createdAt),
    updatedAt: isoTime(record.updatedAt),
    dueAt: record.dueAt === undefined ? undefined : isoTime(record.dueAt),
    mayHaveArrived: record.mayHaveArrived,
    leased: record.leased,
    erased: record.erased,
  });
}

/** A lead with its personal data in full. */
export type RevealedLead = Omit<MaskedLead, 'listing'> & { readonly listing?: Listing };

export type LeadDetailsView = LeadView & {
  /** Whether `lead` and `description` are in full. An audit entry records each reveal. */
  readonly revealed: boolean;
  /** Absent if it was erased, or if no configured key decrypts it. */
  readonly lead?: MaskedLead | RevealedLead;
  /** The provider's description, which may quote the lead. */
  readonly description?: string;
  /** The document that would be sent, with the password masked: only of a revealed lead, from a running gateway. */
  readonly document?: string;
  /** What became of the lead, oldest first. */
  readonly history: readonly HistoryEntry[];
};

export type { HistoryEntry };

export function leadDetailsView(details: LeadDetails, revealed: boolean): LeadDetailsView {
  const { lead, description } = details;
  return {
    ...leadView(details),
    revealed,
    ...(lead && { lead: revealed ? revealLead(lead) : maskLead(lead) }),
    ...(description !== undefined && { description: revealed ? description : maskText(description) }),
    history: leadHistory(details, revealed),
  };
}

function revealLead({ site: _site, partner: _partner, provider: _provider, phone, ...rest }: Lead): RevealedLead {
  return { ...rest, phone: phone.e164 };
}

export type StatsView = {
  readonly byStatus: Readonly<Record<Status, number>>;
  readonly oldestQueuedAt?: string;
  readonly oldestQueuedSeconds?: number;
  readonly suppressions: number;
  readonly parkedProviders: readonly string[];
  /** Test leads of any status; they are in no other count. */
  readonly testLeads: number;
};

export function statsView({ oldestQueuedAt, ...counts }: Stats, now: number): StatsView {
  // A fixed order for readers; the order of a store varies.
  const byStatus = Object.fromEntries(STATUSES.map((status) => [status, counts.byStatus[status]])) as Stats['byStatus'];
  const stats = { ...counts, byStatus };
  if (oldestQueuedAt === undefined) return stats;
  return { ...stats, oldestQueuedAt: isoTime(oldestQueuedAt), oldestQueuedSeconds: ageSeconds(oldestQueuedAt, now) };
}

export type WaitingView = Tally & { readonly oldestAt?: string; readonly oldestSeconds?: number };

export function waitingView({ oldestAt, ...group }: WaitingGroup, now: number): WaitingView {
  if (oldestAt === undefined) return group;
  return { ...group, oldestAt: isoTime(oldestAt), oldestSeconds: ageSeconds(oldestAt, now) };
}

/** Gives the age in whole seconds of a time in milliseconds since the epoch; 0 for a time in the future. */
export function ageSeconds(since: number, now: number): number {
  return Math.max(0, Math.round((now - since) / 1_000));
}

export type ConsentView = Omit<ConsentRecord, 'at'> & { readonly at: string };

export function consentView(record: ConsentRecord): ConsentView {
  return { ...record, at: isoTime(record.at) };
}

export type AuditView = Omit<AuditEntry, 'at'> & { readonly at: string };

export function auditView(entry: AuditEntry): AuditView {
  return { ...entry, at: isoTime(entry.at) };
}

export { isoTime };
