import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import t, { type Test } from 'tap';
import { createBatchWriter } from '../../../src/store/sqlite/batch.ts';

function open(t: Test): { database: DatabaseSync; path: string; begun: () => number } {
  const path = join(t.testdir(), 'batch.db');
  const database = new DatabaseSync(path, { timeout: 0 });
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a INTEGER NOT NULL) STRICT');
  let begun = 0;
  const prepare = database.prepare.bind(database);
  database.prepare = (sql) => {
    const statement = prepare(sql);
    if (!sql.startsWith('BEGIN')) return statement;
    const run = statement.run.bind(statement);
    statement.run = () => {
      begun += 1;
      return run();
    };
    return statement;
  };
  t.teardown(() => database.close());
  return { database, path, begun: () => begun };
}

t.test('writes of one turn share one transaction', async (t) => {
  const { database, begun } = open(t);
  const writer = createBatchWriter(database, { check: () => undefined });
  const insert = database.prepare('INSERT INTO t VALUES (?) RETURNING a');
  const rows = await Promise.all([1, 2, 3].map((value) => writer.write(() => insert.get(value))));
  t.match(rows, [{ a: 1 }, { a: 2 }, { a: 3 }]);
  t.equal(begun(), 1);
});

t.test('a write that fails rejects alone', async (t) => {
  const { database } = open(t);
  const writer = createBatchWriter(database, { check: () => undefined });
  const insert = database.prepare('INSERT INTO t VALUES (?)');
  const results = await Promise.allSettled([1, null, 3].map((value) => writer.write(() => insert.run(value))));
  t.strictSame(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  t.match(results[1], { reason: { name: 'StorageUnavailable' } });
  t.strictSame(
    database
      .prepare('SELECT a FROM t')
      .all()
      .map((row) => row.a),
    [1, 3],
  );
});

t.test('a write of several statements that fails leaves none of them behind', async (t) => {
  const { database } = open(t);
  const writer = createBatchWriter(database, { check: () => undefined });
  const insert = database.prepare('INSERT INTO t VALUES (?)');
  const both = (one: number, other: number | null) => {
    insert.run(one);
    return Number(insert.run(other).changes);
  };
  const results = await Promise.allSettled(
    [both.bind(null, 1, 2), both.bind(null, 3, null), both.bind(null, 5, 6)].map((run) => writer.write(run)),
  );
  t.match(results, [{ value: 1 }, { reason: { name: 'StorageUnavailable' } }, { value: 1 }]);
  t.strictSame(
    database
      .prepare('SELECT a FROM t ORDER BY a')
      .all()
      .map((row) => row.a),
    [1, 2, 5, 6],
  );
});

t.test('no write runs on a file that is no longer the one that was opened', async (t) => {
  const { database, begun } = open(t);
  const check = () => {
    throw new Error('moved away');
  };
  const writer = createBatchWriter(database, { check });
  let ran = false;
  const write = writer.write(() => {
    ran = true;
  });
  await t.rejects(write, { name: 'StorageUnavailable', cause: { message: 'moved away' } });
  t.notOk(ran);
  t.equal(begun(), 0);
});

t.test('a lost transaction rejects the whole batch, and the next one works', async (t) => {
  const { database } = open(t);
  const writer = createBatchWriter(database, { check: () => undefined });
  const insert = database.prepare('INSERT INTO t VALUES (?)');
  const results = await Promise.allSettled([
    writer.write(() => insert.run(1)),
    writer.write(() => {
      // What SQLite does by itself when the disk is full.
      database.exec('ROLLBACK');
      throw new Error('database or disk is full');
    }),
    writer.write(() => insert.run(3)),
  ]);
  t.ok(results.every((result) => result.status === 'rejected' && result.reason.name === 'StorageUnavailable'));
  await writer.write(() => insert.run(4));
  t.strictSame(
    database
      .prepare('SELECT a FROM t')
      .all()
      .map((row) => row.a),
    [4],
  );
});

t.test("a batch waits for another process's lock, up to a limit", async (t) => {
  const { database, path } = open(t);
  let polls = 0;
  const other = new DatabaseSync(path, { timeout: 0 });
  t.teardown(() => other.close());
  const writer = createBatchWriter(database, {
    check: () => undefined,
    wait: (resume) => {
      polls += 1;
      if (polls === 3) other.exec('COMMIT');
      resume();
    },
  });
  const insert = database.prepare('INSERT INTO t VALUES (?)');
  other.exec('BEGIN IMMEDIATE');
  await writer.write(() => insert.run(1));
  t.equal(polls, 3);
  other.exec('BEGIN IMMEDIATE');
  await t.rejects(
    writer.write(() => insert.run(2)),
    { name: 'StorageUnavailable' },
  );
  other.exec('COMMIT');
  await writer.write(() => insert.run(3));
  t.strictSame(
    database
      .prepare('SELECT a FROM t')
      .all()
      .map((row) => row.a),
    [1, 3],
  );
});
