import t, { type Test } from 'tap';
import { createPostgresOutbox } from '../../../src/outbox/postgres/outbox.ts';
import { eventually } from '../../support/eventually.ts';
import { faultyProxy } from '../../support/faulty-proxy.ts';
import { intake, leased, OPTIONS } from '../../support/outbox.ts';
import { startPostgres } from '../../support/postgres.ts';

const server = await startPostgres();
/** What a caller can still be answered in. */
const ANSWERED_MS = 12_000;

async function open(t: Test) {
  const address = await server.database();
  const way = await faultyProxy(t, address);
  const outbox = await createPostgresOutbox(way.address, { ...OPTIONS, poolMax: 2 });
  t.teardown(() => outbox.close());
  return { address, way, outbox };
}

t.test('a server that hangs is unavailable in time, also to many at once, and goes on when it does', async (t) => {
  const { way, outbox } = await open(t);
  const { id } = await leased(outbox, 1_000);
  const resume = way.stall();
  const begun = performance.now();
  const results = await Promise.allSettled([
    outbox.ready(),
    outbox.find(id),
    outbox.accept(intake(), 2_000),
    ...Array.from({ length: 20 }, () => outbox.lookup(intake().request, 2_000)),
  ]);
  t.ok(performance.now() - begun < ANSWERED_MS);
  for (const result of results) t.match(result, { status: 'rejected', reason: { name: 'StorageUnavailable' } });
  resume();
  await outbox.ready();
  t.match(await outbox.accept(intake(), 3_000), { kind: 'stored' });
});

t.test(
  'a primary that becomes a standby takes nothing, is not ready, and is gone on with once it takes writes',
  async (t) => {
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
    await t.rejects(outbox.accept(intake(), 2_000), { name: 'StorageUnavailable', cause: { code: '25006' } });
    t.match(await outbox.find(lease.id), { status: 'queued' });
    await readOnly(false);
    await eventually('it is ready', 5_000, () =>
      outbox.ready().then(
        () => true,
        () => undefined,
      ),
    );
    t.match(await outbox.accept(intake(), 3_000), { kind: 'stored' });
    t.ok(await outbox.settle(lease, { status: 'delivered', attempted: true }, 3_000));
  },
);

t.test('a server that takes no more connections is unavailable to who has none, and only to them', async (t) => {
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
