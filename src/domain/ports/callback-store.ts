/** A receiver of changes of the leads of a partner or a site. */
export type Subscriber = { readonly destination: string } & (
  | { readonly partner: string; readonly site?: never }
  | { readonly site: string; readonly partner?: never }
);

/** What happened to a conversation. `released`: an operator let it be sent; `erased`: its personal data was erased on request. */
export type CallbackEvent = 'delivered' | 'rejected' | 'unknown' | 'parked' | 'held' | 'released' | 'erased';

/** Every method rejects with `StorageUnavailable`. */
export interface CallbackStore {
  /**
   * Replaces the subscribers. From then on each change of a status stores a message for each subscriber of its lead, in the
   * transaction of the change (`OutgoingQueue`): its ordering key is the id of the conversation, and its body is
   * `{ type: 'conversation.<event>', timestamp, data: { id, status, reason?, attempts, createdAt, updatedAt } }`.
   */
  subscribe(subscribers: readonly Subscriber[]): Promise<void>;
}
