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

/** `unknowns` is counted since the last release; what was before is in `may_have_arrived`. */
export const MAY_HAVE_ARRIVED = '(may_have_arrived OR unknowns > 0)';

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
