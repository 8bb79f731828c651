import { StorageUnavailable } from '../../domain/ports/outbox.ts';
import { createGroupCommit, type GroupCommit, type OnCommit, type PendingWrite } from '../group-commit.ts';
import { StorageFault } from './faults.ts';

/** Items in one transaction: enough to serve many callers, few enough that none waits long behind the others. */
const MAX_BATCH = 256;

export type Batcher<Item, Result> = Pick<GroupCommit<Item, Result>, 'write' | 'drain'>;

/**
 * Group commit over a connection: items that are handed in during one transaction share the next one. If the server refuses a
 * batch because of its data, each item runs alone, so that only the wrong ones fail.
 *
 * @param run commits all items or none, and gives a result for each
 */
export function createBatcher<Item, Result>(
  run: (items: readonly Item[]) => Promise<readonly Result[]>,
  { max = MAX_BATCH, onCommit }: { readonly max?: number | undefined; readonly onCommit?: OnCommit | undefined } = {},
): Batcher<Item, Result> {
  const commit = async (batch: readonly PendingWrite<Item, Result>[]): Promise<void> => {
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
      // All queued writes fail at once when the server is unreachable: each further batch would wait as long again.
      if (error instanceof StorageFault && error.kind === 'lost')
        groupCommit.rejectQueued(new StorageFault('lost', false, error));
    }
  };
  const groupCommit = createGroupCommit(commit, { most: max, onCommit });
  return groupCommit;
}
