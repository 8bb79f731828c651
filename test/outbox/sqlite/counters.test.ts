import { join } from 'node:path';
import t from 'tap';
import type { Intake, Outbox } from '../../../src/outbox/port.ts';
import { withDatabase } from '../../support/database.ts';
import { lead } from '../../support/lead.ts';
import { hashing, intake, sqliteOutbox } from '../../support/outbox.ts';

const NOW = 1_000;
const SITE: Intake['caps'] = [{ kind: 'site', key: hashing.siteCap('dealer'), max: 3 }];

const statusOf = async (outbox: Outbox, changes: Partial<Intake> = {}): Promise<string> => {
  const accepted = await outbox.accept(intake({ caps: SITE, ...changes }), NOW);
  return accepted.kind === 'stored' ? accepted.conversation.status : accepted.kind;
};

const counted = (path: string): unknown =>
  withDatabase(path, (database) => database.prepare('SELECT n FROM counters').all()).map((row) => row.n);

t.test('leads of one batch share the counter of their site, each counted once', async (t) => {
  const outbox = sqliteOutbox(t)();
  const statuses = await Promise.all(Array.from({ length: 40 }, () => statusOf(outbox)));
  t.strictSame(statuses, [...Array(3).fill('queued'), ...Array(27).fill('held'), ...Array(10).fill('over')]);
  t.strictSame(counted(join(t.testdirName, 'gateway.db')), [30]);
  t.equal(await statusOf(outbox), 'over', 'the next batch goes on from there');
  await outbox.close();
});

t.test('a lead that the storage refuses is not counted, and its neighbours are, once', async (t) => {
  const outbox = sqliteOutbox(t)();
  const path = join(t.testdirName, 'gateway.db');
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

t.test('what another process counted meanwhile is counted too', async (t) => {
  const open = sqliteOutbox(t);
  const [one, other] = [open({ owner: 'process-1' }), open({ owner: 'process-2' })];
  const statuses: string[] = [];
  for (const outbox of [one, other, one, other]) statuses.push(await statusOf(outbox));
  t.strictSame(statuses, ['queued', 'queued', 'queued', 'held']);
  await Promise.all([one.close(), other.close()]);
});
