import type { Conversation, Lead, RejectionReason, Status } from '../conversation/types.ts';

/** The right to attempt one conversation. A lease is over when `settle` succeeded or another fence was handed out. */
export type Lease = { readonly id: string; readonly fence: number };

/** Where an attempt leaves a conversation. `dueAt` (ms since the epoch) is set exactly for `queued`. */
export type Settlement = {
  readonly status: Status;
  readonly reason?: RejectionReason;
  readonly dueAt?: number;
  /** The provider's own words, for operators; kept with the lead's personal data. */
  readonly description?: string;
};

/** The durable store of leads. Every method rejects with `StorageUnavailable` when the storage cannot be trusted right now. */
export interface Outbox {
  /** Stores a lead durably, already leased to this process. Resolves only after the commit is on disk. */
  accept(lead: Lead, now: number): Promise<{ conversation: Conversation; lease: Lease }>;
  /** Records how an attempt ended and gives up the lease. A stale lease changes nothing and gives `undefined`. */
  settle(lease: Lease, settlement: Settlement, now: number): Promise<Conversation | undefined>;
  find(id: string): Promise<Conversation | undefined>;
  /** Resolves when a write would succeed now. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** The storage is full, read-only, locked, damaged or gone: nothing was stored, and the caller should try again later. */
export class StorageUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageUnavailable';
  }
}
