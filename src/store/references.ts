import { hash } from 'node:crypto';
import { type Conversation, STATUSES } from '../domain/lead.ts';
import type { Page, PartnerFilter, PartnerRecord } from '../domain/ports/lead-records.ts';
import { defined } from '../lib/values.ts';
import { IS_TEST, type Row, STATE, toConversation } from './rows.ts';

/**
 * 24 bits of a reference, by which it is found. A reference may name a person, and the engines leave copies of what an index
 * holds; so few bits identify nobody, and 16 million values keep a partner's references apart well enough.
 */
export function referenceHash(reference: string): number {
  return hash('sha256', reference, 'buffer').readUIntBE(0, 3);
}

/** Reads the reference of a conversation. */
export const REFERENCE =
  '(SELECT reference FROM lead_references WHERE lead_references.seq = conversations.seq) AS reference';

/** The place of a conversation in its partner's list. */
export const PLACE = 'SELECT created_at, seq FROM conversations WHERE id = $1 AND partner = $2';

/** A statement with numbered parameters. */
export type Statement = { readonly text: string; readonly values: readonly (string | number)[] };

/**
 * The newest conversations that a filter selects. Each status is a range of an index that is read from its end, so that neither
 * a rare status nor an old `since` makes the statement read what it does not give.
 *
 * @param before the place after which the list continues
 */
export function partnerPage(
  { partner, status, reference, test, since = 0, until = Number.MAX_SAFE_INTEGER }: PartnerFilter,
  before: { readonly createdAt: number; readonly seq: number } | undefined,
  limit: number,
  mayHaveArrived: string,
): Statement {
  const first = before ?? { createdAt: Number.MAX_SAFE_INTEGER, seq: 0 };
  const values = [
    partner,
    since,
    until,
    first.createdAt,
    first.seq,
    limit,
    ...(reference === undefined ? [] : [referenceHash(reference), reference]),
  ];
  const kind = test === undefined ? '' : ` AND ${test ? '' : 'NOT '}${IS_TEST}`;
  const named = reference === undefined ? '' : ' AND reference_hash = $7 AND reference = $8';
  const columns = `${STATE}, conversations.seq AS seq, ${mayHaveArrived} AS may_have_arrived, reference`;
  const ofStatus = (one: string): string => `
    SELECT * FROM (
      SELECT ${columns} FROM conversations ${named ? '' : 'LEFT '}JOIN lead_references ON lead_references.seq = conversations.seq
      WHERE partner = $1 AND status = '${one}'${named}${kind} AND created_at >= $2 AND created_at < $3
        AND (created_at, conversations.seq) < ($4, $5)
      ORDER BY created_at DESC, conversations.seq DESC LIMIT $6
    ) AS page`;
  const parts = (status === undefined ? STATUSES : [status]).map(ofStatus);
  return { text: `${parts.join(' UNION ALL ')} ORDER BY created_at DESC, seq DESC LIMIT $6`, values };
}

/** @param rows of `partnerPage`, one more than `limit` if another page follows */
export function cutPartnerPage(rows: readonly Row[], limit: number): Page<PartnerRecord> {
  const items = rows.slice(0, limit).map(toPartnerRecord);
  const last: Conversation | undefined = items.at(-1);
  return { items, ...(last && rows.length > limit && { next: last.id }) };
}

function toPartnerRecord(row: Row): PartnerRecord {
  return {
    ...toConversation(row),
    ...defined({
      reference: (row.reference as string | null) ?? undefined,
      mayHaveArrived: Boolean(row.may_have_arrived),
    }),
  };
}
