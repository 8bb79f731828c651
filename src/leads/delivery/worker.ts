import { createStep, DEFAULT_LIMITS, type Limits, type StepParts } from './step.ts';

/** After a fault of the storage: no hot loop, and soon enough to go on by itself. */
const FAULT_PAUSE_MS = 1_000;

export interface Worker {
  start(): void;
  /** Something may be due now: look at once. */
  kick(): void;
  /** Something is due then: look at that time at the latest. */
  wakeBy(at: number): void;
  /** Whether the last look at the queue went well. */
  healthy(): boolean;
  /** Starts nothing new; resolves when the step under way is over. Attempts under way go on (`Delivery.idle`). */
  stop(): Promise<void>;
}

/** Attempts what is due and takes over what a dead process left. It sleeps until the next due time, or until it is kicked. */
export function createWorker(parts: Omit<StepParts, 'limits'> & { readonly limits?: Limits }): Worker {
  const { onFault, clock } = parts;
  let stopped = true;
  let healthy = false;
  /** When it looks next: while it sleeps the end of its sleep, while it looks the earliest time that was asked for meanwhile. */
  let wakeAt = Number.POSITIVE_INFINITY;
  let stepping: Promise<void> | undefined;
  let cancelSleep: (() => void) | undefined;

  const wakeBy = (at: number): void => {
    if (stopped || at >= wakeAt) return;
    wakeAt = at;
    if (stepping) return;
    cancelSleep?.();
    if (at <= clock.now()) wake();
    else sleep();
  };
  const kick = (): void => wakeBy(clock.now());
  const step = createStep({ ...parts, limits: parts.limits ?? DEFAULT_LIMITS }, kick);

  const look = async (): Promise<void> => {
    try {
      wakeAt = Math.min(await step(), wakeAt);
      healthy = true;
    } catch (error) {
      healthy = false;
      onFault(error);
      wakeAt = clock.now() + FAULT_PAUSE_MS;
    }
    stepping = undefined;
    if (!stopped) sleep();
  };
  const sleep = (): void => {
    cancelSleep = clock.after(Math.max(0, wakeAt - clock.now()), wake);
  };
  const wake = (): void => {
    cancelSleep = undefined;
    wakeAt = Number.POSITIVE_INFINITY;
    stepping = look();
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
      await stepping;
    },
  };
}
