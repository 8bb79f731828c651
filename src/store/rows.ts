import type { Conversation, Lead, RejectionReason, Status } from '../domain/lead.ts';
import type { Cause, Lease, ProviderState } from '../domain/ports/delivery-queue.ts';
import type {
  AuditEntry,
  ConsentRecord,
  LeadDetails,
  LeadRecord,
  Page,
  PastAttempt,
} from '../domain/ports/lead-records.ts';
import { InvalidCursor, type StoredConversation } from '../domain/ports/outbox.ts';
import type { Suppression } from '../domain/ports/privacy-store.ts';
import { testOf } from '../domain/provider.ts';
import { DAY_MS } from '../lib/clock.ts';
import { defined } from '../lib/values.ts';
import { type Vault, VaultError } from './vault.ts';

/**
 * A row as an adapter reads it. Both schemas have the same columns. SQLite gives 1 and `Uint8Array` where Postgres gives
 * `true` and `Buffer`.
 */
export type Row = Readonly<Record<string, unknown>>;

/** The columns that `toConversation` reads. */
export const STATE = 'id, status, attempts, reason, created_at, updated_at, next_at, lease_owner, provider';

/** A condition on conversations: test leads, by their provider (`domain/provider.ts`). Partial indexes are spelled like it. */
/**
 * Rows are stored in the order of their times, but for a clock that was set: rows this far from a wanted time are left out without
 * being read. Only a clock that was wrong by more than a day hides the rows of that day.
 */
export const CLOCK_MARGIN_MS = DAY_MS;

export const IS_TEST = "substr(provider, 1, 5) = 'test:'";

export function toConversation(row: Row): Conversation {
  return defined({
    id: row.id as string,
    status: row.status as Status,
    attempts: row.attempts as number,
    reason: (row.reason as RejectionReason | null) ?? undefined,
    createdAt: row.created_at as number,
    updatedAt: row.updated_at as number,
    dueAt: row.status === 'queued' && row.lease_owner === null ? (row.next_at as number) : undefined,
    test: testOf(row.provider as string),
  });
}

/** @param row with `STATE`, partner and reference */
export function toStored(row: Row): StoredConversation {
  const partner = (row.partner as string | null) ?? undefined;
  return { ...toConversation(row), ...defined({ partner, reference: (row.reference as string | null) ?? undefined }) };
}

/** The lease of a row that was just leased. */
export function toLease(row: Row): Lease {
  return {
    id: row.id as string,
    fence: row.fence as number,
    provider: row.provider as string,
    attempts: row.attempts as number,
    createdAt: row.created_at as number,
  };
}

/** @param row with `STATE` and site, partner, cause, may_have_arrived, personal */
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

type History = Pick<LeadDetails, 'pastAttempts' | 'audited'>;

/** @param row as for `toRecord`, with lead_key, lead and description */
export function toDetails(row: Row, history: History, vault: Vault): LeadDetails {
  const description = readSealed(row.description, (data) => vault.openText(row.id as string, 'description', data));
  return { ...toRecord(row), ...defined({ lead: readLead(row, vault), description }), ...history };
}

/**
 * The lead of a row with `id`, `lead_key` and `lead`; `undefined` if it was removed, or if the vault refuses it: no configured
 * key opens it, it was altered, or it is another conversation's.
 */
export function readLead({ id, lead_key: key, lead }: Row, vault: Vault): Lead | undefined {
  const wrapped = key instanceof Uint8Array ? toBuffer(key) : null;
  return readSealed(lead, (data) => vault.open(id as string, { key: wrapped, data }));
}

/** Opens a sealed value; `undefined` if there is none, or if the vault refuses it. */
export function readSealed<T>(column: unknown, open: (data: Buffer) => T): T | undefined {
  if (!(column instanceof Uint8Array)) return undefined;
  try {
    return open(toBuffer(column));
  } catch (error) {
    if (error instanceof VaultError) return undefined;
    throw error;
  }
}

export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes);
}

/**
 * The consent that came with a lead; `undefined` if none did.
 *
 * @param lead `undefined` if no configured key opens it
 */
export function toConsent(row: Row, lead: Lead | undefined): ConsentRecord | undefined {
  const which = { id: row.id as string, site: row.site as string, at: row.created_at as number };
  if (!lead) return { ...which, unreadable: true };
  const { consent, page, origin, provider } = lead;
  if (!consent) return undefined;
  return defined({
    ...which,
    test: testOf(provider),
    text: consent.text,
    version: consent.version,
    pageUrl: page?.url,
    origin,
  });
}

/** @param row with number, at, outcome, cause, http_status, duration_ms, due_at and description */
export function toPastAttempt(row: Row, id: string, vault: Vault): PastAttempt {
  return defined({
    number: row.number as number,
    at: row.at as number,
    outcome: row.outcome as PastAttempt['outcome'],
    cause: (row.cause as string | null) ?? undefined,
    httpStatus: (row.http_status as number | null) ?? undefined,
    durationMs: (row.duration_ms as number | null) ?? undefined,
    dueAt: (row.due_at as number | null) ?? undefined,
    description: readSealed(row.description, (data) => vault.openText(id, 'attempt', data)),
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

export function toProviderState(row: Row): ProviderState {
  return {
    id: row.id as string,
    parkedAt: row.parked_at as number,
    probeAt: row.probe_at as number,
    credentials: row.credentials as string,
  };
}

export function toSuppression(row: Row): Suppression {
  return { phoneHash: toBuffer(row.phone_hash as Uint8Array), createdAt: row.created_at as number };
}

/** The statuses that wait for a person. */
export const WAITING: readonly Status[] = ['held', 'unknown', 'parked'];

/** The place after which an ascending list continues. @throws InvalidCursor */
export function placeAfter(cursor: string | undefined): number {
  return cursor === undefined ? 0 : fromCursor(cursor);
}

/** The place before which a descending list continues. @throws InvalidCursor */
export function placeBefore(cursor: string | undefined): number {
  return cursor === undefined ? Number.MAX_SAFE_INTEGER : fromCursor(cursor);
}

/**
 * Cuts a page out of the rows of a list. The query asks for one row more than `limit`, which shows whether another page
 * follows.
 *
 * @param rows with `seq`, the place of a row in its list
 */
export function cutPage<Item>(rows: readonly Row[], limit: number, toItem: (row: Row) => Item): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const next = last !== undefined && rows.length > limit ? { next: toCursor(last.seq as number) } : {};
  return { items: shown.map(toItem), ...next };
}

/** The place of a row in a list, as the opaque text that callers give back. */
export function toCursor(place: number): string {
  return Buffer.from(String(place)).toString('base64url');
}

function fromCursor(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  if (!/^\d{1,15}$/.test(text)) throw new InvalidCursor();
  return Number(text);
}
