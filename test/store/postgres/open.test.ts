import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, copyFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t, { type Test } from 'tap';
import type { Cap, Use } from '../../../src/domain/ports/lead-store.ts';
import type { Outbox } from '../../../src/domain/ports/outbox.ts';
import { type Address, createPool } from '../../../src/store/postgres/connection.ts';
import { createDatabase, type Database } from '../../../src/store/postgres/database.ts';
import { MIGRATIONS } from '../../../src/store/postgres/migrations.ts';
import { migrate, requireSchema } from '../../../src/store/postgres/open.ts';
import { createPostgresOutbox } from '../../../src/store/postgres/outbox.ts';
import { hashing, leased, newLead, OPTIONS } from '../../support/outbox.ts';
import { startPostgres } from '../../support/postgres.ts';

// Each test has a database of its own, and creates its tables.
t.setTimeout(240_000);

/** A second address, for which the certificate of the TLS tests is not valid. */
const server = await startPostgres(['-c', 'listen_addresses=127.0.0.1,127.0.0.2']);
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
  'tallies',
  'messages',
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
  const sent = newLead({ caps, uses });
  const lease = await leased(outbox, 1_000, sent);
  t.match(await outbox.accept(sent, 1_000), { kind: 'known' });
  t.match(await outbox.lookup(sent.request, 1_000), { kind: 'known' });
  const later = { status: 'queued', dueAt: 2_000, attempted: true, description: 'Busy' } as const;
  t.match(await outbox.settle(lease, later, 1_000), { conversation: { status: 'queued' } });
  const [claim] = await outbox.claim({ providers: ['default'], limit: 9, now: 3_000 });
  t.equal(claim?.lease.id, lease.id);
  if (claim) t.ok(await outbox.settle(claim.lease, { status: 'delivered', attempted: true }, 3_000));
  t.match(await outbox.show(lease.id), { status: 'delivered', attempts: 2, description: undefined });
}

t.test('replicas that start together on an empty database create its tables once', async (t) => {
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

t.test('a migration waits for a reader of its table, and leads do not wait for the migration', async (t) => {
  const { address, database } = await open(t);
  const running = await outboxAt(t, address);
  const reading = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const reader = database.session(async (query) => {
    // Without the time-out of idle transactions, which a slow machine would reach.
    await query('SET idle_in_transaction_session_timeout = 0');
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
  for (let n = 0; n < 20; n += 1) t.match(await running.accept(newLead(), 1_000), { kind: 'stored' });
  t.notOk(over, 'and it has not given up');
  reading.resolve();
  await Promise.all([reader, migrating]);
  t.match(await database.read('SELECT version FROM gateway_schema'), [{ version: OURS + 1 }]);
});

t.test('a session has no statement time-out, so that a long migration or erasure can finish', async (t) => {
  const { database } = await open(t);
  await t.resolves(database.session((query) => query('SELECT pg_sleep(7)')));
});

t.test('a schema that this version cannot use is refused at start, and makes a running replica unready', async (t) => {
  const { address, database } = await open(t);
  const running = await outboxAt(t, address);
  await running.accept(newLead(), 1_000);
  await migrate(database, [...MIGRATIONS, EXPAND, CONTRACT]);
  await t.rejects(running.ready(), { name: 'StorageUnavailable' });
  await t.rejects(running.accept(newLead(), 1_000), { name: 'StorageUnavailable', message: /newer version/ });
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

t.test('opening with schema "require" creates no tables', async (t) => {
  const { address, database } = await open(t);
  await t.rejects(createPostgresOutbox(address, { ...OPTIONS, poolMax: 2, schema: 'require' }), {
    name: 'UnusableDatabase',
    message: /nothing is in it/,
    cause: { name: 'EmptyDatabase' },
  });
  await t.rejects(requireSchema(database), { name: 'EmptyDatabase' });
});

const ROUNDS = 40;
const AT_ONCE = 3;

/** A database whose administrator chose another level than Postgres does. */
async function databaseOf(level: string): Promise<Address> {
  const address = await server.database();
  await server.query(`ALTER DATABASE ${address.database} SET default_transaction_isolation TO '${level}'`);
  return address;
}

for (const level of ['repeatable read', 'serializable']) {
  t.test(`in a ${level} database a transaction sees what others committed since it began`, async (t) => {
    const address = await databaseOf(level);
    await server.query('CREATE TABLE counted AS SELECT 0 AS n', address);
    const database = createDatabase(createPool(address, 1));
    t.teardown(database.close);
    const seen = await database.transaction(async (query) => {
      await query('SELECT n FROM counted');
      await server.query('UPDATE counted SET n = n + 1', address);
      return query('UPDATE counted SET n = n + 1 RETURNING n');
    });
    t.strictSame(seen, [{ n: 2 }]);
  });
}

t.test('single statements and transactions use the same isolation level', async (t) => {
  const database = createDatabase(createPool(await databaseOf('serializable'), 1));
  t.teardown(database.close);
  const level = 'SHOW transaction_isolation';
  const levels = [database.read(level), database.write(level), database.transaction((query) => query(level))];
  for (const shown of await Promise.all(levels)) t.strictSame(shown, [{ transaction_isolation: 'read committed' }]);
});

async function deliver(outbox: Outbox, limit: number): Promise<void> {
  const claims = await outbox.claim({ providers: ['default'], limit, now: 2_000 });
  await Promise.all(claims.map(({ lease }) => outbox.settle(lease, { status: 'delivered', attempted: true }, 2_000)));
}

t.test('in a serializable database no write of a replica fails because of the others', async (t) => {
  const address = await databaseOf('serializable');
  const outboxes = await Promise.all(
    ['a', 'b', 'c'].map((owner) => createPostgresOutbox(address, { ...OPTIONS, owner, poolMax: 3 })),
  );
  t.teardown(() => Promise.all(outboxes.map((one) => one.close())));
  await Promise.all(
    outboxes.map(async (outbox) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const accepted = await Promise.all(Array.from({ length: AT_ONCE }, () => outbox.accept(newLead(), 1_000)));
        for (const one of accepted) {
          if (one.kind !== 'stored' || !one.lease) throw new Error(one.kind);
          await outbox.settle(one.lease, { status: 'queued', dueAt: 1_000, attempted: true }, 1_000);
        }
        await deliver(outbox, AT_ONCE);
      }
    }),
  );
  // A claim passes over rows that another replica locks at that moment; the last one takes what is left.
  const [first] = outboxes;
  if (first) await deliver(first, outboxes.length * ROUNDS * AT_ONCE);
  const { byStatus } = (await outboxes[0]?.stats()) ?? {};
  t.match(byStatus, { delivered: outboxes.length * ROUNDS * AT_ONCE, queued: 0 });
});

const FIXTURES = 'test/fixtures/tls';
const CERTIFICATE = resolve(`${FIXTURES}/first.test-cert.pem`);
const OTHER = resolve(`${FIXTURES}/second.test-cert.pem`);
const address = await server.database();

const openAt = (host: string, tls?: { rootCertFile?: string }) =>
  createPostgresOutbox({ ...address, host, ...(tls && { tls }) }, { ...OPTIONS, poolMax: 2 });

t.before(() => {
  const { uid, gid } = statSync(server.folder);
  for (const [file, name] of [
    ['first.test-cert.pem', 'server.crt'],
    ['first.test-key.pem', 'server.key'],
  ] as const) {
    const path = join(server.folder, name);
    copyFileSync(`${FIXTURES}/${file}`, path);
    chownSync(path, uid, gid);
    chmodSync(path, 0o600);
  }
});

t.test('a server without TLS is refused if TLS is required', async (t) => {
  await t.rejects(openAt('127.0.0.1', { rootCertFile: CERTIFICATE }), {
    name: 'UnusableDatabase',
    message: /does not support SSL/,
  });
});

t.test('a certificate of a trusted authority is accepted, and the connection is encrypted', async (t) => {
  await server.query('ALTER SYSTEM SET ssl = on');
  await server.query('SELECT pg_reload_conf()');
  const outbox = await openAt('127.0.0.1', { rootCertFile: CERTIFICATE });
  t.teardown(() => outbox.close());
  await leased(outbox, 1_000);
  t.match(
    await server.query(
      "SELECT DISTINCT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'text-connect-gateway'",
    ),
    [{ ssl: true }],
  );
});

t.test('a certificate of an untrusted authority or of another host is refused', async (t) => {
  for (const [host, tls] of [
    ['127.0.0.1', {}],
    ['127.0.0.1', { rootCertFile: OTHER }],
    ['127.0.0.2', { rootCertFile: CERTIFICATE }],
  ] as const) {
    await t.rejects(openAt(host, tls), { name: 'UnusableDatabase', message: /certificate|altnames/ });
  }
});

t.test('a missing file of certificate authorities refuses the start', async (t) => {
  await t.rejects(openAt('127.0.0.1', { rootCertFile: '/nowhere/ca.pem' }), {
    name: 'UnusableDatabase',
    message: /ENOENT/,
  });
});

t.test('statements see what was committed while they waited, whatever level the database has by default', async (t) => {
  const { address } = await open(t);
  for (const level of ['serializable', 'repeatable read']) {
    await server.query(`ALTER DATABASE ${address.database} SET default_transaction_isolation = '${level}'`);
    const pool = createPool(address, 1);
    t.match(
      await pool.query('SHOW transaction_isolation'),
      { rows: [{ transaction_isolation: 'read committed' }] },
      level,
    );
    await pool.end();
  }
});
