import type { CapKind } from '../domain/ports/lead-store.ts';
import type { OnCommit } from './group-commit.ts';
import type { Vault } from './vault.ts';

/** The options of every adapter, besides its address. */
export type OutboxOptions = {
  readonly vault: Vault;
  /** This process's name in leases; unique for each start. */
  readonly owner: string;
  /** How long a lease lasts unless it is renewed, in milliseconds. */
  readonly leaseMs: number;
  /** How long a caller waits for the first attempt, in milliseconds. */
  readonly waitMs: number;
  /** The keyed hash of a provider's message, by which its group is found again without its text. */
  readonly messageKey: (text: string) => Buffer;
  /**
   * The counters of a lead's number and site, on which a suspect counts from its release on.
   *
   * @param phoneHash of the lead's number
   */
  readonly capKeys: (site: string, phoneHash: Buffer, test: boolean) => Readonly<Record<CapKind, Uint8Array>>;
  /** Measures each transaction. */
  readonly onCommit?: OnCommit | undefined;
  /** Called for a lead that is parked because no configured key opens it, once that is on disk. */
  readonly onUnreadable?: (lead: { readonly id: string; readonly provider: string }) => void;
  /** Called at the opening with the files of the database that other users of the machine may read, if there are any. */
  readonly onExposed?: (files: readonly string[]) => void;
};
