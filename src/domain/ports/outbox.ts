import type { Conversation } from '../lead.ts';
import type { DeliveryQueue, LeaseStore, ProbeQueue } from './delivery-queue.ts';
import type { AuditStore, ConsentStore, LeadRecords, RequeueStore, StatsStore } from './lead-records.ts';
import type { LeadStore } from './lead-store.ts';
import type { ErasureStore, RetentionStore, SuppressionStore } from './privacy-store.ts';
import type { ParkedLeadStore, ProviderStore } from './provider-store.ts';

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
    RequeueStore,
    ConsentStore,
    StatsStore,
    AuditStore,
    ErasureStore,
    RetentionStore,
    SuppressionStore,
    StoreLifecycle {
  find(id: string): Promise<Conversation | undefined>;
}

/** What the process that opened the store needs. */
export interface StoreLifecycle {
  /** Whether the store's hashes are made with the key of this check value. The first caller stores its own. */
  isHashedWith(check: Uint8Array): Promise<boolean>;
  /** Resolves when a write has just succeeded. */
  ready(): Promise<void>;
  /** Calls `wake` when another process has left work, until `close`. A store of a single process never calls it. */
  watch(wake: () => void): void;
  /** Commits the writes under way and releases the storage. */
  close(): Promise<void>;
}
