import type { Status } from '../domain/lead.ts';
import type { AttemptReport } from '../leads/delivery/attempt.ts';

/** Told of what a monitoring system counts. */
export interface Counting {
  attempt(report: AttemptReport): void;
  /** A `POST /conversations` was answered with a stored conversation. */
  conversation(status: Status, site: string): void;
  /** The storage did not do what was asked of it. */
  storageFault(): void;
}

export const NO_COUNTING: Counting = {
  attempt() {},
  conversation() {},
  storageFault() {},
};
