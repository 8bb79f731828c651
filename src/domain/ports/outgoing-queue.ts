/**
 * A message to a receiver outside of the gateway: a notification of operators, or a callback to a partner. It holds no personal
 * data. Times are milliseconds since the epoch.
 */
export type OutgoingMessage = {
  /** Unique and stable over all tries, so that a receiver recognises a repetition. */
  readonly id: string;
  /** Key of the receiver. Its address and secrets are read from the configuration at each try, and are never stored. */
  readonly destination: string;
  /**
   * Messages of a destination with the same ordering key are sent one after the other, in the order of storing; absent: in any
   * order. Transactions that store messages with the same ordering key must not run at the same time.
   */
  readonly ordering?: string;
  /** JSON. */
  readonly body: string;
  readonly createdAt: number;
  readonly dueAt: number;
  /** From then on the message is given up. */
  readonly expiresAt: number;
};

/** The right to send one message now, with its fencing token. It ends after the lease time of the store. */
export type OutgoingClaim = Pick<OutgoingMessage, 'id' | 'destination' | 'ordering' | 'body' | 'createdAt'> & {
  readonly fence: number;
  /** Tries before this one. */
  readonly attempts: number;
};

/** When a destination's next message may be claimed: it is due then, or the lease on it runs out. */
export type DueDestination = { readonly destination: string; readonly dueAt: number };

/** How a destination is doing, for operators. */
export type DestinationState = {
  readonly destination: string;
  /** Messages that are stored for it and not sent yet. */
  readonly waiting: number;
  readonly deliveredAt?: number;
  readonly failedAt?: number;
  /** Why the last failed try failed: a word of our own, never a text of the receiver. */
  readonly failure?: string;
};

/** How a claimed message ends. `postponed` keeps it until `dueAt`; the others remove it. */
export type OutgoingResult =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'postponed'; readonly dueAt: number; readonly failure: string }
  | { readonly kind: 'dropped'; readonly failure: string };

/**
 * The durable queue of outgoing messages, which are sent at least once. Every method rejects with `StorageUnavailable`.
 */
export interface OutgoingQueue {
  /** Stores messages. A message whose id is known changes nothing. */
  enqueue(messages: readonly OutgoingMessage[]): Promise<void>;
  /** Lists the destinations that have messages, each with the time of its next one. */
  dueDestinations(): Promise<readonly DueDestination[]>;
  /**
   * Leases up to `limit` messages of a destination that are due, those due longest first. A message waits while an earlier one
   * with its ordering key is stored, so that a lease on the earlier one, or its next try, holds it back.
   */
  claimOutgoing(destination: string, limit: number, now: number): Promise<readonly OutgoingClaim[]>;
  /** Ends a claim and notes the result for its destination. A stale claim changes nothing and gives `false`. */
  settleOutgoing(claim: OutgoingClaim, result: OutgoingResult, now: number): Promise<boolean>;
  /** Removes messages past their `expiresAt` that are not being sent, at most `limit` a call; gives how many of each destination. */
  dropExpired(now: number, limit: number): Promise<ReadonlyMap<string, number>>;
  destinationStates(): Promise<readonly DestinationState[]>;
}

/** A condition that a target was told of and that has not been cleared for it. */
export type ToldAlert = {
  /** Key of the condition, for instance `provider_parked:default`. */
  readonly condition: string;
  readonly target: string;
  /** When the target was first told, and when last. */
  readonly since: number;
  readonly toldAt: number;
};

/** A condition that only processes can see, with the earliest time at which one of them saw it begin. */
export type ReportedCondition = { readonly condition: string; readonly since: number };

/**
 * What operators were told, common to all processes, so that each condition is told once and not once by each process. Every
 * method rejects with `StorageUnavailable`.
 */
export interface AlertStore {
  told(): Promise<readonly ToldAlert[]>;
  /**
   * Stores the message in the same transaction that notes that the target was told of the condition. Gives `false`, and stores
   * nothing, if it was told before; with `toldBefore` (a reminder) if it was not told, or was told after that time.
   */
  tell(alert: AlertMessage & { readonly toldBefore?: number }, now: number): Promise<boolean>;
  /** As `tell`, and forgets the condition for the target. Gives `false` if the target was not told of it. */
  tellCleared(alert: AlertMessage): Promise<boolean>;
  /**
   * Replaces the conditions that this process sees, at `now`. Reports of other processes that are older than `forgetBefore` are
   * removed.
   */
  report(conditions: readonly ReportedCondition[], now: number, forgetBefore: number): Promise<void>;
  /** The conditions that processes have reported since `seenAfter`. */
  reported(seenAfter: number): Promise<readonly ReportedCondition[]>;
}

/** A message for a target about a condition. */
export type AlertMessage = {
  readonly condition: string;
  readonly target: string;
  readonly message: OutgoingMessage;
};

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
