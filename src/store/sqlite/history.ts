import type { DatabaseSync } from 'node:sqlite';
import { ATTEMPTS_KEPT, AUDITED_SHOWN, type LeadDetails } from '../../domain/ports/lead-records.ts';
import { type Row, toAuditEntry, toPastAttempt } from '../rows.ts';
import { type AttemptRow, GROUPS_MAX, OTHER, seenBy } from '../settle.ts';
import type { Vault } from '../vault.ts';
import type { Store } from './database.ts';

/** Removes attempts of a conversation. Deleting the rows would move others. */
export const BLANK_ATTEMPTS = `
  UPDATE attempts SET seq = NULL, number = NULL, at = NULL, outcome = NULL, cause = NULL, http_status = NULL,
                      duration_ms = NULL, due_at = NULL, description = NULL
  WHERE seq = ?`;

/** Gives a function that adds an attempt to its lead's history, in the transaction under way. */
export function prepareAttempts(
  database: DatabaseSync,
): (attempt: AttemptRow, now: number, dueAt: number | undefined) => void {
  // A lead without personal data keeps no history that an erasure would have to find.
  const add = database.prepare(
    `INSERT INTO attempts (seq, number, at, outcome, cause, http_status, duration_ms, due_at, description)
     SELECT seq, ?, ?, ?, ?, ?, ?, ?, ? FROM conversations WHERE id = ? AND personal = 1`,
  );
  const blank = database.prepare(`${BLANK_ATTEMPTS} AND number <= ?`);
  const find = database.prepare('SELECT seq FROM conversations WHERE id = ?');
  return ({ id, number, facts: { outcome, cause, httpStatus, durationMs }, words }, now, dueAt) => {
    add.run(number, now, outcome, cause ?? null, httpStatus ?? null, durationMs ?? null, dueAt ?? null, words, id);
    if (number > ATTEMPTS_KEPT) blank.run(find.get(id)?.seq as number, number - ATTEMPTS_KEPT);
  };
}

/** Gives a function that notes which conversations an audit entry is about, in the transaction under way. */
export function prepareAudited(database: DatabaseSync): (audit: number, seqs: readonly number[]) => void {
  const add = database.prepare('INSERT INTO audited (seq, audit) VALUES (?, ?)');
  return (audit, seqs) => {
    for (const seq of seqs) add.run(seq, audit);
  };
}

/** Gives a function that reads the history of a conversation. @param row with id and seq */
export function prepareHistory(
  database: DatabaseSync,
  vault: Vault,
): (row: Row) => Pick<LeadDetails, 'pastAttempts' | 'audited'> {
  const attempts = database.prepare('SELECT * FROM attempts WHERE seq = ? ORDER BY number LIMIT ?');
  const audited = database.prepare(
    `SELECT audit.* FROM audited JOIN audit ON audit.seq = audited.audit
     WHERE audited.seq = ? ORDER BY audited.audit DESC LIMIT ?`,
  );
  return ({ id, seq }) => ({
    pastAttempts: attempts
      .all(seq as number, ATTEMPTS_KEPT)
      .map((attempt) => toPastAttempt(attempt, id as string, vault)),
    audited: audited
      .all(seq as number, AUDITED_SHOWN)
      .map(toAuditEntry)
      .reverse(),
  });
}

/** Notes the group of the provider's message at the conversation, inside the transaction that settles it. */
type RecordMessage = (id: string, provider: string, text: string, now: number) => void;

export function prepareMessages(database: DatabaseSync, messageKey: Store['messageKey']): RecordMessage {
  const find = database.prepare('SELECT id, numbers, text FROM messages WHERE provider = ? AND key = ?');
  const count = database.prepare('SELECT count(*) AS n FROM messages WHERE provider = ?');
  const add = database.prepare('INSERT INTO messages (provider, key, text) VALUES (?, ?, ?)');
  const see = database.prepare('UPDATE messages SET numbers = ?, text = ? WHERE id = ?');
  const use = database.prepare('UPDATE messages SET used_at = ? WHERE id = ?');
  const group = database.prepare('UPDATE conversations SET message = ? WHERE id = ?');
  const phone = database.prepare(
    'SELECT phone_hash FROM leads WHERE seq = (SELECT seq FROM conversations WHERE id = ?)',
  );

  const groupOf = (provider: string, text: string) => {
    const key = messageKey(text);
    const known = find.get(provider, key);
    if (known) return known;
    const full = (count.get(provider)?.n as number) >= GROUPS_MAX;
    const other = full ? find.get(provider, OTHER.key) : undefined;
    if (other) return other;
    add.run(provider, full ? OTHER.key : key, full ? OTHER.text : null);
    return find.get(provider, full ? OTHER.key : key) as NonNullable<typeof known>;
  };

  return (id, provider, text, now) => {
    const row = groupOf(provider, text);
    const seen = seenBy(row, (phone.get(id)?.phone_hash as Uint8Array | null) ?? undefined, text);
    if (seen) see.run(seen.numbers, seen.text, row.id as number);
    use.run(now, row.id as number);
    group.run(row.id as number, id);
  };
}
