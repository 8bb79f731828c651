/** The longest that a write waits for others to join it, in turns of the event loop. A turn is a fraction of a millisecond. */
const MAX_TURNS = 4;

/** An item that was handed in, and the promise that its caller waits for. */
export type PendingWrite<Item, Result> = {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
};

export interface GroupCommit<Item, Result> {
  /** Resolves once the transaction that the item was part of is committed. */
  write(item: Item): Promise<Result>;
  /** Resolves when everything that was handed in is committed or refused. */
  drain(): Promise<void>;
  /** Rejects everything that is queued and not yet part of a transaction. */
  rejectQueued(error: Error): void;
}

/** Called with the number of writes in a batch and the duration of its transaction in milliseconds, whether it succeeded or not. */
export type OnCommit = (writes: number, durationMs: number) => void;

type GroupCommitOptions = { readonly most?: number; readonly onCommit?: OnCommit | undefined };

/**
 * Group commit: items that are handed in during one transaction share the next one, so that one wait for the disk serves many
 * callers.
 *
 * @param commit stores the items of a batch and answers each of its writes; it does not throw
 * @param options `most`: items in one transaction; `onCommit`: called after each batch
 */
export function createGroupCommit<Item, Result>(
  commit: (batch: readonly PendingWrite<Item, Result>[]) => Promise<void>,
  { most = Number.POSITIVE_INFINITY, onCommit }: GroupCommitOptions = {},
): GroupCommit<Item, Result> {
  const queued: PendingWrite<Item, Result>[] = [];
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    while (queued.length > 0) {
      await collect();
      const batch = queued.splice(0, most);
      const startedAt = performance.now();
      await commit(batch);
      onCommit?.(batch.length, performance.now() - startedAt);
    }
    running = undefined;
  };

  /** Waits as long as each turn of the event loop brings more, so that everything that is ready now joins this transaction. */
  const collect = async (): Promise<void> => {
    for (let turn = 0, before = 0; turn < MAX_TURNS && queued.length > before; turn += 1) {
      before = queued.length;
      await new Promise<void>((next) => setImmediate(next));
    }
  };

  return {
    write(item) {
      return new Promise<Result>((resolve, reject) => {
        queued.push({ item, resolve, reject });
        running ??= run();
      });
    },
    async drain() {
      while (running) await running;
    },
    rejectQueued(error) {
      for (const { reject } of queued.splice(0)) reject(error);
    },
  };
}
