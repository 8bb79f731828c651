import t from 'tap';
import { hashCheckContract } from '../../contract/hash-check.ts';
import { intakeContract } from '../../contract/intake.ts';
import { privacyContract } from '../../contract/privacy.ts';
import { providerContract } from '../../contract/providers.ts';
import { queueContract } from '../../contract/queue.ts';
import { recordsContract } from '../../contract/records.ts';
import { requeueContract } from '../../contract/requeue.ts';
import { usesContract } from '../../contract/uses.ts';
import { sqliteOutbox } from '../../support/outbox.ts';

t.test('intake', async (t) => intakeContract(t, sqliteOutbox));
t.test('queue', async (t) => queueContract(t, sqliteOutbox));
t.test('providers', async (t) => providerContract(t, sqliteOutbox));
t.test('records', async (t) => recordsContract(t, sqliteOutbox));
t.test('requeue', async (t) => requeueContract(t, sqliteOutbox));
t.test('privacy', async (t) => privacyContract(t, sqliteOutbox));
t.test('uses', async (t) => usesContract(t, sqliteOutbox));
t.test('hash check', async (t) => hashCheckContract(t, sqliteOutbox));
