import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startServer } from '../test/support/postgres-server.ts';
import { cpuMs, median, start } from './child.ts';
import { changeUnderLoad } from './sites/changes.ts';
import { contentOf, siteOf } from './sites/entries.ts';
import { originOf, siteKeyOf } from './sites/names.ts';
import { fillStore, KINDS, type Kind, type Program, startProgram } from './sites/program.ts';

/**
 * What sites in the store cost: the start, the memory, the first lead of a site, a change, and an import, with few and many sites
 * in both stores; and what a file of many sites costs. The program is the real one, in a process of its own.
 *
 *   npm run bench:sites [-- COUNT …]
 *   npm run bench:sites -- --changes SECONDS [--rate LEADS] [--heap MIB] [--store sqlite|postgres] [COUNT …]
 *   npm run bench:sites -- --bulk [COUNT …]
 *   npm run bench:sites -- --file [COUNT …]
 *
 * `--changes` sends leads at a fixed rate while a site changes every second; `--heap` is the most that the heap may take.
 * `--bulk` imports, exports and lists all sites.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    changes: { type: 'string' },
    rate: { type: 'string', default: '100' },
    heap: { type: 'string' },
    store: { type: 'string' },
    bulk: { type: 'boolean' },
    file: { type: 'boolean' },
  },
});
const counts = positionals.map(Number);
const kinds = KINDS.filter((kind) => values.store === undefined || values.store === kind);
const LEADS = 200;
const CHANGES = 50;

const folder = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
const upstream = await start('bench/upstream.ts', {}, join(folder, 'upstream.log'));
const server = await startServer();
const empty = join(folder, 'config.json');
writeFileSync(empty, '{}');
try {
  if (values.changes !== undefined) await measureChanges(Number(values.changes));
  else if (values.bulk) await measureBulk();
  else if (values.file) for (const count of or([20_000])) await measureReload(count);
  else {
    console.log(
      'store | sites | start ms (CPU) | idle MiB | warm lead ms | cold lead ms | other process, ms | stalls ms: leads, change, import',
    );
    for (const kind of kinds) for (const count of or([10, 20_000, 100_000])) await measure(kind, count);
  }
} finally {
  upstream.stop();
  await server.end();
  rmSync(folder, { recursive: true });
}

function or(usual: readonly number[]): readonly number[] {
  return counts.length > 0 ? counts : usual;
}

async function run(database: string, config = empty): Promise<Program> {
  const flags = values.heap === undefined ? [] : [`--max-old-space-size=${values.heap}`];
  return startProgram({ database, config, upstream: upstream.url, flags });
}

async function measureChanges(seconds: number): Promise<void> {
  for (const kind of kinds) {
    for (const sites of or([100_000])) {
      const { url, store } = await fillStore(kind, sites, folder, server);
      await store.close();
      const program = await run(url);
      const figures = await changeUnderLoad(program, { seconds, rate: Number(values.rate), sites });
      console.log(`${kind}, ${sites} sites, ${seconds} s at ${values.rate} leads a second\n  ${figures}`);
      program.child.kill('SIGKILL');
    }
  }
}

/** Import, export and lists over the admin API, as the console and scripts use it. */
async function measureBulk(): Promise<void> {
  for (const kind of kinds) {
    for (const count of or([100_000])) {
      const { url, store } = await fillStore(kind, 0, folder, server);
      await store.close();
      const program = await run(url);
      await pause(1_000);
      const idle = program.memory();
      await program.stall();
      const lines = Array.from({ length: count }, (_, n) =>
        JSON.stringify({ kind: 'site', key: siteKeyOf(n), content: contentOf(n, `Site ${n}`) }),
      );
      const part = 10_000;
      const [importMs, importCpu] = await timed(program, async () => {
        for (let n = 0; n < count; n += part)
          await program.admin(
            'POST',
            '/sites.jsonl',
            `${lines.slice(n, n + part).join('\n')}\n`,
            'application/x-ndjson',
          );
      });
      const stall = await program.stall();
      let exported = '';
      const [exportMs, exportCpu] = await timed(program, async () => {
        exported = await program.admin('GET', '/sites.jsonl');
      });
      const pages: number[] = [];
      for (let next: string | undefined, more = true; more; ) {
        const before = performance.now();
        const after = next === undefined ? '' : `&after=${encodeURIComponent(next)}`;
        const page = JSON.parse(await program.admin('GET', `/sites?limit=200${after}`)) as { next?: string };
        pages.push(performance.now() - before);
        next = page.next;
        more = next !== undefined;
      }
      const [searchMs] = await timed(program, () => program.admin('GET', `/sites?search=site-0999&limit=50`));
      const [againMs] = await timed(program, async () => {
        for (let n = 0; n < count; n += part)
          await program.admin(
            'POST',
            '/sites.jsonl',
            `${lines.slice(n, n + part).join('\n')}\n`,
            'application/x-ndjson',
          );
      });
      console.log(
        `${kind}, ${count} sites: import ${importMs} ms (CPU ${importCpu}), longest stall ${stall.toFixed(1)} ms; again, unchanged ${againMs} ms; ` +
          `export ${exportMs} ms (CPU ${exportCpu}), ${exported === `${lines.join('\n')}\n` ? 'the same bytes' : 'OTHER BYTES'}; ` +
          `${pages.length} pages of 200, median ${median(pages).toFixed(1)} ms, longest ${Math.max(...pages).toFixed(1)} ms; search ${searchMs} ms; ` +
          `stall of all these ${(await program.stall()).toFixed(1)} ms; MiB ${idle.toFixed()} before, ${program.memory().toFixed()} after, ${program.memory('highest').toFixed()} at most`,
      );
      program.child.kill('SIGKILL');
    }
  }
}

async function timed(program: Program, work: () => Promise<unknown>): Promise<[ms: string, cpu: string]> {
  const [began, cpu] = [performance.now(), cpuMs(program.pid)];
  await work();
  return [(performance.now() - began).toFixed(), (cpuMs(program.pid) - cpu).toFixed()];
}

async function measure(kind: Kind, count: number): Promise<void> {
  const { url, store } = await fillStore(kind, count, folder, server);
  const program = await run(url);
  await pause(3_000);
  const idle = program.memory();
  await program.stall();

  const chosen = Array.from({ length: Math.min(LEADS, count) }, (_, n) =>
    Math.floor((n * count) / Math.min(LEADS, count)),
  );
  // The code is warm before the first cold site is measured.
  for (let n = 0; n < 300; n += 1) await lead(program, 0, n);
  const cold: number[] = [];
  const warm: number[] = [];
  for (const [n, site] of chosen.slice(1).entries()) {
    cold.push(await lead(program, site, 1_000 + 2 * n));
    warm.push(await lead(program, site, 1_001 + 2 * n));
  }
  const stalls = [await program.stall()];

  for (let n = 0; n < CHANGES; n += 1)
    await program.admin('PUT', `/sites/${siteKeyOf(n % count)}`, JSON.stringify(contentOf(n, `changed ${n}`)));
  stalls.push(await program.stall());

  const spread: number[] = [];
  for (let n = 0; n < 7; n += 1) {
    // The poll of a process is at a different moment each time.
    await pause(137 * n);
    const seen = program.changes();
    const before = performance.now();
    await store.putEntries([siteOf(count + n)], { actor: 'bench', at: Date.now() });
    while (program.changes() === seen) await pause(2);
    spread.push(performance.now() - before);
  }

  const lines = Array.from({ length: 2_000 }, (_, n) =>
    JSON.stringify({ key: `import-${n}`, content: contentOf(n, `Import ${n}`) }),
  );
  await program.stall();
  await program.admin('POST', '/sites.jsonl', lines.join('\n'), 'application/x-ndjson');
  stalls.push(await program.stall());
  console.log(
    [
      kind,
      count,
      `${program.startMs.toFixed()} (${program.startCpuMs.toFixed()})`,
      idle.toFixed(0),
      median(warm).toFixed(2),
      median(cold).toFixed(2),
      `${median(spread).toFixed(0)} (longest ${Math.max(...spread).toFixed(0)})`,
      stalls.map((ms) => ms.toFixed(1)).join(', '),
    ].join(' | '),
  );
  program.child.kill('SIGKILL');
  await store.close();
}

/** Sends a lead of a site, and gives the milliseconds until its answer. */
async function lead({ url }: Program, site: number, n: number): Promise<number> {
  const before = performance.now();
  const phone = `+1404555${String(n % 10_000).padStart(4, '0')}`;
  const answer = await fetch(`${url}conversations`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: originOf(site) },
    body: JSON.stringify({ site: siteKeyOf(site), advertiserId: '1659', consumer: { phone } }),
  });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
  await answer.text();
  return performance.now() - before;
}

/** The longest stall while a file of many sites is read anew, each time with one changed site, and the memory after it. */
async function measureReload(count: number): Promise<void> {
  const file = join(folder, 'large.json');
  const write = (changed: number): void => {
    const sites = Array.from({ length: count }, (_, n) => [
      siteKeyOf(n),
      contentOf(n, n === changed ? 'changed' : `Site ${n}`),
    ]);
    writeFileSync(file, JSON.stringify({ sites: Object.fromEntries(sites) }));
  };
  write(-1);
  const program = await run(`sqlite:${join(folder, `reload-${count}.db`)}`, file);
  await pause(3_000);
  await program.stall();
  const memory = [program.memory()];
  const stalls: number[] = [];
  const cpu: number[] = [];
  for (let n = 0; n < 3; n += 1) {
    const before = cpuMs(program.pid);
    write(n);
    await program.replaced(n + 1);
    stalls.push(await program.stall());
    cpu.push(cpuMs(program.pid) - before);
    memory.push(program.memory());
  }
  console.log(
    `a file of ${count} sites, ${(statSync(file).size / 2 ** 20).toFixed(1)} MiB: start ${program.startMs.toFixed()} ms (CPU ${program.startCpuMs.toFixed()}); ` +
      `stalls at reloads ${stalls.map((ms) => ms.toFixed(1)).join(', ')} ms, CPU ${cpu.map((ms) => ms.toFixed()).join(', ')} ms; MiB ${memory.map((mib) => mib.toFixed()).join(', ')}`,
  );
  program.child.kill('SIGKILL');
}
