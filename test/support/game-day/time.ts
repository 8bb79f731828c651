import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Test } from 'tap';
import type { Clock } from '../../../src/lib/clock.ts';
import { type ManualClock, manualClock } from '../clock.ts';

/** The time of a program that runs in the test's process, over real sockets. It stands still while a request is under way. */
export type ProgramTime = ManualClock & {
  /** Each look at the clock that never jumps takes so many milliseconds from now on, as if the processor were slow. */
  slowDown(ms: number): void;
  /** Lets time stand still until `work` has ended. */
  during<T>(work: Promise<T>): Promise<T>;
};

/** Requests are followed by what undici says of them; that covers `fetch` too. */
export function programTime(t: Test, start: number): ProgramTime {
  const underWay = new Set<unknown>();
  let changed = Promise.withResolvers<void>();
  const ended = (one: unknown): void => {
    underWay.delete(one);
    changed.resolve();
    changed = Promise.withResolvers();
  };
  const onCreate = (message: unknown): void => void underWay.add((message as { request: object }).request);
  const onEnd = (message: unknown): void => ended((message as { request: object }).request);
  const channels = [
    ['undici:request:create', onCreate],
    ['undici:request:trailers', onEnd],
    ['undici:request:error', onEnd],
  ] as const;
  for (const [name, listener] of channels) subscribe(name, listener);
  t.teardown(() => {
    for (const [name, listener] of channels) unsubscribe(name, listener);
  });
  const clock = manualClock(start, () => (underWay.size === 0 ? undefined : changed.promise));
  let costMs = 0;
  let spentMs = 0;
  const monotonic: Clock['monotonic'] = () => {
    spentMs += costMs;
    return clock.monotonic() + spentMs;
  };
  return {
    ...clock,
    monotonic,
    slowDown(ms) {
      costMs = ms;
    },
    async during(work) {
      underWay.add(work);
      try {
        return await work;
      } finally {
        ended(work);
      }
    },
  };
}
