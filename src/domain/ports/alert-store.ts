import type { OutgoingMessage } from './outgoing-queue.ts';

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
