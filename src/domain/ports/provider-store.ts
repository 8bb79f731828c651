/** A parked provider account as the store knows it; all processes share it. */
export type ProviderState = {
  readonly id: string;
  readonly parkedAt: number;
  /** When the next probe is due. */
  readonly probeAt: number;
  /** Hash of the refused credentials. The provider is in use again once other credentials are configured. */
  readonly credentials: string;
};

/** Which providers are parked. Every method of the ports of this file rejects with `StorageUnavailable`. */
export interface ProviderStore {
  parked(): Promise<readonly ProviderState[]>;
  /**
   * Postpones a probe that is due at `now` until `probeAt`. Gives `true` to exactly one of the processes that ask at the same
   * time; that one may probe.
   */
  postponeProbe(provider: string, now: number, probeAt: number): Promise<boolean>;
  /** Puts the provider back into use. */
  unpark(provider: string, now: number): Promise<void>;
}

/** Moves conversations between a provider's queue and its parking. */
export interface ParkedLeadStore {
  /** Parks queued conversations of a parked provider, at most `limit` a call; gives how many. */
  parkQueued(provider: string, limit: number, now: number): Promise<number>;
  /** Queues conversations that waited only for a provider which is back in use, at most `limit` a call; gives how many. */
  releaseWaiting(provider: string, limit: number, now: number): Promise<number>;
}
