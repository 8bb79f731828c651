import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { openDatabase } from '../../../src/outbox/sqlite/open.ts';
import { EMPTY_LOG_WITHIN_MS, emptyLog } from '../../../src/outbox/sqlite/privacy.ts';

/** A database with something in its log, and a reader that keeps it there. */
function read(t: Test) {
  const path = join(t.testdir(), 'gateway.db');
  const database = openDatabase(path);
  const reader = new DatabaseSync(path);
  t.teardown(() => {
    reader.close();
    database.close();
  });
  reader.exec('BEGIN; SELECT count(*) FROM conversations');
  database.exec("INSERT INTO audit (at, actor, action, count, detail) VALUES (0, 'a', 'erase', 1, 'b')");
  const logSize = () => statSync(`${path}-wal`).size;
  return { database, reader, logSize };
}

t.test('a log that somebody reads is emptied as soon as the reader is done', async (t) => {
  const { database, reader, logSize } = read(t);
  let looks = 0;
  await emptyLog(database, (resume) => {
    looks += 1;
    t.ok(logSize() > 0);
    if (looks === 3) reader.exec('COMMIT');
    resume();
  });
  t.equal(looks, 3);
  t.equal(logSize(), 0);
});

t.test('a reader that never ends is reported after a minute, and the next try succeeds without it', async (t) => {
  const { database, reader, logSize } = read(t);
  let waited = 0;
  const wait = (resume: () => void, ms: number) => {
    waited += ms;
    resume();
  };
  await t.rejects(emptyLog(database, wait), {
    name: 'StorageUnavailable',
    message: /so its write-ahead log cannot be emptied/,
  });
  t.equal(waited, EMPTY_LOG_WITHIN_MS);
  reader.exec('COMMIT');
  await emptyLog(database, wait);
  t.equal(logSize(), 0);
});
