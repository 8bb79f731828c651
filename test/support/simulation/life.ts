import type { Clock } from '../../../src/lib/clock.ts';

/** The state of a simulated process: running, frozen for a while, or dead. */
export type Life = {
  /** Resolves when the process runs; rejects when it is dead. */
  alive(): Promise<void>;
  isDead(): boolean;
  /** Suspends everything that runs in this process, like a suspended machine. */
  freeze(): void;
  thaw(): void;
  /** Ends the process: nothing of it runs any more. */
  kill(): void;
};

export function createLife(): Life {
  let dead = false;
  let frozen: PromiseWithResolvers<void> | undefined;
  const gone = (): Error => new Error('This process is dead.');
  return {
    async alive() {
      await frozen?.promise;
      if (dead) throw gone();
    },
    isDead: () => dead,
    freeze() {
      frozen ??= Promise.withResolvers();
    },
    thaw() {
      frozen?.resolve();
      frozen = undefined;
    },
    kill() {
      dead = true;
      this.thaw();
    },
  };
}

/** The clock of a simulated process: timers wait while it is frozen and never fire once it is dead. */
export function clockOf(life: Life, clock: Clock): Clock {
  return {
    now: clock.now,
    monotonic: clock.monotonic,
    after: (ms, run) => clock.after(ms, () => void life.alive().then(run, () => undefined)),
  };
}

/** Wraps each function of `target` in `around`, which decides whether to make the call. */
export function intercepted<T extends object>(
  target: T,
  around: (name: string, args: readonly unknown[], run: () => Promise<unknown>) => Promise<unknown>,
): T {
  return new Proxy(target, {
    get(_, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || typeof name !== 'string') return member;
      return (...args: unknown[]) => around(name, args, async () => member.apply(target, args));
    },
  });
}
