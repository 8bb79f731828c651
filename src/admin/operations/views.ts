import { type Lead, type Listing, STATUSES, type Status } from '../../domain/lead.ts';
import type { AuditEntry, ConsentRecord, LeadDetails, LeadRecord, Stats } from '../../domain/ports/lead-records.ts';
import { defined } from '../../lib/defined.ts';
import { type MaskedLead, maskLead, maskText } from './mask.ts';
import { isoTime } from './time.ts';

/** The shapes that `--json` and the admin API give; stable, with times in ISO 8601. */

export type LeadView = {
  readonly id: string;
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
  /** Sent again, an agent may see it twice. */
  readonly mayHaveArrived: boolean;
  readonly leased: boolean;
  readonly erased: boolean;
};

export function leadView(record: LeadRecord): LeadView {
  return defined({
    id: record.id,
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

/** What the consumer told us, in full. */
export type RevealedLead = Omit<MaskedLead, 'listing'> & { readonly listing?: Listing };

export type LeadDetailsView = LeadView & {
  /** Whether `lead` and `description` are in full; then an audit entry was left. */
  readonly revealed: boolean;
  /** Absent where it was erased, or where no key that we hold opens it. */
  readonly lead?: MaskedLead | RevealedLead;
  /** The provider's own words, which may quote the lead. */
  readonly description?: string;
};

export function leadDetailsView(details: LeadDetails, revealed: boolean): LeadDetailsView {
  const { lead, description } = details;
  return {
    ...leadView(details),
    revealed,
    ...(lead && { lead: revealed ? revealLead(lead) : maskLead(lead) }),
    ...(description !== undefined && { description: revealed ? description : maskText(description) }),
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
};

export function statsView({ oldestQueuedAt, ...counts }: Stats, now: number): StatsView {
  // One order for people, whatever the store's.
  const byStatus = Object.fromEntries(STATUSES.map((status) => [status, counts.byStatus[status]])) as Stats['byStatus'];
  const stats = { ...counts, byStatus };
  if (oldestQueuedAt === undefined) return stats;
  return { ...stats, oldestQueuedAt: isoTime(oldestQueuedAt), oldestQueuedSeconds: ageSeconds(oldestQueuedAt, now) };
}

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
