import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import type { Outbox } from '../src/domain/ports/outbox.ts';
import { createPool } from '../src/store/postgres/connection.ts';
import { createDatabase } from '../src/store/postgres/database.ts';
import { MIGRATIONS } from '../src/store/postgres/migrations.ts';
import { migrate as migratePostgres } from '../src/store/postgres/open.ts';
import { createPostgresOutbox } from '../src/store/postgres/outbox.ts';
import { APPLICATION_ID, migrate as migrateSqlite } from '../src/store/sqlite/open.ts';
import { createSqliteOutbox } from '../src/store/sqlite/outbox.ts';
import { OPTIONS } from '../test/support/outbox.ts';
import { startServer } from '../test/support/postgres-server.ts';
import { FIRST_RELEASE, fillPostgres, fillSqlite } from './million/fill.ts';
import { OPERATIONS } from './million/operations.ts';
import { measurePages } from './million/pages.ts';

/**
 * Measures, in a store with a million leads of the first release, how long the update takes, and for each operation how long it
 * takes and for how long at most it stops the event loop.
 *
 *   npm run bench:million [-- LEADS sqlite|postgres]
 */
const leads = Number(process.argv[2] ?? 1_000_000);
const only = process.argv[3];

if (only !== 'postgres') await measureSqlite();
if (only !== 'sqlite') await measurePostgres();

async function measureSqlite(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
  try {
    const path = join(folder, 'gateway.db');
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF`);
    migrateSqlite(database, FIRST_RELEASE.sqlite);
    fillSqlite(database, leads);
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    const begun = performance.now();
    const outbox = createSqliteOutbox(path, OPTIONS);
    console.log(`SQLite, ${leads} leads: the start that updates the schema took ${seconds(begun)} s`);
    await outbox.close();
    const again = performance.now();
    const reopened = createSqliteOutbox(path, OPTIONS);
    console.log(`the next start took ${seconds(again)} s\n`);
    await measurePages(reopened);
    await measureOperations(reopened);
    await reopened.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measurePostgres(): Promise<void> {
  const server = await startServer();
  try {
    const address = await server.database();
    const database = createDatabase(createPool(address, 2));
    await migratePostgres(database, MIGRATIONS.slice(0, FIRST_RELEASE.postgres));
    await database.close();
    const filler = new pg.Client(address);
    await filler.connect();
    await fillPostgres((text) => filler.query(text), leads);
    const waits = writeAllTheTime(filler);
    const begun = performance.now();
    const outbox = await createPostgresOutbox(address, { ...OPTIONS, poolMax: 4 });
    const took = seconds(begun);
    const longest = await waits.stop();
    console.log(`Postgres, ${leads} leads: the start that updates the schema took ${took} s`);
    console.log(`the longest wait of a write of another replica meanwhile: ${longest.toFixed(0)} ms\n`);
    await filler.end();
    await measurePages(outbox);
    await measureOperations(outbox);
    await outbox.close();
  } finally {
    await server.end();
  }
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1_000).toFixed(1);
}

async function measureOperations(outbox: Outbox): Promise<void> {
  console.log(['operation', 'took, ms', 'longest stop of the event loop, ms'].map((text) => text.padEnd(58)).join(''));
  for (const [name, run] of Object.entries(OPERATIONS)) {
    const stall = watchEventLoop();
    const begun = performance.now();
    await run(outbox);
    const took = performance.now() - begun;
    const longest = await stall.stop();
    console.log(
      [name, took.toFixed(1), longest.toFixed(1)]
        .map((text) => text.padEnd(58))
        .join('')
        .trimEnd(),
    );
  }
}

/** Measures the longest time between two turns of the event loop. */
function watchEventLoop(): { stop(): Promise<number> } {
  let running = true;
  let longest = 0;
  const watching = (async () => {
    let last = performance.now();
    while (running) {
      await new Promise<void>((resume) => setImmediate(resume));
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
  })();
  return {
    async stop() {
      running = false;
      await watching;
      return longest;
    },
  };
}

/** Changes a lead again and again, as another replica does, and measures how long a change takes at most. */
function writeAllTheTime(client: pg.Client): { stop(): Promise<number> } {
  let running = true;
  let longest = 0;
  const writing = (async () => {
    while (running) {
      const begun = performance.now();
      await client.query('UPDATE conversations SET updated_at = updated_at + 1 WHERE seq = 1');
      longest = Math.max(longest, performance.now() - begun);
      await new Promise<void>((resume) => setTimeout(resume, 5));
    }
  })();
  return {
    async stop() {
      running = false;
      await writing;
      return longest;
    },
  };
}
