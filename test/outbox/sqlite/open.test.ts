import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t from 'tap';
import { UnusableDatabase } from '../../../src/outbox/ports/storage-errors.ts';
import { openDatabase, pragma } from '../../../src/outbox/sqlite/open.ts';

t.test('durability is set at every open, also for a file that is there', async (t) => {
  const path = join(t.testdir(), 'deep', 'folder', 'gateway.db');
  for (let times = 0; times < 2; times += 1) {
    const database = openDatabase(path);
    t.equal(pragma(database, 'journal_mode'), 'wal');
    t.equal(pragma(database, 'synchronous'), 2);
    t.equal(pragma(database, 'secure_delete'), 1);
    database.close();
  }
});

t.test('a place that takes no folders is refused at once', async (t) => {
  t.throws(() => openDatabase('/proc/nowhere/deep/gateway.db'), { name: 'UnusableDatabase', message: /ENOENT/ });
});

t.test('a folder in the place of the file is told of', async (t) => {
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

t.test('a log whose file is missing or empty is refused and left as it was', async (t) => {
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
