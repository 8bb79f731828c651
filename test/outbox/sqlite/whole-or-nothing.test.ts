import { join } from 'node:path';
import t from 'tap';
import { withDatabase } from '../../support/database.ts';
import { intake, queued, sqliteOutbox } from '../../support/outbox.ts';

t.test('a lead that cannot be kept is not remembered either: the same request is taken once it can', async (t) => {
  const outbox = sqliteOutbox(t)();
  const path = join(t.testdirName, 'gateway.db');
  withDatabase(path, (other) =>
    other.exec("CREATE TRIGGER broken BEFORE INSERT ON leads BEGIN SELECT RAISE(ABORT, 'as if damaged'); END"),
  );
  const one = intake();
  await t.rejects(outbox.accept(one, 1_000), { name: 'StorageUnavailable' });
  withDatabase(path, (other) => other.exec('DROP TRIGGER broken'));
  t.match(await outbox.accept(one, 2_000), { kind: 'stored', lease: { attempts: 0 } });
  await outbox.close();
});

t.test('a conversation whose lead is lost waits for a person', async (t) => {
  const outbox = sqliteOutbox(t)();
  const id = await queued(outbox, 1_000);
  withDatabase(join(t.testdirName, 'gateway.db'), (other) => other.exec('DELETE FROM leads'));
  t.strictSame(await outbox.claim({ providers: ['default'], limit: 9, now: 2_000 }), []);
  t.match(await outbox.show(id), { status: 'parked', cause: 'unreadable' });
  await outbox.close();
});
