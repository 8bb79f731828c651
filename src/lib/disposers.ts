/** The parts of a program that have been opened, and how to dispose of each in the reverse order. */
export type Disposers = {
  /** Registers how to dispose of a part that was just opened. */
  add(dispose: () => Promise<void> | void): void;
  /** Disposes of every part once. A part that fails goes to `onFault`, and the others are still disposed of. */
  dispose(): Promise<void>;
};

export function createDisposers(onFault: (error: unknown) => void): Disposers {
  const opened: (() => Promise<void> | void)[] = [];
  return {
    add: (dispose) => void opened.push(dispose),
    async dispose() {
      for (let next = opened.pop(); next; next = opened.pop()) {
        try {
          await next();
        } catch (error) {
          onFault(error);
        }
      }
    },
  };
}
