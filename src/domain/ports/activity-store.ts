/** A running process, as it last described itself. Times are milliseconds since the epoch. */
export type ReplicaState = {
  /** The process's name in leases: host, process id and a random part. */
  readonly owner: string;
  readonly version: string;
  readonly startedAt: number;
  readonly seenAt: number;
  /** The endpoints whose circuit breaker is not closed in this process, each with its state. */
  readonly breakers: Readonly<Record<string, 'half_open' | 'open'>>;
  /** Whether rate limits are counted in Redis or by this process; absent without Redis. */
  readonly limits?: 'shared' | 'local';
  /** Whether new settings were refused, so that the previous ones are still in use. */
  readonly settingsRefused: boolean;
  /** Whether requests were refused lately because there was too much to do; a former version does not report it. */
  readonly overloaded?: boolean;
  /** Why most of these requests were refused. */
  readonly overloadedBy?: string;
  /** Why the last call to an endpoint of `breakers` failed; endpoints of which this is not known are absent. */
  readonly breakerCauses?: Readonly<Record<string, string>>;
};

/** How many events of a kind happened within a minute. `minute` counts from the epoch. */
export type MinuteCount = { readonly minute: number; readonly kind: string; readonly count: number };

/**
 * Recent events and states of all processes, for operators. Each process writes its counts every few seconds, so that a lead costs no write.
 * Every method rejects with `StorageUnavailable`.
 */
export interface ActivityStore {
  /**
   * Adds the counts since the last call, and replaces the state of this process. Counts of minutes before `forgetBefore` and
   * processes that were not seen since `goneBefore` are removed.
   */
  recordActivity(
    state: Omit<ReplicaState, 'owner'>,
    counts: readonly MinuteCount[],
    limits: { readonly forgetBefore: number; readonly goneBefore: number },
  ): Promise<void>;
  /** The counts of all processes from a minute on, by minute and kind. */
  activity(fromMinute: number): Promise<readonly MinuteCount[]>;
  /** All processes that are known, by name. */
  replicas(): Promise<readonly ReplicaState[]>;
  /** Removes the state of this process, which stops. */
  forgetReplica(): Promise<void>;
}
