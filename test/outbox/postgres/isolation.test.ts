import t from 'tap';
import { type Address, createPool } from '../../../src/outbox/postgres/connection.ts';
import { createDatabase } from '../../../src/outbox/postgres/database.ts';
import { createPostgresOutbox } from '../../../src/outbox/postgres/outbox.ts';
import { intake, OPTIONS } from '../../support/outbox.ts';
import { startPostgres } from '../../support/postgres.ts';

const ROUNDS = 40;
const AT_ONCE = 3;

const server = await startPostgres();

/** A database whose administrator chose another level than Postgres does. */
async function databaseOf(level: string): Promise<Address> {
  const address = await server.database();
  await server.query(`ALTER DATABASE ${address.database} SET default_transaction_isolation TO '${level}'`);
  return address;
}

for (const level of ['repeatable read', 'serializable']) {
  t.test(`in a ${level} database a transaction goes on from what others committed since it began`, async (t) => {
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

t.test('a statement of its own is at the same level as those of a transaction', async (t) => {
  const database = createDatabase(createPool(await databaseOf('serializable'), 1));
  t.teardown(database.close);
  const level = 'SHOW transaction_isolation';
  const levels = [database.read(level), database.write(level), database.transaction((query) => query(level))];
  for (const shown of await Promise.all(levels)) t.strictSame(shown, [{ transaction_isolation: 'read committed' }]);
});

t.test('in a serializable database no write of a replica is refused for what others write', async (t) => {
  const address = await databaseOf('serializable');
  const outboxes = await Promise.all(
    ['a', 'b', 'c'].map((owner) => createPostgresOutbox(address, { ...OPTIONS, owner, poolMax: 3 })),
  );
  t.teardown(() => Promise.all(outboxes.map((one) => one.close())));
  await Promise.all(
    outboxes.map(async (outbox) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const accepted = await Promise.all(Array.from({ length: AT_ONCE }, () => outbox.accept(intake(), 1_000)));
        for (const one of accepted) {
          if (one.kind !== 'stored' || !one.lease) throw new Error(one.kind);
          await outbox.settle(one.lease, { status: 'queued', dueAt: 1_000, attempted: true }, 1_000);
        }
        const claims = await outbox.claim({ providers: ['default'], limit: AT_ONCE, now: 2_000 });
        await Promise.all(
          claims.map(({ lease }) => outbox.settle(lease, { status: 'delivered', attempted: true }, 2_000)),
        );
      }
    }),
  );
  const { byStatus } = (await outboxes[0]?.stats()) ?? {};
  t.match(byStatus, { delivered: outboxes.length * ROUNDS * AT_ONCE, queued: 0 });
});
