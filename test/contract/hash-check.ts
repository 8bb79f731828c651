import type { Test } from 'tap';
import { createHashing } from '../../src/conversation/hashing.ts';
import { hashing, type OpenOutbox } from '../support/outbox.ts';

/** What every store has to know of the key that its hashes are made with. */
export function hashCheckContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('the first key stays the one that its hashes are made with', async (t) => {
    const other = createHashing(Buffer.alloc(32, 8));
    const reopen = open(t);
    for (let start = 0; start < 2; start += 1) {
      const outbox = await reopen();
      t.equal(await outbox.isHashedWith(hashing.check()), true);
      t.equal(await outbox.isHashedWith(other.check()), false);
      await outbox.close();
    }
  });
}
