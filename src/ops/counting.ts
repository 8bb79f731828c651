import type { Status } from '../conversation/types.ts';
import type { AttemptReport } from '../delivery/attempt.ts';

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
