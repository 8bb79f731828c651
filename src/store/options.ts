import type { Vault } from './vault.ts';

/** What every adapter needs besides its place. */
export type OutboxOptions = {
  readonly vault: Vault;
  /** This process's name in leases; unique for each start. */
  readonly owner: string;
  /** How long a lease lasts unless it is renewed, in milliseconds. */
  readonly leaseMs: number;
  /** How long a caller waits for the first attempt, in milliseconds. */
  readonly waitMs: number;
  /** Called for a lead that is parked because no configured key opens it, once that is on disk. */
  readonly onUnreadable?: (lead: { readonly id: string; readonly provider: string }) => void;
};
