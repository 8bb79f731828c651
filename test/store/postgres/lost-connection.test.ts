import t, { type Test } from 'tap';
import type { Settlement } from '../../../src/domain/ports/delivery-queue.ts';
import type { Outbox } from '../../../src/domain/ports/outbox.ts';
import type { Address } from '../../../src/store/postgres/connection.ts';
import { createPostgresOutbox } from '../../../src/store/postgres/outbox.ts';
import { eventually } from '../../support/eventually.ts';
import { type FaultyProxy, faultyProxy } from '../../support/faulty-proxy.ts';
import { entry, LEASE_MS, leased, newLead, OPTIONS, queued } from '../../support/outbox.ts';
import { startPostgres } from '../../support/postgres.ts';

const server = await startPostgres();
/** The whole statement, as the protocol ends it; `COMMITTED` begins like it. */
const COMMIT = 'COMMIT\0';
/** An outcome is one statement, which is its own commit; its name, as the protocol ends it. */
const CLOSE = 'close\0';
/** The statement of `find` by its name, as the protocol ends it. */
const FIND = 'find\0';
const DELIVERED: Settlement = { status: 'delivered', attempted: true };
const claim = (outbox: Outbox, now: number) => outbox.claim({ providers: ['default'], limit: 10, now });

/** A store behind a way that can be broken, and the same store by a way that cannot. */
async function open(t: Test): Promise<{ address: Address; way: FaultyProxy; outbox: Outbox; other: Outbox }> {
  const address = await server.database();
  const other = await createPostgresOutbox(address, { ...OPTIONS, owner: 'other', poolMax: 2 });
  const way = await faultyProxy(t, address);
  const outbox = await createPostgresOutbox(way.address, { ...OPTIONS, owner: 'process-1', poolMax: 2 });
  t.teardown(() => Promise.all([outbox.close(), other.close()]));
  return { address, way, outbox, other };
}

for (const when of ['before', 'after'] as const) {
  t.test(`a lead whose connection breaks ${when} its commit is stored once, with its lease`, async (t) => {
    const { way, outbox, other } = await open(t);
    const sent = newLead();
    const cut = way.cut(COMMIT, when);
    const accepted = await outbox.accept(sent, 1_000);
    await cut;
    if (accepted.kind !== 'stored' || !accepted.lease) throw new Error(`it is ${accepted.kind}`);
    t.equal(await other.count({}), 1);
    t.match(await outbox.settle(accepted.lease, DELIVERED, 2_000), { conversation: { status: 'delivered' } });
    t.match(await outbox.accept(sent, 3_000), { kind: 'known', conversation: { id: accepted.lease.id } });
  });

  t.test(`an outcome whose connection breaks ${when} its commit is recorded once`, async (t) => {
    const { way, outbox, other } = await open(t);
    const lease = await leased(outbox, 1_000);
    const cut = way.cut(CLOSE, when);
    t.match(await outbox.settle(lease, DELIVERED, 2_000), { conversation: { status: 'delivered', attempts: 1 } });
    await cut;
    t.match(await other.find(lease.id), { status: 'delivered', attempts: 1 });
    t.equal(await outbox.settle(lease, DELIVERED, 3_000), undefined, 'the lease is over');
  });
}

t.test('a lead of a suppressed number whose connection breaks after its commit still must not be sent', async (t) => {
  const { way, outbox } = await open(t);
  const sent = newLead();
  await outbox.suppress(sent.phoneHash, entry('suppress', 500));
  const cut = way.cut(COMMIT, 'after');
  const accepted = await outbox.accept(sent, 1_000);
  await cut;
  t.match(accepted, { kind: 'stored', lease: { fence: 1 }, suppressed: true });
});

t.test('a lead whose stored lease was never confirmed is sent as one that was not attempted', async (t) => {
  const { way, outbox, other } = await open(t);
  const cut = way.cut(COMMIT, 'after').then(way.close);
  await t.rejects(outbox.accept(newLead(), 1_000), { name: 'StorageUnavailable' });
  t.match((await other.list({}, { limit: 9 })).items, [{ status: 'queued', leased: true }]);
  (await cut)();
  t.match(await claim(outbox, 2_000), [{ expired: false, tries: 0 }]);
});

t.test(
  'the leads of an unconfirmed claim can be claimed at once; those of a dead process still count as unknown',
  async (t) => {
    const { way, outbox, other } = await open(t);
    const abandoned = await leased(other, 1_000);
    const fresh = await queued(other, 2_000);
    const now = 1_000 + LEASE_MS;
    const cut = way.cut('FOR UPDATE SKIP LOCKED', 'after');
    await t.rejects(claim(outbox, now), { name: 'StorageUnavailable' });
    await cut;
    const claims = await claim(outbox, now + 1);
    t.strictSame(
      claims.map(({ lease, expired }) => [lease.id, expired]).sort(),
      [
        [abandoned.id, true],
        [fresh, false],
      ].sort(),
    );
  },
);

t.test('an outcome whose commit was not confirmed in time is found recorded by the next try', async (t) => {
  const { way, outbox } = await open(t);
  const lease = await leased(outbox, 1_000);
  const cut = way.cut(CLOSE, 'after').then(way.close);
  await t.rejects(outbox.settle(lease, DELIVERED, 2_000), { name: 'StorageUnavailable' });
  (await cut)();
  t.match(await outbox.settle(lease, DELIVERED, 9_000), { conversation: { status: 'delivered', updatedAt: 2_000 } });
});

t.test('a provider is reported as parked although the confirmation of the commit was lost', async (t) => {
  const { way, outbox } = await open(t);
  const account = { credentials: 'credentials-1', target: 'a' };
  const refused: Settlement = { status: 'queued', dueAt: 2_000, attempted: true, credentials: 'refused', account };
  for (let n = 0; n < 2; n += 1) await outbox.settle(await leased(outbox, 1_000), refused, 2_000 + n);
  const lease = await leased(outbox, 1_000);
  const cut = way.cut(COMMIT, 'after');
  t.match(await outbox.settle(lease, refused, 3_000), { parkedProvider: true, conversation: { status: 'parked' } });
  await cut;
});

t.test('a read without an answer is not in doubt, because it changed nothing', async (t) => {
  const { way, outbox } = await open(t);
  const { id } = await leased(outbox, 1_000);
  const twice = way.cut(FIND, 'after').then(() => way.cut(FIND, 'after'));
  await t.rejects(outbox.find(id), { name: 'StorageUnavailable', kind: 'lost', inDoubt: false });
  await twice;
});

t.test('terminating idle backends fails no later call', async (t) => {
  const { outbox } = await open(t);
  const lease = await leased(outbox, 1_000);
  await terminateAll();
  t.match(await outbox.find(lease.id), { status: 'queued' });
  await terminateAll();
  t.match(await outbox.accept(newLead(), 2_000), { kind: 'stored' });
  await terminateAll();
  t.ok(await outbox.settle(lease, DELIVERED, 3_000));
});

const terminateAll = () =>
  server.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname <> current_database()');

t.test('while the server hangs every call fails, and calls succeed once it continues', async (t) => {
  const { way, outbox } = await open(t);
  const { id } = await leased(outbox, 1_000);
  const resume = way.stall();
  const results = await Promise.allSettled([
    outbox.ready(),
    outbox.find(id),
    outbox.accept(newLead(), 2_000),
    ...Array.from({ length: 20 }, () => outbox.lookup(newLead().request, 2_000)),
  ]);
  for (const result of results) t.match(result, { status: 'rejected', reason: { name: 'StorageUnavailable' } });
  resume();
  await outbox.ready();
  t.match(await outbox.accept(newLead(), 3_000), { kind: 'stored' });
});

t.test('a primary that becomes a standby stores nothing and is not ready until it takes writes again', async (t) => {
  const { address, outbox } = await open(t);
  const lease = await leased(outbox, 1_000);
  const readOnly = async (on: boolean) => {
    await server.query(`ALTER DATABASE ${address.database} SET default_transaction_read_only = ${on}`);
    await server.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${address.database}' AND ${on}`,
    );
  };
  await readOnly(true);
  await t.rejects(outbox.ready(), { name: 'StorageUnavailable' });
  await t.rejects(outbox.accept(newLead(), 2_000), { name: 'StorageUnavailable', cause: { code: '25006' } });
  t.match(await outbox.find(lease.id), { status: 'queued' });
  await readOnly(false);
  await eventually('it is ready', 5_000, () =>
    outbox.ready().then(
      () => true,
      () => undefined,
    ),
  );
  t.match(await outbox.accept(newLead(), 3_000), { kind: 'stored' });
  t.ok(await outbox.settle(lease, { status: 'delivered', attempted: true }, 3_000));
});

t.test('a server at its connection limit refuses only processes without a connection', async (t) => {
  const { address, outbox } = await open(t);
  await server.query(`CREATE ROLE gateway LOGIN PASSWORD 'gateway'; GRANT gateway TO postgres`);
  await server.query('GRANT ALL ON ALL TABLES IN SCHEMA public TO gateway', address);
  const limited = { ...address, user: 'gateway', password: 'gateway' };
  const first = await createPostgresOutbox(limited, { ...OPTIONS, poolMax: 1, schema: 'require' });
  t.teardown(() => first.close());
  await server.query('ALTER ROLE gateway CONNECTION LIMIT 1');
  const { id } = await leased(outbox, 1_000);
  t.match(await first.find(id), { status: 'queued' });
  await t.rejects(createPostgresOutbox(limited, { ...OPTIONS, poolMax: 1, schema: 'require' }), {
    name: 'UnusableDatabase',
    message: /too many connections/,
  });
});
