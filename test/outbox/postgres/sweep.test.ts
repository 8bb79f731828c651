import pg from 'pg';
import t from 'tap';
import { createPostgresOutbox } from '../../../src/outbox/postgres/outbox.ts';
import { eventually } from '../../support/eventually.ts';
import { intake, leased, OPTIONS } from '../../support/outbox.ts';
import { startPostgres } from '../../support/postgres.ts';

/** Less than the server lets anybody wait for a lock. */
const WAITS_WITHIN_MS = 2_000;

const server = await startPostgres();

t.test('of two replicas that sweep at once one finds nothing to do, waits for nobody and does it later', async (t) => {
  const address = await server.database();
  const [sweeping, other] = await Promise.all(
    ['a', 'b'].map((owner) => createPostgresOutbox(address, { ...OPTIONS, owner, poolMax: 2 })),
  );
  if (!sweeping || !other) throw new Error('not open');
  const held = new pg.Client(address);
  await held.connect();
  t.teardown(() => Promise.all([held.end(), sweeping.close(), other.close()]));
  for (const at of [1_000, 2_000]) {
    const lease = await leased(sweeping, at, { request: { ...intake().request, expiresAt: 3_000 } });
    await sweeping.settle(lease, { status: 'delivered', attempted: true }, at);
  }

  await held.query('BEGIN');
  await held.query('SELECT 1 FROM conversations WHERE updated_at = 1000 FOR UPDATE');
  const sweep = sweeping.expire(5_000, 1);
  await eventually('it waits for the lead in the midst of its sweep', WAITS_WITHIN_MS, async () => {
    const [row] = await server.query("SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted");
    return row;
  });
  t.equal(await other.purge(5_000, 9), 0, 'nothing is in its way but that another sweeps');
  t.equal(await other.expire(5_000, 1), 0);
  await held.query('COMMIT');
  t.equal(await sweep, 1);

  t.equal(await other.expire(5_000, 9), 1, 'the lead that was left');
  t.equal(await other.purge(5_000, 9), 2);
});
