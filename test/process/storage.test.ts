import { copyFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { leadOf, NO_LIMITS, phoneOf, type Reply, read, send } from '../support/caller.ts';
import { integrityOf, storedLeads } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { refusedStart, startGateway } from '../support/gateway.ts';
import { startProvider } from '../support/provider.ts';
import { eventsOf } from '../support/simulator/harness.ts';
import { mountSmallDisk } from '../support/small-disk.ts';

t.setTimeout(180_000);

async function setup(t: Test, folder: string) {
  const provider = await startProvider(t);
  const database = join(folder, 'gateway.db');
  const gateway = await startGateway(t, { ...NO_LIMITS, ...provider.env, DATABASE_URL: `sqlite:${database}` });
  return { provider, database, gateway, url: gateway.url };
}

function refused(t: Test, { status, headers, body }: Reply): void {
  t.equal(status, 503);
  t.match(body, { code: 'storage_unavailable' });
  t.ok(Number(headers.get('retry-after')) > 0);
}

const readiness = (url: string, status: number): Promise<Reply> =>
  eventually(`readyz answers ${status}`, 10_000, async () => {
    const ready = await read(url, '/readyz');
    return ready.status === status ? ready : undefined;
  });
const taken = ({ status }: Reply): boolean => status === 201 || status === 202;

t.test('on a full disk no lead is acknowledged without its row, and it recovers with space', async (t) => {
  const { folder } = mountSmallDisk(t, 2_048);
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(512 * 1024));
  const { provider, database, gateway, url } = await setup(t, folder);
  const acknowledged = new Map<number, unknown>();
  const fill = async (n: number): Promise<Reply> => {
    const reply = await send(url, leadOf(n, { listing: 'x'.repeat(2_000) }));
    if (taken(reply)) acknowledged.set(n, reply.body.id);
    return reply;
  };
  let n = 0;
  let full = await fill(n);
  while (taken(full) && n < 2_000) full = await fill(++n);
  refused(t, full);
  for (let again = 0; again < 5; again += 1) await fill(++n);
  t.match(await readiness(url, 503), { body: { status: 'not_ready', checks: { storage: 'not writable' } } });
  t.equal((await read(url, '/healthz')).status, 200, 'the liveness check does not ask for a restart');

  rmSync(ballast);
  await readiness(url, 200);
  t.ok(taken(await fill(++n)), 'it recovers by itself');
  await eventually('every lead is delivered', 15_000, () =>
    storedLeads(database).every(({ status }) => status === 'delivered') ? true : undefined,
  );
  t.equal((await gateway.end('SIGTERM')).code, 0);
  t.strictSame(
    new Set(storedLeads(database).map(({ id }) => id)),
    new Set(acknowledged.values()),
    'what is stored is what was acknowledged',
  );
  t.equal(integrityOf(database), 'ok');
  const calls = await provider.byPhone();
  t.strictSame(Object.keys(calls).sort(), [...acknowledged.keys()].map(phoneOf).sort());
  t.ok(Object.values(calls).every(({ received }) => received === 1));
});

t.test('with space for a page but not for a lead it is not ready', async (t) => {
  const disk = mountSmallDisk(t, 2_048);
  const { url } = await setup(t, disk.folder);
  t.equal((await send(url, leadOf(1))).status, 201);
  const makeRoom = disk.fill(8_192);
  refused(t, await send(url, leadOf(2)));
  t.equal((await read(url, '/readyz')).status, 503);
  makeRoom();
  await readiness(url, 200);
  t.equal((await send(url, leadOf(2))).status, 201);
});

t.test('an outcome that finds the disk full is recorded once there is space', async (t) => {
  const disk = mountSmallDisk(t, 2_048);
  const { provider, database, url } = await setup(t, disk.folder);
  await provider.answer('delivered', { delayMs: 500 });
  const events = await eventsOf(t, provider.simulator);
  const underWay = send(url, leadOf(1));
  await events.next('conversation');
  const makeRoom = disk.fill();
  refused(t, await send(url, leadOf(2)));
  await readiness(url, 503);
  t.match(
    await underWay,
    { status: 202, body: { status: 'queued' } },
    'it is stored, and how it ended is not known yet',
  );
  makeRoom();
  await readiness(url, 200);
  await eventually('the outcome is recorded', 5_000, () =>
    storedLeads(database).some(({ status }) => status === 'delivered') ? true : undefined,
  );
  t.match(storedLeads(database), [{ status: 'delivered', attempts: 1 }]);
  t.match(await provider.ofPhone(phoneOf(1)), { received: 1 });
  t.match(await provider.ofPhone(phoneOf(2)), { received: 0 });
});

/** The program of three tests. The last of them destroys its file. */
const shared = await setup(t, t.testdir());

t.test('a database locked by another process leads to 503, which uses up no key', async (t) => {
  const { provider, database, url } = shared;
  const key = { 'idempotency-key': 'key-1' };
  const other = new DatabaseSync(database, { timeout: 5_000 });
  other.exec('BEGIN EXCLUSIVE');
  const [reply, ready] = await Promise.all([send(url, leadOf(1), key), read(url, '/readyz')]);
  other.close();
  refused(t, reply);
  t.equal(ready.status, 503);
  t.match(await send(url, leadOf(1), key), { status: 201 });
  t.equal(storedLeads(database).length, 1);
  t.match(await provider.ofPhone(phoneOf(1)), { received: 1 });
  await readiness(url, 200);
});

t.test('leads are refused while the database file is moved away', async (t) => {
  const { database, url } = shared;
  const before = await send(url, leadOf(4));
  renameSync(database, `${database}.moved`);
  await readiness(url, 503);
  refused(t, await send(url, leadOf(2)));
  t.match(await read(url, `/conversations/${before.body.id}`), { status: 503 }, 'the moved file is not read either');
  renameSync(`${database}.moved`, database);
  const after = await send(url, leadOf(3));
  t.equal(after.status, 201);
  const ids = new Set(storedLeads(database).map(({ id }) => id));
  t.ok(ids.has(String(before.body.id)) && ids.has(String(after.body.id)));
});

t.test('an overwritten database file is refused', async (t) => {
  const { database, url } = shared;
  t.equal((await send(url, leadOf(5))).status, 201);
  writeFileSync(database, 'Not a database any more. '.repeat(200), { flag: 'r+' });
  await readiness(url, 503);
  refused(t, await send(url, leadOf(2)));
});

t.test('after a move during a stop the start is refused until the complete file is back', async (t) => {
  const { provider, database, gateway, url } = await setup(t, t.testdir());
  const ids = [];
  for (let n = 0; n < 5; n += 1) ids.push((await send(url, leadOf(n))).body.id);
  renameSync(database, `${database}.moved`);
  t.equal((await gateway.end('SIGTERM')).code, 0);
  const env = { ...provider.env, DATABASE_URL: `sqlite:${database}` };
  t.match(await refusedStart(t, env), { code: 1, stderr: /-wal holds commits/ });
  renameSync(`${database}.moved`, database);
  await startGateway(t, env);
  t.strictSame(
    storedLeads(database).map(({ id }) => id),
    ids,
  );
});

t.test('a file overwritten by an older copy is refused, and the stop keeps its log file', async (t) => {
  const { database, gateway, url } = await setup(t, t.testdir());
  copyFileSync(database, `${database}.older`);
  t.equal((await send(url, leadOf(1))).status, 201);
  await eventually('it is noticed', 5_000, async () => {
    // Repeated, because the sweep at the start ends with a checkpoint, which can hide the overwriting once.
    copyFileSync(`${database}.older`, database);
    return (await read(url, '/readyz')).status === 503 ? true : undefined;
  });
  refused(t, await send(url, leadOf(2)));
  const log = statSync(`${database}-wal`).size;
  t.equal((await gateway.end('SIGTERM')).code, 0);
  t.equal(statSync(`${database}-wal`).size, log);
});
