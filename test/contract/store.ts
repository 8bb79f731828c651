import type { Test } from 'tap';
import { createHashing } from '../../src/leads/hashing.ts';
import { hashing, type OpenOutbox } from '../support/outbox.ts';
import { acceptContract, usesContract } from './accept.ts';
import { activityContract } from './activity.ts';
import { callbackContract } from './callbacks.ts';
import { consoleContract } from './console.ts';
import { countsContract } from './counts.ts';
import { entriesContract } from './entries.ts';
import { historyContract } from './history.ts';
import { messagesContract } from './messages.ts';
import { alertContract, outgoingContract } from './outgoing.ts';
import { partnerRecordsContract } from './partner-records.ts';
import { privacyContract } from './privacy.ts';
import { providerContract } from './providers.ts';
import { queueContract } from './queue.ts';
import { recordsContract } from './records.ts';
import { requeueContract } from './requeue.ts';
import { rhythmContract } from './rhythms.ts';
import { sealingContract } from './sealing.ts';
import { testLeadsContract } from './test-leads.ts';

/**
 * The tests that every store passes.
 *
 * @param open gives a function that opens the same store at each call, as another process would
 */
export function storeContract(t: Test, open: (t: Test) => OpenOutbox): void {
  deliveryContract(t, open);
  operatorContract(t, open);
}

/** The part about accepting and delivering leads. */
export function deliveryContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('accepting leads', async (t) => acceptContract(t, open));
  t.test('suspects and used tokens', async (t) => usesContract(t, open));
  t.test('queue and leases', async (t) => queueContract(t, open));
  t.test('providers', async (t) => providerContract(t, open));
  t.test('outgoing messages', async (t) => outgoingContract(t, open));
  t.test('alerts', async (t) => alertContract(t, open));
  t.test('callbacks', async (t) => callbackContract(t, open));
  t.test('activity', async (t) => activityContract(t, open));
  t.test('rhythms of sites', async (t) => rhythmContract(t, open));
  t.test('sealed values', async (t) => sealingContract(t, open));
  t.test('entries of the configuration', async (t) => entriesContract(t, open));

  t.test('a store accepts only the HASH_KEY that it was first opened with', async (t) => {
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

/** The part about what operators and retention do. */
export function operatorContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('console', async (t) => consoleContract(t, open));
  t.test('records', async (t) => recordsContract(t, open));
  t.test('records of partners', async (t) => partnerRecordsContract(t, open));
  t.test('counts', async (t) => countsContract(t, open));
  t.test('messages', async (t) => messagesContract(t, open));
  t.test('history', async (t) => historyContract(t, open));
  t.test('requeue', async (t) => requeueContract(t, open));
  t.test('test leads', async (t) => testLeadsContract(t, open));
  t.test('privacy', async (t) => privacyContract(t, open));
}
