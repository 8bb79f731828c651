import t from 'tap';
import { hashCheckContract } from '../../contract/hash-check.ts';
import { intakeContract } from '../../contract/intake.ts';
import { privacyContract } from '../../contract/privacy.ts';
import { providerContract } from '../../contract/providers.ts';
import { queueContract } from '../../contract/queue.ts';
import { recordsContract } from '../../contract/records.ts';
import { requeueContract } from '../../contract/requeue.ts';
import { usesContract } from '../../contract/uses.ts';
import { postgresOutbox, startPostgres } from '../../support/postgres.ts';

const open = postgresOutbox(await startPostgres());

t.test('intake', async (t) => intakeContract(t, open));
t.test('queue', async (t) => queueContract(t, open));
t.test('providers', async (t) => providerContract(t, open));
t.test('records', async (t) => recordsContract(t, open));
t.test('requeue', async (t) => requeueContract(t, open));
t.test('privacy', async (t) => privacyContract(t, open));
t.test('uses', async (t) => usesContract(t, open));
t.test('hash check', async (t) => hashCheckContract(t, open));
