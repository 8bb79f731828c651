import type { Clock } from '../../../src/lib/clock.ts';

/** Whether something still happens in a process that a test plays: it runs, is frozen for a while, or is dead for good. */
export type Life = {
  /** Resolves when the process runs; rejects when it is dead. */
  alive(): Promise<void>;
  isDead(): boolean;
  /** Stops everything that goes through this life, as a machine does that is suspended. */
  freeze(): void;
  thaw(): void;
  /** Nothing that goes through this life happens ever again. */
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

/** The clock as that process has it: its timers wait while it is frozen, and never fire once it is dead. */
export function clockOf(life: Life, clock: Clock): Clock {
  return {
    now: clock.now,
    after: (ms, run) => clock.after(ms, () => void life.alive().then(run, () => undefined)),
  };
}

/** Puts `around` each call of a function of `target`; it runs the call itself, or not. */
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
