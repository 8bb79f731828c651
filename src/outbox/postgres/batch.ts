import { StorageUnavailable } from '../port.ts';
import { StorageFault } from './faults.ts';

/** Writes in one transaction: enough to serve a crowd, few enough that nobody waits long behind them. */
const MOST_WRITES = 256;
/** Bounds what a write waits for others to join it; a turn is a fraction of a millisecond. */
const MOST_TURNS = 4;

type Write<Item, Result> = {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
};

export interface Batcher<Item, Result> {
  /** Resolves once the transaction that it was part of is committed. */
  write(item: Item): Promise<Result>;
  /** Resolves when everything that was handed in is committed or refused. */
  drain(): Promise<void>;
}

/**
 * Group commit: what is handed in while a transaction is under way shares the next one. What the server refuses for its
 * own sake is found by running each write alone, so that it takes nobody with it.
 *
 * @param run commits all items or none, and gives a result for each
 */
export function createBatcher<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  most = MOST_WRITES,
): Batcher<Item, Result> {
  const waiting: Write<Item, Result>[] = [];
  let running: Promise<void> | undefined;

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      await collect();
      await commit(waiting.splice(0, most));
    }
    running = undefined;
  };

  /** Waits while each turn of the event loop brings more, so that all that is ready now joins this transaction. */
  const collect = async (): Promise<void> => {
    for (let turn = 0, before = 0; turn < MOST_TURNS && waiting.length > before; turn += 1) {
      before = waiting.length;
      await new Promise<void>((next) => setImmediate(next));
    }
  };

  const commit = async (batch: readonly Write<Item, Result>[]): Promise<void> => {
    try {
      const results = await run(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
    } catch (error) {
      if (batch.length > 1 && error instanceof StorageFault && error.kind === 'refused') {
        for (const write of batch) await commit([write]);
        return;
      }
      const fault = error instanceof StorageUnavailable ? error : new StorageFault('busy', false, error);
      for (const { reject } of batch) reject(fault);
      // Who waits behind a server that is away would wait as long again, and longer with each batch.
      if (error instanceof StorageFault && error.kind === 'lost')
        for (const { reject } of waiting.splice(0)) reject(new StorageFault('lost', false, error));
    }
  };

  return {
    write(item) {
      return new Promise<Result>((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        running ??= flush();
      });
    },
    async drain() {
      while (running) await running;
    },
  };
}
