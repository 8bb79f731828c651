import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createCheckpointer, watchIdentity } from '../../../src/store/sqlite/database-file.ts';
import { APPLICATION_ID, openDatabase } from '../../../src/store/sqlite/open.ts';
import { emptyLog } from '../../../src/store/sqlite/privacy.ts';
import { nodeCommand } from '../../support/node-command.ts';

function opened(t: Test) {
  const path = join(t.testdir(), 'gateway.db');
  const database = openDatabase(path);
  // The tables that were just created.
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const identity = watchIdentity(path, APPLICATION_ID, () => performance.now());
  const checkpointer = createCheckpointer(path, identity, () => performance.now());
  t.teardown(async () => {
    await checkpointer.close();
    identity.close();
    database.close();
  });
  /** Writes so many pages into the log. */
  const write = (pages: number) =>
    database.exec(`INSERT INTO leads (lead) SELECT randomblob(${pages * 4_096}); UPDATE probe SET filler = x'01'`);
  /** Copies the whole log. A checkpoint that meets a lock of this connection copies nothing and is tried again. */
  const copyAll = async (): Promise<void> => {
    for (let n = 0; n < 20 && identity.uncopiedFrames() > 0; n += 1) await checkpointer.copy();
  };
  return { path, database, identity, checkpointer, write, copyAll };
}

t.test('another thread copies a log that has grown, while this one goes on writing', async (t) => {
  const { identity, checkpointer, write, copyAll } = opened(t);
  write(20);
  checkpointer.afterCommit();
  t.ok(identity.uncopiedFrames() >= 20, 'a small log stays as it is');
  await checkpointer.copy();
  t.ok(identity.uncopiedFrames() >= 20);
  write(4_100);
  await copyAll();
  t.equal(identity.uncopiedFrames(), 0);
  write(10);
  t.ok(identity.uncopiedFrames() <= 20, 'and the log begins anew');
  identity.check();
});

t.test('what the thread has copied is left out when the log is emptied', async (t) => {
  const { path, database, identity, write, copyAll } = opened(t);
  write(600);
  await copyAll();
  t.equal(identity.uncopiedFrames(), 0);
  t.ok(statSync(`${path}-wal`).size > 0);
  await emptyLog(database);
  t.equal(statSync(`${path}-wal`).size, 0);
});

t.test('checkpoints leave nothing behind that listens to the thread', async (t) => {
  const { write, copyAll } = opened(t);
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  t.teardown(() => process.off('warning', note));
  for (let n = 0; n < 12; n += 1) {
    write(60);
    await copyAll();
  }
  await new Promise((resolve) => setImmediate(resolve));
  t.strictSame(warnings, []);
});

t.test('closing twice, or without any checkpoint, is no error', async (t) => {
  const { checkpointer, write } = opened(t);
  await checkpointer.close();
  write(600);
  await checkpointer.copy();
  await checkpointer.close();
  await checkpointer.close();
});

t.test('a process that closes during a checkpoint, and does nothing else, waits for its end', async (t) => {
  const { path } = opened(t);
  const script = join(t.testdirName, 'close.mjs');
  const { href } = new URL('../../../src/store/sqlite/database-file.ts', import.meta.url);
  writeFileSync(
    script,
    `import { createCheckpointer } from ${JSON.stringify(href)};
     const checkpointer = createCheckpointer(${JSON.stringify(path)}, { uncopiedFrames: () => 4_000 }, () => 1_000);
     checkpointer.afterCommit();
     await checkpointer.close();
     console.log('closed');`,
  );
  t.equal(execFileSync(...nodeCommand(script), { encoding: 'utf8', stdio: 'pipe' }), 'closed\n');
});
