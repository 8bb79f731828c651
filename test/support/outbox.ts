import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Lead } from '../../src/domain/lead.ts';
import { LEASE_MS, type Lease } from '../../src/domain/ports/delivery-queue.ts';
import type { AuditEntry } from '../../src/domain/ports/lead-records.ts';
import type { Accepted, NewLead } from '../../src/domain/ports/lead-store.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { capKeys, createHashing } from '../../src/leads/hashing.ts';
import type { OutboxOptions } from '../../src/store/options.ts';
import { openDatabase } from '../../src/store/sqlite/open.ts';
import { createSqliteOutbox } from '../../src/store/sqlite/outbox.ts';
import { createVault } from '../../src/store/vault.ts';
import { withDatabase } from './database.ts';
import { lead } from './lead.ts';
import { memoryFolder } from './memory-folder.ts';

export { LEASE_MS };
export const hashing = createHashing(Buffer.alloc(32, 7));
export const dataKey = Buffer.alloc(32, 9);

/** Opens a store for a test; `owner` names the simulated process. */
export interface OpenOutbox {
  (options?: Partial<OutboxOptions>): Outbox | Promise<Outbox>;
  /** Runs a statement past the program, as whoever may write to the database can. The tables have the same names in both stores. */
  sql(statement: string): Promise<unknown>;
  /** The table of the wrapped keys. */
  readonly keyTable: string;
}

/** Default options of a test's store. */
export const OPTIONS: OutboxOptions = {
  vault: createVault([dataKey]),
  owner: 'process-1',
  leaseMs: LEASE_MS,
  waitMs: 4_000,
  messageKey: hashing.message,
  capKeys: (site, phoneHash, test) => capKeys(hashing, site, phoneHash, test),
};

/** A store in memory; each call opens the same file, `path`, again. */
export function sqliteOutbox(t: Test) {
  const path = join(memoryFolder(t), 'gateway.db');
  // Copying the file takes a tenth of the time that the migrations take.
  migrated ??= migratedFile(path);
  writeFileSync(path, migrated, { mode: 0o600 });
  const open = (options?: Partial<OutboxOptions>): Outbox => createSqliteOutbox(path, { ...OPTIONS, ...options });
  const sql = async (statement: string): Promise<unknown> => withDatabase(path, (database) => database.exec(statement));
  return Object.assign(open, { sql, path, keyTable: 'leads' });
}

let migrated: Buffer | undefined;

/** The content of a new store's file. */
function migratedFile(path: string): Buffer {
  openDatabase(path).close();
  return readFileSync(path);
}

/** The audit entry of an operation of `cli:ann` on a number. */
export const entry = (action: 'suppress' | 'unsuppress', at: number): AuditEntry => ({
  at,
  actor: 'cli:ann',
  action,
  count: 1,
  detail: 'one number',
});

let requests = 0;

/** A new lead to store, with a unique request unless `changes` sets one. */
export function newLead(changes: Partial<NewLead> & { lead?: Lead } = {}): NewLead {
  const content = changes.lead ?? lead();
  requests += 1;
  return {
    lead: content,
    phoneHash: hashing.phone(content.phone.e164),
    request: {
      key: hashing.idempotencyKey('test', String(requests)),
      fingerprint: hashing.fingerprint(content),
      expiresAt: Number.MAX_SAFE_INTEGER,
    },
    caps: [],
    start: { kind: 'leased' },
    ...changes,
  };
}

/** Stores a lead and returns its lease. */
export async function leased(outbox: Outbox, now: number, changes: Partial<NewLead> = {}): Promise<Lease> {
  const accepted = await outbox.accept(newLead(changes), now);
  if (accepted.kind !== 'stored' || !accepted.lease) throw new Error(`not leased: ${describe(accepted)}`);
  return accepted.lease;
}

/** Stores a lead that is due at `at` and returns its id. */
export async function queued(outbox: Outbox, at: number, changes: Partial<NewLead> = {}): Promise<string> {
  const accepted = await outbox.accept(newLead({ start: { kind: 'due', at }, ...changes }), at);
  if (accepted.kind !== 'stored') throw new Error(`not stored: ${describe(accepted)}`);
  return accepted.conversation.id;
}

function describe(accepted: Accepted): string {
  return accepted.kind === 'stored' ? accepted.conversation.status : accepted.kind;
}
