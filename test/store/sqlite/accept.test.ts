import t from 'tap';
import type { NewLead } from '../../../src/domain/ports/lead-store.ts';
import type { Outbox } from '../../../src/domain/ports/outbox.ts';
import { DAY_MS } from '../../../src/lib/clock.ts';
import { withDatabase } from '../../support/database.ts';
import { lead } from '../../support/lead.ts';
import { hashing, leased, newLead, queued, sqliteOutbox } from '../../support/outbox.ts';

const NOW = 1_000;
const SITE: NewLead['caps'] = [{ kind: 'site', key: hashing.siteCap('dealer'), max: 3 }];

const statusOf = async (outbox: Outbox, changes: Partial<NewLead> = {}): Promise<string> => {
  const accepted = await outbox.accept(newLead({ caps: SITE, ...changes }), NOW);
  return accepted.kind === 'stored' ? accepted.conversation.status : accepted.kind;
};

const counted = (path: string): unknown =>
  withDatabase(path, (database) => database.prepare('SELECT n - 16777216 AS n FROM counters').all()).map(
    (row) => row.n,
  );

t.test('leads of one batch share the counter of their site, each counted once', async (t) => {
  const open = sqliteOutbox(t);
  const outbox = open();
  const statuses = await Promise.all(Array.from({ length: 40 }, () => statusOf(outbox)));
  t.strictSame(statuses, [...Array(3).fill('queued'), ...Array(27).fill('held'), ...Array(10).fill('over')]);
  t.strictSame(counted(open.path), [30]);
  t.equal(await statusOf(outbox), 'over', 'the next batch goes on from there');
  await outbox.close();
});

t.test('a lead that the storage refuses is not counted, and its neighbours are counted once', async (t) => {
  const open = sqliteOutbox(t);
  const outbox = open();
  const { path } = open;
  withDatabase(path, (other) =>
    other.exec(
      "CREATE TRIGGER broken BEFORE INSERT ON conversations WHEN new.site = 'broken' BEGIN SELECT RAISE(ABORT, 'as if damaged'); END",
    ),
  );
  const results = await Promise.allSettled([
    statusOf(outbox),
    statusOf(outbox, { lead: lead({ site: 'broken' }) }),
    statusOf(outbox),
  ]);
  t.strictSame(
    results.map((result) => (result.status === 'fulfilled' ? result.value : 'rejected')),
    ['queued', 'rejected', 'queued'],
  );
  t.strictSame(counted(path), [2]);
  await outbox.close();
});

t.test('each UTC day of a batch has its own counter', async (t) => {
  const outbox = sqliteOutbox(t)();
  const caps: NewLead['caps'] = [{ kind: 'site', key: hashing.siteCap('dealer'), max: 1 }];
  const results = await Promise.all([DAY_MS - 1, DAY_MS].map((now) => outbox.accept(newLead({ caps }), now)));
  t.match(results, [{ conversation: { status: 'queued' } }, { conversation: { status: 'queued' } }]);
  await outbox.close();
});

t.test('a counter that cannot be written rejects its own lead and no other', async (t) => {
  const open = sqliteOutbox(t);
  const outbox = open();
  withDatabase(open.path, (other) =>
    other.exec(
      "CREATE TRIGGER broken BEFORE INSERT ON counters WHEN new.day = 5 BEGIN SELECT RAISE(ABORT, 'as if damaged'); END",
    ),
  );
  const results = await Promise.allSettled(
    [2, 5, 3].map((day) => outbox.accept(newLead({ caps: SITE }), day * DAY_MS)),
  );
  t.strictSame(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  t.equal((await outbox.list({}, { limit: 9 })).items.length, 2);
  await outbox.close();
});

t.test('counts of another process are included', async (t) => {
  const open = sqliteOutbox(t);
  const [one, other] = [open({ owner: 'process-1' }), open({ owner: 'process-2' })];
  const statuses: string[] = [];
  for (const outbox of [one, other, one, other]) statuses.push(await statusOf(outbox));
  t.strictSame(statuses, ['queued', 'queued', 'queued', 'held']);
  await Promise.all([one.close(), other.close()]);
});

t.test('a request whose lead could not be stored is accepted when it is sent again', async (t) => {
  const open = sqliteOutbox(t);
  const outbox = open();
  const { path } = open;
  withDatabase(path, (other) =>
    other.exec("CREATE TRIGGER broken BEFORE INSERT ON leads BEGIN SELECT RAISE(ABORT, 'as if damaged'); END"),
  );
  const one = newLead();
  await t.rejects(outbox.accept(one, 1_000), { name: 'StorageUnavailable' });
  withDatabase(path, (other) => other.exec('DROP TRIGGER broken'));
  t.match(await outbox.accept(one, 2_000), { kind: 'stored', lease: { attempts: 0 } });
  await outbox.close();
});

t.test('a conversation whose lead is missing is parked', async (t) => {
  const open = sqliteOutbox(t);
  const outbox = open();
  const id = await queued(outbox, 1_000);
  withDatabase(open.path, (other) => other.exec('DELETE FROM leads'));
  t.strictSame(await outbox.claim({ providers: ['default'], limit: 9, now: 2_000 }), []);
  t.match(await outbox.show(id), { status: 'parked', cause: 'unreadable' });
  await outbox.close();
});

t.test('an acceptance of the credentials is recorded although its batch had to run again', async (t) => {
  const open = sqliteOutbox(t);
  const outbox = open();
  withDatabase(open.path, (other) =>
    other.exec(
      "CREATE TRIGGER broken BEFORE INSERT ON conversations WHEN new.site = 'broken' BEGIN SELECT RAISE(ABORT, 'as if damaged'); END",
    ),
  );
  const account = (target: string) => ({ credentials: 'credentials-1', target });
  const accepted = { status: 'delivered', attempted: true, credentials: 'accepted', account: account('a') } as const;
  const lease = await leased(outbox, NOW);
  const [settled, broken] = await Promise.allSettled([
    outbox.settle(lease, accepted, NOW),
    statusOf(outbox, { lead: lead({ site: 'broken' }) }),
  ]);
  t.match([settled, broken], [{ status: 'fulfilled' }, { status: 'rejected' }]);
  for (let n = 0; n < 3; n += 1) {
    const refused = { status: 'parked', attempted: true, credentials: 'refused', account: account('b') } as const;
    await outbox.settle(await leased(outbox, NOW), refused, NOW);
  }
  t.strictSame(await outbox.parked(), [], 'its credentials are proven for another target');
  await outbox.close();
});
