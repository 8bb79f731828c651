import { randomBytes } from 'node:crypto';
import t, { type Test } from 'tap';
import type { Use } from '../../../src/conversation/screening.ts';
import type { Cap } from '../../../src/outbox/ports/lead-store.ts';
import type { Outbox } from '../../../src/outbox/ports/outbox.ts';
import { type Address, createPool } from '../../../src/outbox/postgres/connection.ts';
import { createDatabase, type Database } from '../../../src/outbox/postgres/database.ts';
import { MIGRATIONS } from '../../../src/outbox/postgres/migrations.ts';
import { migrate, requireSchema } from '../../../src/outbox/postgres/open.ts';
import { createPostgresOutbox } from '../../../src/outbox/postgres/outbox.ts';
import { hashing, intake, leased, OPTIONS } from '../../support/outbox.ts';
import { startPostgres } from '../../support/postgres.ts';

const server = await startPostgres();
const OURS = MIGRATIONS.length;
/** Steps of releases to come: one that adds, and a later one that takes away what we use. */
const TABLES = [
  'conversations',
  'leads',
  'lead_keys',
  'descriptions',
  'requests',
  'counters',
  'uses',
  'providers',
  'audit',
];
const EXPAND = {
  script: TABLES.map((table) => `ALTER TABLE ${table} ADD COLUMN later text`).join('; '),
  oldestReader: OURS,
};
const CONTRACT = { script: 'ALTER TABLE conversations DROP COLUMN partner', oldestReader: OURS + 1 };

async function open(t: Test): Promise<{ address: Address; database: Database }> {
  const address = await server.database();
  const database = createDatabase(createPool(address, 2));
  t.teardown(() => database.close());
  return { address, database };
}

const outboxAt = async (t: Test, address: Address) => {
  const outbox = await createPostgresOutbox(address, { ...OPTIONS, poolMax: 2 });
  t.teardown(() => outbox.close());
  return outbox;
};

/** All that a replica does with leads. */
async function aDay(t: Test, outbox: Outbox): Promise<void> {
  await outbox.ready();
  const caps: Cap[] = [{ kind: 'site', key: hashing.siteCap('demo'), max: 1_000 }];
  const uses: Use[] = [{ kind: 'form_token', key: randomBytes(16), expiresAt: 9_000 }];
  const sent = intake({ caps, uses });
  const lease = await leased(outbox, 1_000, sent);
  t.match(await outbox.accept(sent, 1_000), { kind: 'known' });
  t.match(await outbox.lookup(sent.request, 1_000), { kind: 'known' });
  const later = { status: 'queued', dueAt: 2_000, attempted: true, description: 'Busy' } as const;
  t.match(await outbox.settle(lease, later, 1_000), { conversation: { status: 'queued' } });
  const [claim] = await outbox.claim({ providers: ['default'], limit: 9, now: 3_000 });
  t.equal(claim?.lease.id, lease.id);
  if (claim) t.ok(await outbox.settle(claim.lease, { status: 'delivered', attempted: true }, 3_000));
  t.match(await outbox.show(lease.id), { status: 'delivered', attempts: 2, description: 'Busy' });
}

t.test('replicas that start at once on an empty database make its tables once', async (t) => {
  const { address, database } = await open(t);
  const outboxes = await Promise.all(Array.from({ length: 5 }, () => outboxAt(t, address)));
  const leases = await Promise.all(outboxes.map((outbox) => leased(outbox, 1_000)));
  t.equal(new Set(leases.map(({ id }) => id)).size, 5);
  t.match(await database.read('SELECT version FROM gateway_schema'), [{ version: OURS }]);
});

t.test('a step that fails leaves the schema at the step before it', async (t) => {
  const { address, database } = await open(t);
  const broken = { script: `${EXPAND.script}; SELECT 1 / 0`, oldestReader: OURS };
  await t.rejects(migrate(database, [...MIGRATIONS, broken]), { name: 'StorageUnavailable' });
  t.match(await database.read('SELECT version FROM gateway_schema'), [{ version: OURS }]);
  await migrate(database, [...MIGRATIONS, EXPAND]);
  t.match(await database.read('SELECT version FROM gateway_schema'), [{ version: OURS + 1 }]);
  await t.resolves(outboxAt(t, address));
});

t.test('during a rolling update this version runs, and starts, on the schema of the next', async (t) => {
  const { address, database } = await open(t);
  const running = await outboxAt(t, address);
  // Statements that a connection has parsed before the step are used after it.
  await aDay(t, running);
  await migrate(database, [...MIGRATIONS, EXPAND]);
  await aDay(t, running);
  await aDay(t, await outboxAt(t, address));
});

t.test('a step that somebody reading is in the way of waits for them, and leads do not wait for it', async (t) => {
  const { address, database } = await open(t);
  const running = await outboxAt(t, address);
  const reading = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const reader = database.session(async (query) => {
    await query('BEGIN; SELECT count(*) FROM conversations');
    begun.resolve();
    await reading.promise;
    await query('COMMIT');
  });
  await begun.promise;
  await t.rejects(migrate(database, [...MIGRATIONS, EXPAND], { withinMs: 1_500 }), { name: 'StorageUnavailable' });
  let over = false;
  const migrating = migrate(database, [...MIGRATIONS, EXPAND]).finally(() => {
    over = true;
  });
  for (let n = 0; n < 20; n += 1) t.match(await running.accept(intake(), 1_000), { kind: 'stored' });
  t.notOk(over, 'and it has not given up');
  reading.resolve();
  await Promise.all([reader, migrating]);
  t.match(await database.read('SELECT version FROM gateway_schema'), [{ version: OURS + 1 }]);
});

t.test('what needs long, as a step or an erasure may, is not cut off like a statement of a lead', async (t) => {
  const { database } = await open(t);
  await t.resolves(database.session((query) => query('SELECT pg_sleep(7)')));
});

t.test('a schema that this version cannot work on any more is refused, and one that runs is not ready', async (t) => {
  const { address, database } = await open(t);
  const running = await outboxAt(t, address);
  await running.accept(intake(), 1_000);
  await migrate(database, [...MIGRATIONS, EXPAND, CONTRACT]);
  await t.rejects(running.ready(), { name: 'StorageUnavailable' });
  await t.rejects(running.accept(intake(), 1_000), { name: 'StorageUnavailable', message: /newer version/ });
  await t.rejects(running.claim({ providers: ['default'], limit: 1, now: 1e6 }), { name: 'StorageUnavailable' });
  await t.rejects(outboxAt(t, address), { name: 'UnusableDatabase', message: /written by a newer version/ });
});

t.test('a database of another program is refused and left as it was', async (t) => {
  const { address, database } = await open(t);
  await database.write('CREATE TABLE invoices (n integer)');
  await t.rejects(outboxAt(t, address), { name: 'UnusableDatabase', message: /belongs to another program/ });
  const tables = await database.read("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace");
  t.strictSame(tables, [{ relname: 'invoices' }]);
});

t.test('who only looks makes no tables', async (t) => {
  const { address, database } = await open(t);
  await t.rejects(createPostgresOutbox(address, { ...OPTIONS, poolMax: 2, schema: 'require' }), {
    name: 'UnusableDatabase',
    message: /nothing is in it/,
    cause: { name: 'EmptyDatabase' },
  });
  await t.rejects(requireSchema(database), { name: 'EmptyDatabase' });
});
