import t from 'tap';
import { intakeContract } from '../../contract/intake.ts';
import { providerContract } from '../../contract/providers.ts';
import { queueContract } from '../../contract/queue.ts';
import { sqliteOutbox } from '../../support/outbox.ts';

t.test('intake', async (t) => intakeContract(t, sqliteOutbox));
t.test('queue', async (t) => queueContract(t, sqliteOutbox));
t.test('providers', async (t) => providerContract(t, sqliteOutbox));
