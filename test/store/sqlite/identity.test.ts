import { copyFileSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import type { Outbox } from '../../../src/domain/ports/outbox.ts';
import { createSqliteOutbox } from '../../../src/store/sqlite/outbox.ts';
import { createVault } from '../../../src/store/vault.ts';
import { newLead } from '../../support/outbox.ts';

let now = 0;
async function running(t: Test): Promise<{ path: string; outbox: Outbox }> {
  const path = join(t.testdir(), 'gateway.db');
  const outbox = createSqliteOutbox(path, {
    vault: createVault([]),
    owner: 'me',
    leaseMs: 60_000,
    waitMs: 4_000,
    // Each look is half a second after the one before.
    monotonic() {
      now += 500;
      return now;
    },
  });
  // Some tests close it themselves.
  t.teardown(() => outbox.close().catch(() => undefined));
  await outbox.accept(newLead(), 1_000);
  return { path, outbox };
}

async function refusesEverything(t: Test, outbox: Outbox): Promise<void> {
  await t.rejects(outbox.accept(newLead(), 2_000), { name: 'StorageUnavailable' }, 'a write');
  await t.rejects(outbox.find('cnv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'), { name: 'StorageUnavailable' }, 'a read');
  await t.rejects(outbox.ready(), { name: 'StorageUnavailable' }, 'the health check');
}

t.test('a database that was moved away is noticed before anything is acknowledged, and so is its return', async (t) => {
  const { path, outbox } = await running(t);
  renameSync(path, `${path}.moved`);
  await refusesEverything(t, outbox);
  renameSync(`${path}.moved`, path);
  t.match(await outbox.accept(newLead(), 3_000), { kind: 'stored' });
});

t.test('a database that was deleted is noticed', async (t) => {
  const { path, outbox } = await running(t);
  rmSync(path);
  await refusesEverything(t, outbox);
});

t.test('a write-ahead log that was deleted is noticed, since commits into it would be lost', async (t) => {
  const { path, outbox } = await running(t);
  rmSync(`${path}-wal`);
  await refusesEverything(t, outbox);
});

t.test('a database that was overwritten in place is noticed', async (t) => {
  const { path, outbox } = await running(t);
  writeFileSync(
    path,
    'something else entirely, and long enough to cover the whole header of a database file '.repeat(3),
    { flag: 'r+' },
  );
  await refusesEverything(t, outbox);
});

t.test('a database that was replaced by another one is noticed', async (t) => {
  const { path, outbox } = await running(t);
  const other = await running(t);
  renameSync(other.path, path);
  await refusesEverything(t, outbox);
});

t.test('a database that was truncated is noticed, and its log is left as it is', async (t) => {
  const { path, outbox } = await running(t);
  truncateSync(path);
  await refusesEverything(t, outbox);
  const { size } = statSync(`${path}-wal`);
  await outbox.close();
  t.equal(statSync(path).size, 0);
  t.equal(statSync(`${path}-wal`).size, size);
});

t.test('a database that was overwritten by an older copy of itself is noticed, for good', async (t) => {
  const { path, outbox } = await running(t);
  const other = new DatabaseSync(path);
  other.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  copyFileSync(path, `${path}.backup`);
  await outbox.accept(newLead(), 2_000);
  copyFileSync(`${path}.backup`, path);
  await refusesEverything(t, outbox);
  // As another process of ours does it that has not noticed.
  other.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  other.close();
  await refusesEverything(t, outbox);
});

t.test('checkpoints of another process of ours are not taken for foreign writes', async (t) => {
  const { path, outbox } = await running(t);
  const other = new DatabaseSync(path, { timeout: 1_000 });
  for (const mode of ['PASSIVE', 'FULL', 'RESTART', 'TRUNCATE']) {
    other.exec(`UPDATE conversations SET updated_at = updated_at + 1; PRAGMA wal_checkpoint(${mode})`);
    t.match(await outbox.accept(newLead(), 2_000), { kind: 'stored' }, mode);
    other.exec(`PRAGMA wal_checkpoint(${mode})`);
    t.match(await outbox.accept(newLead(), 2_000), { kind: 'stored' }, `${mode}, of our own commit`);
  }
  other.exec('VACUUM');
  other.close();
  t.match(await outbox.accept(newLead(), 3_000), { kind: 'stored' }, 'VACUUM');
});
