import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import pg from 'pg';
import { createTallies } from '../src/admin/events.ts';
import { createSiteReporter, readSiteNews } from '../src/admin/site-news.ts';
import type { Outbox } from '../src/domain/ports/outbox.ts';
import { learn, type Rhythm, suspectFrom } from '../src/domain/site-rhythm.ts';
import { HOUR_MS, hourOf } from '../src/lib/clock.ts';
import { createPostgresOutbox } from '../src/store/postgres/outbox.ts';
import { createSqliteOutbox } from '../src/store/sqlite/outbox.ts';
import { manualClock } from '../test/support/clock.ts';
import { OPTIONS } from '../test/support/outbox.ts';
import { startServer, urlOf } from '../test/support/postgres-server.ts';

/**
 * What sites that may fall silent cost a process: the minute in which each of them sent a lead is written, the hour is learnt, and the
 * news is read while every tenth site has fallen silent. Each is measured by its CPU time, the longest stall of the event loop
 * (CPU time of the main thread between two turns) and the heap.
 *
 *   npm run bench:silent [-- COUNT …]
 */
const given = process.argv.slice(2).map(Number);
const COUNTS = given.length > 0 ? given : [20_000, 100_000];
const WEEK_H = 168;
const START = Date.UTC(2026, 10, 28, 12, 10);
const SITE = { country: 'US', origins: '*' as const };

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');
const folder = mkdtempSync(join(tmpdir(), 'gateway-silent-'));
const server = await startServer();
try {
  console.log('store | sites | step | CPU ms | longest stall ms | took ms | heap MiB');
  for (const kind of ['sqlite', 'postgres'] as const) for (const count of COUNTS) await measure(kind, count);
} finally {
  await server.end();
  rmSync(folder, { recursive: true });
}

async function measure(kind: 'sqlite' | 'postgres', count: number): Promise<void> {
  const store = await filled(kind, count);
  const clock = manualClock(START);
  const tallies = createTallies();
  const reporter = createSiteReporter({ store, tallies, site: async () => SITE, clock });
  reporter.start();
  // What filling the store has left is no part of the measurement.
  collectGarbage();
  const step = async (name: string, run: () => Promise<unknown>): Promise<void> => {
    const { cpuMs, stallMs, tookMs } = await watched(run);
    const heap = process.memoryUsage().heapUsed / 2 ** 20;
    console.log([kind, count, name, cpuMs.toFixed(), stallMs.toFixed(1), tookMs.toFixed(), heap.toFixed()].join(' | '));
  };
  for (let n = 0; n < count; n += 1) tallies.siteHours.add({ site: nameOf(n), hour: hourOf(START), count: 1 });
  await step('write a minute', async () => {
    await clock.advance(60_000);
    await reporter.stop();
  });
  await step('learn an hour', async () => {
    while ((await store.learnSiteHours(hourOf(START) + 1, 0)) > 0) await turn();
  });
  await step('read the news', () => readSiteNews(store, () => SITE, START + HOUR_MS));
  await store.close();
}

/** Runs something while turns of the event loop are measured. */
async function watched(run: () => Promise<unknown>) {
  const before = process.cpuUsage();
  const startedAt = performance.now();
  let stallMs = 0;
  let last = process.threadCpuUsage();
  const look = (): void => {
    const { user, system } = process.threadCpuUsage(last);
    last = process.threadCpuUsage();
    stallMs = Math.max(stallMs, (user + system) / 1_000);
  };
  let done = false;
  const looking = (async () => {
    while (!done) {
      await turn();
      look();
    }
  })();
  await run();
  done = true;
  await looking;
  const { user, system } = process.cpuUsage(before);
  return { cpuMs: (user + system) / 1_000, stallMs, tookMs: performance.now() - startedAt };
}

/** A store with the rhythms of sites that have sent leads in some 60 hours of the week for five weeks. Every tenth fell silent. */
async function filled(kind: 'sqlite' | 'postgres', count: number): Promise<Outbox> {
  const now = hourOf(START);
  let usual: Rhythm | undefined;
  for (let hour = now - 5 * WEEK_H; hour < now; hour += 1) if (hour % 24 < 9) usual = learn(usual, hour, 4);
  const well = usual as Rhythm;
  const silent: Rhythm = { ...well, last: now - 60 };
  const rows = Array.from({ length: count }, (_, n) => {
    const rhythm = n % 10 === 0 ? silent : well;
    return [nameOf(n), JSON.stringify(rhythm), rhythm.last, suspectFrom(rhythm) ?? null] as const;
  });
  if (kind === 'sqlite') {
    const path = join(folder, `${count}.db`);
    const store = createSqliteOutbox(path, OPTIONS);
    const database = new DatabaseSync(path);
    const put = database.prepare('INSERT INTO rhythms (site, state, last_hour, suspect_from) VALUES (?, ?, ?, ?)');
    database.exec('BEGIN');
    for (const row of rows) put.run(...row);
    database.exec('COMMIT');
    database.close();
    return store;
  }
  const address = await server.database();
  const store = await createPostgresOutbox(address, { ...OPTIONS, poolMax: 4 });
  const client = new pg.Client({ connectionString: urlOf(address) });
  await client.connect();
  for (let n = 0; n < rows.length; n += 1_000) {
    const some = rows.slice(n, n + 1_000);
    await client.query(
      'INSERT INTO rhythms (site, state, last_hour, suspect_from) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])',
      [0, 1, 2, 3].map((column) => some.map((row) => row[column])),
    );
  }
  await client.end();
  return store;
}

function nameOf(n: number): string {
  return `site-${n}`;
}
