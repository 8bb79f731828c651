import { ATTEMPTS_KEPT, AUDITED_SHOWN, type LeadDetails } from '../../domain/ports/lead-records.ts';
import { type AttemptRow, toPastAttempt } from '../history.ts';
import { type Row, toAuditEntry } from '../rows.ts';
import type { Vault } from '../vault.ts';
import { type Query, toColumns } from './database.ts';

export type Attempted = { readonly attempt: AttemptRow; readonly now: number; readonly dueAt: number | undefined };

/** Adds attempts to the histories of their leads, inside the transaction that settles them. */
export async function recordAttempts(query: Query, attempted: readonly Attempted[]): Promise<void> {
  if (attempted.length === 0) return;
  await query(ADD, toColumns(attempted, valuesOf, 9));
  const beyond = attempted.filter(({ attempt }) => attempt.number > ATTEMPTS_KEPT);
  if (beyond.length === 0) return;
  await query(
    FORGET,
    toColumns(beyond, ({ attempt: { id, number } }) => [id, number - ATTEMPTS_KEPT], 2),
  );
}

function valuesOf({ attempt, now, dueAt }: Attempted): readonly unknown[] {
  const { id, number, facts, words } = attempt;
  const { outcome, cause, httpStatus, durationMs } = facts;
  return [id, number, now, outcome, cause, httpStatus, durationMs, dueAt, words];
}

/** Notes which conversations an audit entry is about, inside the transaction under way. */
export async function noteAudited(query: Query, audit: number, seqs: readonly unknown[]): Promise<void> {
  await query('INSERT INTO audited (seq, audit) SELECT seq, $2 FROM unnest($1::bigint[]) AS v (seq)', [seqs, audit]);
}

/** The history of a conversation. @param row with id and seq */
export async function readHistory(
  query: Query,
  { id, seq }: Row,
  vault: Vault,
): Promise<Pick<LeadDetails, 'pastAttempts' | 'audited'>> {
  const attempts = await query(ATTEMPTS, [seq, ATTEMPTS_KEPT]);
  const audited = await query(AUDITED, [seq, AUDITED_SHOWN]);
  return {
    pastAttempts: attempts.map((row) => toPastAttempt(row, id as string, vault)),
    audited: audited.map(toAuditEntry).reverse(),
  };
}

/** A lead without personal data keeps no history that an erasure would have to find. */
const ADD = `
  INSERT INTO attempts (seq, number, at, outcome, cause, http_status, duration_ms, due_at, description)
  SELECT seq, number, at, outcome, v.cause, http_status, duration_ms, due_at, description
  FROM unnest($1::text[], $2::integer[], $3::bigint[], $4::text[], $5::text[], $6::integer[], $7::integer[],
              $8::bigint[], $9::bytea[])
    AS v (id, number, at, outcome, cause, http_status, duration_ms, due_at, description)
  JOIN conversations USING (id) JOIN lead_keys USING (seq)`;

const FORGET = `
  DELETE FROM attempts USING unnest($1::text[], $2::integer[]) AS v (id, number) JOIN conversations USING (id)
  WHERE attempts.seq = conversations.seq AND attempts.number <= v.number`;

const ATTEMPTS = 'SELECT * FROM attempts WHERE seq = $1 ORDER BY number LIMIT $2';

const AUDITED = `
  SELECT audit.* FROM audited JOIN audit ON audit.seq = audited.audit
  WHERE audited.seq = $1 ORDER BY audited.audit DESC LIMIT $2`;
