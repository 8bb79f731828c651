import {
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import type { Cap } from '../../../src/domain/ports/lead-store.ts';
import { type Outbox, UnusableDatabase } from '../../../src/domain/ports/outbox.ts';
import { makePrivate } from '../../../src/store/sqlite/files.ts';
import { APPLICATION_ID, migrate, openDatabase, pragma } from '../../../src/store/sqlite/open.ts';
import { createSqliteOutbox } from '../../../src/store/sqlite/outbox.ts';
import { createVault } from '../../../src/store/vault.ts';
import { lead } from '../../support/lead.ts';
import { dataKey, hashing, newLead, OPTIONS } from '../../support/outbox.ts';

t.test('durability is set at every open, also for an existing file', async (t) => {
  const path = join(t.testdir(), 'deep', 'folder', 'gateway.db');
  for (let times = 0; times < 2; times += 1) {
    const database = openDatabase(path);
    t.equal(pragma(database, 'journal_mode'), 'wal');
    t.equal(pragma(database, 'synchronous'), 2);
    t.equal(pragma(database, 'secure_delete'), 1);
    database.close();
  }
});

/** The modes of the three files of an open database. */
const modesOf = (path: string) => ['', '-wal', '-shm'].map((end) => statSync(`${path}${end}`).mode & 0o777);
const PRIVATE = [0o600, 0o600, 0o600];

t.test('only the own user may read the files of a database, whatever the umask is', async (t) => {
  const umask = process.umask(0);
  t.teardown(() => process.umask(umask));
  const path = join(t.testdir(), 'data', 'gateway.db');
  const database = openDatabase(path);
  t.strictSame(modesOf(path), PRIVATE);
  t.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
  database.close();
});

t.test('the files of an existing database become private, and those of another user are reported', async (t) => {
  const path = join(t.testdir(), 'gateway.db');
  const first = openDatabase(path);
  for (const end of ['', '-wal', '-shm']) chmodSync(`${path}${end}`, 0o644);
  const reported: unknown[] = [];
  const second = openDatabase(path, (files) => reported.push(files));
  t.strictSame([modesOf(path), reported], [PRIVATE, [[]]]);
  chmodSync(`${path}-wal`, 0o640);
  const refuse = () => {
    throw new Error('EPERM');
  };
  t.strictSame(makePrivate(path, refuse), [`${path}-wal`]);
  for (const database of [first, second]) database.close();
});

t.test('a path on a file system without folders is refused at once', async (t) => {
  t.throws(() => openDatabase('/proc/nowhere/deep/gateway.db'), { name: 'UnusableDatabase', message: /ENOENT/ });
});

t.test('a folder at the path of the file is reported', async (t) => {
  t.throws(() => openDatabase(t.testdir()), { name: 'UnusableDatabase', message: /; is it a file, in a folder/ });
});

t.test("another program's database is refused and left as it was", async (t) => {
  const path = join(t.testdir(), 'other.db');
  const other = new DatabaseSync(path);
  other.exec('CREATE TABLE notes (text TEXT)');
  other.close();
  t.throws(() => openDatabase(path), { name: 'UnusableDatabase', message: /belongs to another program/ });
  const again = new DatabaseSync(path);
  t.strictSame(
    again
      .prepare('SELECT name FROM sqlite_schema')
      .all()
      .map((row) => row.name),
    ['notes'],
  );
  again.close();
});

t.test('a file that is no database is refused', async (t) => {
  const path = join(
    t.testdir({ 'gateway.db': 'this is a text, and long enough to be read as a header of sorts'.repeat(20) }),
    'gateway.db',
  );
  t.throws(() => openDatabase(path), UnusableDatabase);
});

t.test('a file with damaged pages is refused', async (t) => {
  const path = join(t.testdir(), 'gateway.db');
  const database = openDatabase(path);
  database.exec(
    'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) INSERT INTO leads (lead) SELECT zeroblob(500) FROM n',
  );
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  database.close();
  t.notOk(existsSync(`${path}-wal`));
  writeFileSync(path, Buffer.alloc(4096 * 4, 0x5a), { flag: 'r+', flush: true });
  t.throws(() => openDatabase(path), UnusableDatabase);
});

t.test('a file of a newer version is refused', async (t) => {
  const path = join(t.testdir(), 'gateway.db');
  const database = openDatabase(path);
  database.exec('PRAGMA user_version = 999');
  database.close();
  t.throws(() => openDatabase(path), { message: /newer version/ });
});

t.test('a write-ahead log without its database file is refused and left as it was', async (t) => {
  const path = join(t.testdir(), 'gateway.db');
  const gone = openDatabase(path);
  gone.exec("INSERT INTO leads (lead) VALUES (x'01')");
  renameSync(path, `${path}.moved`);
  const log = readFileSync(`${path}-wal`);
  t.throws(() => openDatabase(path), {
    name: 'UnusableDatabase',
    message: /is missing or empty, and .*-wal holds commits/,
  });
  t.notOk(existsSync(path), 'no new one is made');
  // As a process ends that is killed, or stopped while the file is gone.
  gone.close();
  writeFileSync(path, '');
  t.throws(() => openDatabase(path), { message: /is missing or empty/ });
  t.strictSame(readFileSync(`${path}-wal`), log);
  renameSync(`${path}.moved`, path);
  const back = openDatabase(path);
  t.match(back.prepare('SELECT lead FROM leads').all(), [{ lead: Uint8Array.of(1) }]);
  back.close();
});

t.test('leads of an earlier schema are found, claimed and erased under this one', async (t) => {
  const path = join(t.testdir(), 'gateway.db');
  const content = lead();
  const phoneHash = hashing.phone(content.phone.e164);
  const { key, data } = createVault([dataKey]).seal('any', content, 'former');
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  migrate(database, 2);
  database.exec(`
    INSERT INTO conversations (id, site, provider, status, created_at, updated_at, next_at)
      VALUES ('cnv_due', 'demo', 'default', 'queued', 1000, 1000, 2000);
    INSERT INTO conversations (id, site, provider, status, attempts, created_at, updated_at)
      VALUES ('cnv_done', 'demo', 'default', 'delivered', 1, 1000, 1500)`);
  const keep = database.prepare('INSERT INTO leads (seq, phone_hash, lead_key, lead) VALUES (?, ?, ?, ?)');
  for (const seq of [1, 2]) keep.run(seq, phoneHash, key, data);
  const consented = createVault([dataKey]).seal('any', lead({ consent: { version: '1' } }), 'former');
  database.exec(`
    INSERT INTO conversations (id, site, provider, status, cause, created_at, updated_at)
      VALUES ('cnv_consent', 'b', 'default', 'parked', 'refused', 500, 600)`);
  keep.run(3, Buffer.alloc(16), consented.key, consented.data);
  const cap: Cap = { kind: 'phone', key: hashing.phoneCap('demo', phoneHash), max: 2 };
  const { request } = newLead();
  const other = hashing.phone('+447700900123');
  database
    .prepare('INSERT INTO requests (key, fingerprint, conversation_id, expires_at, phone_hash) VALUES (?, ?, ?, ?, ?)')
    .run(request.key, request.fingerprint, 'cnv_done', 9_000, phoneHash);
  database
    .prepare('INSERT INTO counters VALUES (0, ?, 2, ?), (0, ?, 7, NULL)')
    .run(cap.key, phoneHash, Buffer.alloc(16));
  database.prepare('INSERT INTO suppressions VALUES (?, 500)').run(other);
  database.close();

  const outbox = createSqliteOutbox(path, OPTIONS);
  t.teardown(() => outbox.close());
  t.match(await outbox.find('cnv_done'), { status: 'delivered', attempts: 1, createdAt: 1_000 });
  t.equal(await outbox.count({ phoneHash }), 2);
  t.match((await outbox.stats()).byStatus, { queued: 1, delivered: 1, parked: 1 });
  t.equal(await outbox.countConsents({}), 1, 'each lead is read');
  t.equal(await outbox.flagConsents(), undefined);
  t.equal(await outbox.countConsents({}), 1, 'its consent is noted');
  t.match(await outbox.consents({}, { limit: 9 }), { items: [{ id: 'cnv_consent', version: '1' }] });
  t.match(await outbox.lookup(request, 2_000), { kind: 'known', conversation: { id: 'cnv_done' } });
  t.equal(await outbox.counted(Buffer.alloc(16), 2_000), 7);
  t.match(await outbox.accept(newLead({ caps: [cap] }), 2_000), { conversation: { status: 'held' } });
  t.strictSame((await outbox.suppressions({ limit: 9 })).items, [{ phoneHash: other, createdAt: 500 }]);
  const claims = await outbox.claim({ providers: ['default'], limit: 10, now: 3_000 });
  t.match(claims, [{ lease: { id: 'cnv_due', fence: 1 }, lead: content }]);
  const audit = { at: 4_000, actor: 'ann', action: 'erase', count: 0, detail: '' } as const;
  t.equal(await outbox.erase(phoneHash, { now: 4_000, audit }), 3);
  t.equal(await outbox.count({ phoneHash }), 0);
  t.equal(await outbox.lookup(request, 4_000), undefined);
});

let now = 0;
async function running(t: Test): Promise<{ path: string; outbox: Outbox }> {
  const path = join(t.testdir(), 'gateway.db');
  const outbox = createSqliteOutbox(path, {
    ...OPTIONS,
    vault: createVault([]),
    owner: 'me',
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
