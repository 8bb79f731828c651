/** Values by key that are read when they are first asked for. */
export interface ReadThrough<Value> {
  /** What is known of a key without a read: `null` that it has no value, `undefined` nothing. */
  peek(key: string): Value | null | undefined;
  /** The value of a key, `undefined` if it has none; a promise only where it has to be read. Rejects as `read` does. */
  find(key: string): Value | undefined | Promise<Value | undefined>;
  /** Drops the value of a key, and ignores a read of it that is under way. */
  forget(key: string): void;
  /** As `forget`, for all keys. */
  clear(): void;
}

/** Keys in one read: enough for many callers, few enough that one read takes little time. */
const MAX_BATCH = 100;

/**
 * A bounded cache that also remembers which keys have no value. It keeps the keys that were used last, between `max` and twice as
 * many: when the younger half is full it becomes the older one, and what is used of the older half moves to the younger.
 *
 * One read runs at a time, for all keys that were asked for meanwhile. However many unknown keys strangers ask for, they occupy one
 * connection of the storage.
 */
export function createReadThrough<Value>({
  read,
  max,
}: {
  /** Gives the values of those keys that have one. */
  readonly read: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>;
  readonly max: number;
}): ReadThrough<Value> {
  let young = new Map<string, Value | null>();
  let old = new Map<string, Value | null>();
  /** Reads that were asked for, under way or not, whose results may be kept. */
  const pending = new Map<string, PromiseWithResolvers<Value | undefined>>();
  let queue: { readonly key: string; readonly waiting: PromiseWithResolvers<Value | undefined> }[] = [];
  let reading = false;

  const keep = (key: string, value: Value | null): void => {
    if (young.size >= max) {
      old = young;
      young = new Map();
    }
    young.set(key, value);
  };

  const peek = (key: string): Value | null | undefined => {
    const known = young.get(key);
    if (known !== undefined) return known;
    const before = old.get(key);
    if (before !== undefined) keep(key, before);
    return before;
  };

  const readQueue = async (): Promise<void> => {
    // Calls of the same turn of the event loop share the first read, too.
    await undefined;
    while (queue.length > 0) {
      const batch = queue.slice(0, MAX_BATCH);
      queue = queue.slice(MAX_BATCH);
      try {
        const values = await read(batch.map(({ key }) => key));
        for (const { key, waiting } of batch) {
          const value = values.get(key);
          // A key that was forgotten meanwhile may have another value by now.
          if (pending.get(key) === waiting) {
            pending.delete(key);
            keep(key, value ?? null);
          }
          waiting.resolve(value);
        }
      } catch (error) {
        for (const { key, waiting } of batch) {
          if (pending.get(key) === waiting) pending.delete(key);
          waiting.reject(error);
        }
      }
    }
    reading = false;
  };

  return {
    peek,
    find(key) {
      const known = peek(key);
      if (known !== undefined) return known ?? undefined;
      const asked = pending.get(key);
      if (asked) return asked.promise;
      const waiting = Promise.withResolvers<Value | undefined>();
      pending.set(key, waiting);
      queue.push({ key, waiting });
      if (!reading) {
        reading = true;
        void readQueue();
      }
      return waiting.promise;
    },
    forget(key) {
      young.delete(key);
      old.delete(key);
      pending.delete(key);
    },
    clear() {
      young = new Map();
      old = new Map();
      pending.clear();
    },
  };
}
