import { createStep, DEFAULT_LIMITS, type Limits, type StepParts } from './step.ts';

/** After a fault of the storage: no hot loop, and soon enough to go on by itself. */
const FAULT_PAUSE_MS = 1_000;

export interface Worker {
  start(): void;
  /** Something may be due now: look at once. */
  kick(): void;
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
  let kicked = false;
  let stepping: Promise<void> | undefined;
  let cancelSleep: (() => void) | undefined;

  const kick = (): void => {
    kicked = true;
    if (stopped || stepping || !cancelSleep) return;
    cancelSleep();
    wake();
  };
  const step = createStep({ ...parts, limits: parts.limits ?? DEFAULT_LIMITS }, kick);

  const look = async (): Promise<void> => {
    kicked = false;
    let wakeAt: number;
    try {
      wakeAt = await step();
      healthy = true;
      if (kicked) wakeAt = clock.now();
    } catch (error) {
      healthy = false;
      onFault(error);
      wakeAt = clock.now() + FAULT_PAUSE_MS;
    }
    stepping = undefined;
    if (!stopped) cancelSleep = clock.after(Math.max(0, wakeAt - clock.now()), wake);
  };
  const wake = (): void => {
    cancelSleep = undefined;
    stepping = look();
  };

  return {
    start() {
      stopped = false;
      wake();
    },
    kick,
    healthy: () => healthy,
    async stop() {
      stopped = true;
      cancelSleep?.();
      cancelSleep = undefined;
      await stepping;
    },
  };
}
