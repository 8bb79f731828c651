/** Parts that were opened, to be closed in reverse order. */
export type Closers = {
  /** Remembers how to close a part that was just opened. */
  add(close: () => Promise<void> | void): void;
  /** Closes everything once; a part that fails to close keeps no other from it. */
  close(): Promise<void>;
};

export function createClosers(onFault: (error: unknown) => void): Closers {
  const opened: (() => Promise<void> | void)[] = [];
  return {
    add: (close) => void opened.push(close),
    async close() {
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
