import { createPoll, DEFAULT_LIMITS, type Limits, type PollParts } from './poll.ts';

/** The sleep after a storage fault: long enough to be no busy loop, and short enough to recover soon. */
const FAULT_PAUSE_MS = 1_000;

export interface Worker {
  start(): void;
  /** Polls at once, because a lead may be due now. */
  kick(): void;
  /** Polls at `at` at the latest, because a lead is due then. */
  wakeBy(at: number): void;
  /** Whether the last poll succeeded. */
  healthy(): boolean;
  /** Starts no new attempt; resolves when the poll under way has ended. Attempts under way go on (`Delivery.idle`). */
  stop(): Promise<void>;
}

/** Attempts due leads and takes over leads of dead processes. It sleeps until the next due time, or until it is kicked. */
export function createWorker(parts: Omit<PollParts, 'limits'> & { readonly limits?: Limits }): Worker {
  const { onFault, clock } = parts;
  let stopped = true;
  let healthy = false;
  /** While the worker sleeps: the end of its sleep. While it polls: the earliest time that a caller has asked for meanwhile. */
  let wakeAt = Number.POSITIVE_INFINITY;
  let polling: Promise<void> | undefined;
  let cancelSleep: (() => void) | undefined;

  const wakeBy = (at: number): void => {
    if (stopped || at >= wakeAt) return;
    wakeAt = at;
    if (polling) return;
    cancelSleep?.();
    if (at <= clock.now()) wake();
    else sleep();
  };
  // Earlier than any end of a sleep, also when the wall clock was set forward since that was computed.
  const kick = (): void => wakeBy(Number.NEGATIVE_INFINITY);
  const poll = createPoll({ ...parts, limits: parts.limits ?? DEFAULT_LIMITS }, kick);

  const pollOnce = async (): Promise<void> => {
    try {
      wakeAt = Math.min(await poll(), wakeAt);
      healthy = true;
    } catch (error) {
      healthy = false;
      onFault(error);
      wakeAt = clock.now() + FAULT_PAUSE_MS;
    }
    polling = undefined;
    if (!stopped) sleep();
  };
  const sleep = (): void => {
    cancelSleep = clock.after(Math.max(0, wakeAt - clock.now()), wake);
  };
  const wake = (): void => {
    cancelSleep = undefined;
    wakeAt = Number.POSITIVE_INFINITY;
    polling = pollOnce();
  };

  return {
    start() {
      stopped = false;
      wake();
    },
    kick,
    wakeBy,
    healthy: () => healthy,
    async stop() {
      stopped = true;
      cancelSleep?.();
      cancelSleep = undefined;
      await polling;
    },
  };
}
