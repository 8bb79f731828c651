import type { Clock } from '../../src/lib/clock.ts';

type Timer = { readonly at: number; readonly order: number; readonly run: () => void };

/** A clock that moves only when a test advances it. Timers fire in the order of their times. */
export type ManualClock = Clock & {
  /** Advances by `ms`, fires the timers that fall due on the way, and lets everything that follows from them happen. */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock forward or back by `ms`, as an operator or NTP does. Timers do not notice. */
  jump(ms: number): void;
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>;
  /** When the next timer fires. */
  next(): number | undefined;
};

/** @param pending gives a promise while real input or output is under way; time stands still until there is none */
export function manualClock(start = 0, pending: () => Promise<unknown> | undefined = () => undefined): ManualClock {
  let now = start;
  let order = 0;
  let jumped = 0;
  const timers = new Set<Timer>();
  const earliest = (): Timer | undefined => [...timers].sort((a, b) => a.at - b.at || a.order - b.order)[0];
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) {
      await new Promise<void>((next) => setImmediate(next));
      for (let operation = pending(); operation; operation = pending()) {
        await operation;
        turn = 0;
      }
    }
  };
  return {
    now: () => now + jumped,
    monotonic: () => now,
    jump(ms) {
      jumped += ms;
    },
    after(ms, run) {
      const timer = { at: now + Math.max(0, ms), order: order++, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    settle,
    next: () => earliest()?.at,
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (let timer = earliest(); timer && timer.at <= end; timer = earliest()) {
        timers.delete(timer);
        now = Math.max(now, timer.at);
        timer.run();
        await settle();
      }
      now = end;
    },
  };
}
