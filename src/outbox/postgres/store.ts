import { defined } from '../../conversation/defined.ts';
import type { Conversation, RejectionReason, Status } from '../../conversation/types.ts';
import type { OutboxOptions } from '../options.ts';
import type { Lease } from '../port.ts';
import type { Vault } from '../vault.ts';
import type { Database, Row } from './database.ts';
import type { Doubts } from './doubts.ts';

/** What the parts of the adapter share. */
export type Store = {
  readonly database: Database;
  readonly doubts: Doubts;
  readonly vault: Vault;
  /** This process, in leases: `lease_owner` is it with the number of the batch that took the lease. */
  readonly owner: string;
  readonly leaseMs: number;
  readonly onUnreadable?: OutboxOptions['onUnreadable'];
};

/** The columns that `toConversation` reads. */
export const STATE = 'id, status, attempts, reason, created_at, updated_at, next_at, lease_owner';

/** `unknowns` is counted since the last release; what was before is in `may_have_arrived`. */
export const MAY_HAVE_ARRIVED = '(may_have_arrived OR unknowns > 0)';

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

/** The lease under which a row was just handed out. */
export function toLease(row: Row): Lease {
  return {
    id: row.id as string,
    fence: row.fence as number,
    provider: row.provider as string,
    attempts: row.attempts as number,
    createdAt: row.created_at as number,
  };
}
