import t, { type Test } from 'tap';
import type { Outbox } from '../../../src/outbox/ports/outbox.ts';
import { createPostgresOutbox } from '../../../src/outbox/postgres/outbox.ts';
import { intake, OPTIONS } from '../../support/outbox.ts';
import { startPostgres } from '../../support/postgres.ts';

const server = await startPostgres();
const RELEASE = { at: 2_000, actor: 'admin', action: 'release', count: 0, detail: 'all' } as const;
const LISTENING = "FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR query = 'SELECT 1'";

type Wakes = { readonly count: () => number; readonly another: () => Promise<void> };

/** Two replicas; one of them counts how often it is woken. */
async function open(t: Test): Promise<{ replica: Outbox; other: Outbox; wakes: Wakes }> {
  const address = await server.database();
  const replicas = await Promise.all(
    ['a', 'b'].map((owner) => createPostgresOutbox(address, { ...OPTIONS, owner, poolMax: 2 })),
  );
  t.teardown(() => Promise.all(replicas.map((one) => one.close())));
  const [replica, other] = replicas as [Outbox, Outbox];
  let count = 0;
  let wake = Promise.withResolvers<void>();
  replica.watch(() => {
    count += 1;
    wake.resolve();
    wake = Promise.withResolvers();
  });
  await wake.promise;
  return { replica, other, wakes: { count: () => count, another: () => wake.promise } };
}

t.test('a release by another process wakes a replica at once, and what changes nothing does not', async (t) => {
  const { replica, other, wakes } = await open(t);
  const before = wakes.count();
  await other.requeue({}, 10, RELEASE);
  await other.releaseWaiting('default', 10, 2_000);
  await replica.accept(intake({ start: { kind: 'parked' } }), 1_000);
  const woken = wakes.another();
  await other.requeue({}, 10, RELEASE);
  await woken;
  t.equal(wakes.count(), before + 1);
});

t.test('a provider that is taken into use again wakes a replica, and so do its leads', async (t) => {
  const { other, wakes } = await open(t);
  await other.accept(intake({ start: { kind: 'parked' } }), 1_000);
  const unparked = wakes.another();
  await other.unpark('default', 2_000);
  await t.resolves(unparked);
  const released = wakes.another();
  t.equal(await other.releaseWaiting('default', 10, 2_000), 1);
  await t.resolves(released);
});

t.test('a connection that is lost is replaced, and its replica looks for what it did not hear of', async (t) => {
  const { other, wakes } = await open(t);
  const again = wakes.another();
  t.match(await server.query(`SELECT pg_terminate_backend(pid) AS done ${LISTENING}`), [{ done: true }]);
  await t.resolves(again, 'it looks once it listens again');
  await other.accept(intake({ start: { kind: 'parked' } }), 1_000);
  const woken = wakes.another();
  await other.requeue({}, 10, RELEASE);
  await t.resolves(woken);
});
