import { closeSync, copyFileSync, openSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { UnusableDatabase } from '../../src/domain/ports/outbox.ts';
import { openDatabase } from '../../src/store/sqlite/open.ts';
import { leadOf, NO_LIMITS, send } from '../support/caller.ts';
import { withDatabase } from '../support/database.ts';
import { refusedStart, startGateway } from '../support/gateway.ts';
import { mountSmallDisk } from '../support/small-disk.ts';

const original = join(t.testdir(), 'gateway.db');
const gateway = await startGateway(t, { ...NO_LIMITS, DATABASE_URL: `sqlite:${original}` });
for (let n = 0; n < 10; n += 1) await send(gateway.url, leadOf(n, { listing: 'x'.repeat(2_000) }));
await gateway.end('SIGTERM');

/** A copy of a database that the program wrote, with a few leads. The program put everything into one file when it ended. */
function usedDatabase(folder: string): string {
  const database = join(folder, 'gateway.db');
  copyFileSync(original, database);
  return database;
}

async function refuses(t: Test, database: string, reason: RegExp, changes: Record<string, string> = {}): Promise<void> {
  const { code, stderr, stdout } = await refusedStart(t, { DATABASE_URL: `sqlite:${database}`, ...changes });
  t.equal(code, 1);
  t.match(stderr, /^The gateway could not start: .*\n$/, 'stderr holds one line for a person');
  t.ok(stderr.includes(database), 'it names the file');
  t.match(stderr, reason);
  t.match(JSON.parse(stdout), { level: 'fatal', event: 'start_failed' }, 'stdout holds one log line');
}

/** As `refuses`, without a start: the program writes the error's message, as the tests of a start show. */
function cannotBeOpened(t: Test, database: string, reason: RegExp): void {
  try {
    openDatabase(database).close();
    t.fail('it was opened');
  } catch (error) {
    t.type(error, UnusableDatabase);
    const { message } = error as Error;
    t.notMatch(message, /\n/, 'the message has one line');
    t.ok(message.includes(database), 'it names the file');
    t.match(message, reason);
  }
}

t.test('a damaged file is refused at start', async (t) => {
  const database = usedDatabase(t.testdir());
  const file = openSync(database, 'r+');
  const middle = Math.floor(statSync(database).size / 2);
  writeSync(file, Buffer.alloc(8_192, 0xff), 0, 8_192, middle);
  closeSync(file);
  await refuses(t, database, /damaged|malformed/);
});

t.test('a file that is not a database is refused', async (t) => {
  const database = join(t.testdir(), 'gateway.db');
  writeFileSync(database, 'Dear diary, '.repeat(1_000));
  cannotBeOpened(t, database, /not a database/);
});

t.test("another program's database is refused and not changed", async (t) => {
  const database = join(t.testdir(), 'gateway.db');
  withDatabase(database, (theirs) => theirs.exec('CREATE TABLE notes (text); INSERT INTO notes VALUES (1)'));
  cannotBeOpened(t, database, /another program/);
  const tables = withDatabase(database, (theirs) => theirs.prepare('SELECT name FROM sqlite_schema').all());
  t.match(tables, [{ name: 'notes' }]);
  t.equal(tables.length, 1);
});

t.test('a database of a newer version is refused', async (t) => {
  const database = usedDatabase(t.testdir());
  withDatabase(database, (ours) => ours.exec('PRAGMA user_version = 9999'));
  cannotBeOpened(t, database, /newer version/);
});

t.test('a database that cannot be written or created is refused', async (t) => {
  const disk = mountSmallDisk(t, 4_096);
  const database = usedDatabase(disk.folder);
  disk.makeReadOnly();
  cannotBeOpened(t, database, /unable to open/);
  cannotBeOpened(t, join(disk.folder, 'new.db'), /read-only file system/);
});

t.test('a database with another HASH_KEY is refused: suppressed numbers would be contacted', async (t) => {
  const database = usedDatabase(t.testdir());
  const HASH_KEY = Buffer.alloc(32, 'another key').toString('base64');
  await refuses(t, database, /HASH_KEY is not the one that its numbers are hashed with/, { HASH_KEY });
});
