import type { Conversation } from '../lead.ts';
import type { ActivityStore } from './activity-store.ts';
import type { DeliveryQueue, LeaseStore, ParkedLeadStore, ProbeQueue, ProviderStore } from './delivery-queue.ts';
import type { EntryStore } from './entry-store.ts';
import type { KeyStore } from './key-store.ts';
import type {
  AuditStore,
  ConsentStore,
  LeadRecords,
  PartnerRecords,
  RequeueStore,
  StatsStore,
} from './lead-records.ts';
import type { LeadStore } from './lead-store.ts';
import type { AlertStore, CallbackStore, OutgoingQueue } from './outgoing-queue.ts';
import type { ErasureStore, RetentionStore, SuppressionStore } from './privacy-store.ts';
import type { RhythmStore } from './rhythm-store.ts';

/**
 * The durable store of leads: all ports together, as an adapter provides them. A room takes only the ports that it needs.
 * Every method rejects with `StorageUnavailable` if the storage cannot be trusted right now; then nothing was stored. Times
 * are milliseconds since the epoch.
 */
export interface Outbox
  extends LeadStore,
    DeliveryQueue,
    ProbeQueue,
    LeaseStore,
    ProviderStore,
    ParkedLeadStore,
    LeadRecords,
    PartnerRecords,
    RequeueStore,
    ConsentStore,
    StatsStore,
    AuditStore,
    ErasureStore,
    RetentionStore,
    SuppressionStore,
    OutgoingQueue,
    AlertStore,
    CallbackStore,
    ActivityStore,
    RhythmStore,
    KeyStore,
    EntryStore,
    StoreLifecycle {
  find(id: string): Promise<StoredConversation | undefined>;
}

/** A conversation with the partner that sent its lead and that partner's own id of it; a visitor's has none of them. */
export type StoredConversation = Conversation & { readonly partner?: string; readonly reference?: string };

/** `work`: leads or messages may be due. `entries`: stored entries of the configuration have changed. */
export type Wake = (what: 'work' | 'entries') => void;

/** The part of the store that the process which opened it uses. */
export interface StoreLifecycle {
  /** Whether the store's hashes are made with the key of this check value. The first caller stores its own. */
  isHashedWith(check: Uint8Array): Promise<boolean>;
  /** Resolves when a write has just succeeded. */
  ready(): Promise<void>;
  /** Calls `wake` when another process has left work or changed entries, until `close`. A store of a single process never calls it. */
  watch(wake: Wake): void;
  /** Commits the writes under way and releases the storage. */
  close(): Promise<void>;
}

/**
 * The storage is full, read-only, locked, damaged or unreachable. Nothing was stored, and the caller should try again later.
 * Every method of every store port rejects with it.
 */
export class StorageUnavailable extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageUnavailable';
  }
}

/** The caller gave a cursor that no page of this store returned. */
export class InvalidCursor extends Error {
  constructor() {
    super('The cursor is not one that a page of this list gave.');
    this.name = 'InvalidCursor';
  }
}

/** The database cannot be used: it is foreign, damaged, of a newer version, or its durability settings did not take effect. */
export class UnusableDatabase extends Error {
  /** @param place the name of the database, without a credential */
  constructor(place: string, problem: string, options?: ErrorOptions) {
    super(`The database ${place} cannot be used: ${problem}`, options);
    this.name = 'UnusableDatabase';
  }
}

/** The database has no tables yet. The gateway creates them at its start; commands do not. */
export class EmptyDatabase extends Error {
  constructor() {
    super('nothing is in it; is DATABASE_URL right, and was the gateway ever started?');
    this.name = 'EmptyDatabase';
  }
}
