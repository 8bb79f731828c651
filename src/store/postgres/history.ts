import { ATTEMPTS_KEPT, AUDITED_SHOWN, type LeadDetails } from '../../domain/ports/lead-records.ts';
import { type Row, toAuditEntry, toPastAttempt } from '../rows.ts';
import { type AttemptRow, GROUPS_MAX, OTHER, seenBy } from '../settle.ts';
import type { Vault } from '../vault.ts';
import { type Query, type Store, toColumns } from './database.ts';

type Attempted = { readonly attempt: AttemptRow; readonly now: number; readonly dueAt: number | undefined };

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

/** A provider's message about a lead that is being settled. */
type SaidOf = { readonly id: string; readonly provider: string; readonly text: string; readonly now: number };

/** Notes the groups of messages at their conversations, inside the transaction that settles them. */
export async function recordMessages(
  query: Query,
  said: readonly SaidOf[],
  messageKey: Store['messageKey'],
): Promise<void> {
  // Groups are locked in one order by all replicas.
  const keyed = said
    .map((one) => ({ ...one, key: messageKey(one.text) }))
    .sort((a, b) => Buffer.compare(orderOf(a), orderOf(b)));
  for (const { id, provider, text, now, key } of keyed) {
    const row = await groupOf(query, provider, key, now);
    const [lead] = await query(PHONE_OF, [id]);
    const seen = seenBy(row, (lead?.phone_hash as Buffer | undefined) ?? undefined, text);
    if (seen) await query(SEE, [seen.numbers, seen.text, row.id]);
    await query(GROUP, [row.id, id]);
  }
}

function orderOf({ provider, key }: { readonly provider: string; readonly key: Uint8Array }): Buffer {
  return Buffer.concat([Buffer.from(`${provider}\0`), key]);
}

/** Two replicas at the same time may exceed the limit by a few groups. */
async function groupOf(query: Query, provider: string, key: Uint8Array, now: number): Promise<Row> {
  const [known] = await query(USE, [provider, key, now]);
  if (known) return known;
  const [groups] = await query('SELECT count(*) AS n FROM messages WHERE provider = $1', [provider]);
  const full = (groups?.n as number) >= GROUPS_MAX;
  const [added] = await query(ADD_GROUP, [provider, full ? OTHER.key : key, full ? OTHER.text : null, now]);
  return added as Row;
}

const USE = 'UPDATE messages SET used_at = $3 WHERE provider = $1 AND key = $2 RETURNING id, numbers, text';
const ADD_GROUP = `
  INSERT INTO messages (provider, key, text, used_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (provider, key) DO UPDATE SET used_at = excluded.used_at RETURNING id, numbers, text`;
const SEE = 'UPDATE messages SET numbers = $1, text = $2 WHERE id = $3';
const GROUP = 'UPDATE conversations SET message = $1 WHERE id = $2';
const PHONE_OF = 'SELECT phone_hash FROM lead_keys WHERE seq = (SELECT seq FROM conversations WHERE id = $1)';
