import type { Clock } from '../lib/clock.ts';

/** The sleep after a fault, so that a storage that is away causes no busy loop. */
const FAULT_PAUSE_MS = 1_000;

/** Earlier than any end of a sleep, also when the wall clock was set forward since that was computed. */
const AT_ONCE = Number.NEGATIVE_INFINITY;

type Parts = {
  /** Does what is due; gives when to run again, in milliseconds since the epoch. */
  readonly step: () => Promise<number>;
  readonly onFault: (error: unknown) => void;
  readonly clock: Clock;
  /** The shortest time between the starts of two steps. */
  readonly gapMs?: number;
};

export interface Loop {
  start(): void;
  /** Runs the step as soon as possible, and once more if it is under way. */
  kick(): void;
  /** Resolves when the step under way has ended. */
  stop(): Promise<void>;
}

/** Runs a step again and again, never twice at a time, and sleeps in between until it is due or kicked. */
export function createLoop({ step, onFault, clock, gapMs = 0 }: Parts): Loop {
  let stopped = true;
  let startedAt = Number.NEGATIVE_INFINITY;
  /** While the loop sleeps: the end of its sleep. During a step: the earliest time that a kick has asked for meanwhile. */
  let wakeAt = Number.POSITIVE_INFINITY;
  let running: Promise<void> | undefined;
  let cancelSleep: (() => void) | undefined;

  const run = async (): Promise<void> => {
    let next: number;
    try {
      next = await step();
    } catch (error) {
      onFault(error);
      next = clock.now() + FAULT_PAUSE_MS;
    }
    wakeAt = Math.min(next, wakeAt);
    running = undefined;
    if (!stopped) sleep();
  };
  const sleep = (): void => {
    if (wakeAt === Number.POSITIVE_INFINITY) return;
    cancelSleep = clock.after(Math.max(0, wakeAt - clock.now(), startedAt + gapMs - clock.monotonic()), wake);
  };
  const wake = (): void => {
    cancelSleep = undefined;
    wakeAt = Number.POSITIVE_INFINITY;
    startedAt = clock.monotonic();
    running = run();
  };

  return {
    start() {
      stopped = false;
      wake();
    },
    kick() {
      if (stopped || wakeAt === AT_ONCE) return;
      wakeAt = AT_ONCE;
      if (running) return;
      cancelSleep?.();
      sleep();
    },
    async stop() {
      stopped = true;
      cancelSleep?.();
      cancelSleep = undefined;
      await running;
    },
  };
}
