import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { OutboxOptions } from '../options.ts';
import type { Vault } from '../vault.ts';
import type { BatchWriter } from './batch.ts';
import type { Counters } from './counters.ts';
import type { Read } from './reader.ts';

/** What the parts of the adapter share: one connection, one batch writer, one way to read. */
export type Store = {
  readonly database: DatabaseSync;
  readonly writer: BatchWriter;
  /** Whatever counts inside a batch; the writer stores it with the rest. */
  readonly counters: Counters;
  readonly vault: Vault;
  /** This process, in leases. */
  readonly owner: string;
  readonly leaseMs: number;
  readonly onUnreadable?: OutboxOptions['onUnreadable'];
  readonly read: Read;
};

export type Row = Record<string, SQLOutputValue>;

/** `unknowns` is counted since the last release; what was before is in `may_have_arrived`. */
export const MAY_HAVE_ARRIVED = '(may_have_arrived = 1 OR unknowns > 0)';

/** What waits for a person and what is final, spelled as in their indexes: an index is used only for its own condition. */
export const IS_WAITING = "(status = 'held' OR status = 'unknown' OR status = 'parked')";
export const IS_FINAL = "(status = 'delivered' OR status = 'rejected')";
