import { randomBytes } from 'node:crypto';
import type { SQLOutputValue } from 'node:sqlite';
import { defined } from '../../conversation/defined.ts';
import type { Conversation, Lead, RejectionReason, Status } from '../../conversation/types.ts';
import { type Lease, type Outbox, type Settlement, StorageUnavailable } from '../port.ts';
import { createBatchWriter } from './batch.ts';
import { openDatabase } from './open.ts';

const STATE = 'id, status, attempts, reason, created_at, updated_at, due_at';

/**
 * The embedded store: one SQLite file in WAL mode, each commit synced to disk.
 *
 * @param path the database file; it and its folder are created where missing
 * @param leaseMs how long an accepted lead belongs to this process
 * @throws UnusableDatabase when the file is not ours to use
 */
export function createSqliteOutbox({ path, leaseMs }: { path: string; leaseMs: number }): Outbox {
  const database = openDatabase(path);
  const writer = createBatchWriter(database);
  const insert = database.prepare(
    `INSERT INTO conversations (id, site, provider, status, created_at, updated_at, fence, lease_until, lead)
     VALUES (?, ?, ?, 'queued', ?, ?, 1, ?, ?)`,
  );
  const update = database.prepare(
    `UPDATE conversations
     SET status = ?, reason = ?, due_at = ?, description = ?, updated_at = ?, attempts = attempts + 1, lease_until = NULL
     WHERE id = ? AND fence = ? AND lease_until IS NOT NULL RETURNING ${STATE}`,
  );
  const select = database.prepare(`SELECT ${STATE} FROM conversations WHERE id = ?`);

  return {
    accept(lead: Lead, now: number) {
      const id = newId();
      const document = JSON.stringify(lead);
      return writer.write(() => {
        insert.run(id, lead.site, lead.provider, now, now, now + leaseMs, document);
        const conversation: Conversation = { id, status: 'queued', attempts: 0, createdAt: now, updatedAt: now };
        return { conversation, lease: { id, fence: 1 } };
      });
    },
    settle({ id, fence }: Lease, { status, reason, dueAt, description }: Settlement, now: number) {
      return writer.write(() => {
        const row = update.get(status, reason ?? null, dueAt ?? null, description ?? null, now, id, fence);
        return row && toConversation(row);
      });
    },
    async find(id: string) {
      const row = read(() => select.get(id));
      return row && toConversation(row);
    },
    async ready() {
      await writer.write(() => undefined);
    },
    async close() {
      await writer.drain();
      database.close();
    },
  };
}

function read<T>(query: () => T): T {
  try {
    return query();
  } catch (error) {
    throw new StorageUnavailable('The storage did not answer a read.', { cause: error });
  }
}

/** 128 random bits: unguessable, since the id alone gives the right to read the state. */
function newId(): string {
  return `cnv_${randomBytes(16).toString('base64url')}`;
}

function toConversation(row: Record<string, SQLOutputValue>): Conversation {
  return defined({
    id: row.id as string,
    status: row.status as Status,
    attempts: row.attempts as number,
    reason: (row.reason as RejectionReason | null) ?? undefined,
    createdAt: row.created_at as number,
    updatedAt: row.updated_at as number,
    dueAt: (row.due_at as number | null) ?? undefined,
  });
}
