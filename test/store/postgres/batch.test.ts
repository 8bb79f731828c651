import t from 'tap';
import { createBatcher } from '../../../src/store/postgres/batch.ts';
import { StorageFault } from '../../../src/store/postgres/faults.ts';

/** A batcher that doubles numbers, and notes which came together. `fail` may refuse a batch. */
function doubling(fail: (items: readonly number[]) => StorageFault | undefined = () => undefined, most?: number) {
  const batches: (readonly number[])[] = [];
  const batcher = createBatcher<number, number>(
    async (items) => {
      batches.push(items);
      const fault = fail(items);
      if (fault) throw fault;
      return items.map((item) => item * 2);
    },
    { max: most },
  );
  return { batcher, batches };
}

t.test('writes of one turn share a transaction, up to a limit, and each gets its own result', async (t) => {
  const { batcher, batches } = doubling(undefined, 3);
  t.strictSame(await Promise.all([1, 2, 3, 4].map(batcher.write)), [2, 4, 6, 8]);
  t.strictSame(batches, [[1, 2, 3], [4]]);
});

t.test('an item that the server refuses fails alone', async (t) => {
  const refused = (items: readonly number[]) =>
    items.includes(2) ? new StorageFault('refused', false, undefined) : undefined;
  const { batcher } = doubling(refused);
  const results = await Promise.allSettled([1, 2, 3].map(batcher.write));
  t.match(results, [{ value: 2 }, { reason: { name: 'StorageUnavailable' } }, { value: 6 }]);
});

t.test('a fault of the storage rejects the whole batch at once, and the next one works', async (t) => {
  let faults = 1;
  const { batcher, batches } = doubling(() => (faults-- > 0 ? new StorageFault('busy', false, undefined) : undefined));
  const results = await Promise.allSettled([1, 2].map(batcher.write));
  t.ok(results.every((result) => result.status === 'rejected' && result.reason.name === 'StorageUnavailable'));
  t.equal(await batcher.write(3), 6);
  t.strictSame(batches, [[1, 2], [3]]);
});

t.test('all queued writes fail at once when the server is unreachable', async (t) => {
  const { batcher, batches } = doubling(() => new StorageFault('lost', true, undefined), 1);
  const results = await Promise.allSettled([1, 2, 3].map(batcher.write));
  t.strictSame(batches, [[1]]);
  t.match(results, [{ reason: { inDoubt: true } }, { reason: { inDoubt: false } }, { reason: { inDoubt: false } }]);
});

t.test('drain waits for every item that was handed in', async (t) => {
  const { batcher, batches } = doubling(undefined, 1);
  const writes = [1, 2].map(batcher.write);
  await batcher.drain();
  t.equal(batches.length, 2);
  await Promise.all(writes);
});
