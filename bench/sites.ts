import { type ChildProcess, spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { checkEntry } from '../src/config/entries.ts';
import type { NewEntry } from '../src/domain/ports/entry-store.ts';
import type { Outbox } from '../src/domain/ports/outbox.ts';
import { createPostgresOutbox } from '../src/store/postgres/outbox.ts';
import { createSqliteOutbox } from '../src/store/sqlite/outbox.ts';
import { createVault } from '../src/store/vault.ts';
import { OPTIONS } from '../test/support/outbox.ts';
import { startServer, urlOf } from '../test/support/postgres-server.ts';
import { median, start } from './child.ts';

/**
 * What sites in the store cost: the start, the memory, the first lead of a site, a change, and an import, with few and many sites
 * in both stores. The program is the real one, in a process of its own.
 *
 *   npm run bench:sites [-- COUNT …]
 */
const counts = process.argv.slice(2).map(Number);
const COUNTS = counts.length > 0 ? counts : [10, 20_000, 100_000];
const LEADS = 200;
const CHANGES = 50;
const TOKEN = 'bench-token-of-thirty-two-letters';
const DATA_KEY = hash('sha256', 'bench data key', 'buffer');
const options = { ...OPTIONS, vault: createVault([DATA_KEY]) };
const CONTEXT = {
  production: false,
  isElsewhere: (kind: string) => kind === 'provider',
  accounts: new Set(['default']),
  keyOwners: new Map<string, string>(),
  privateHosts: new Set<string>(),
};

const folder = mkdtempSync(join(tmpdir(), 'gateway-bench-'));
const upstream = await start('bench/upstream.ts', {}, join(folder, 'upstream.log'));
const server = await startServer();
const config = join(folder, 'config.json');
writeFileSync(config, '{}');
try {
  console.log(
    'store | sites | start ms | idle MiB | warm lead ms | cold lead ms | other process, ms | stalls ms: leads, change, import',
  );
  for (const kind of ['sqlite', 'postgres'] as const) for (const count of COUNTS) await measure(kind, count);
  await measureReload(20_000);
} finally {
  upstream.stop();
  await server.end();
  rmSync(folder, { recursive: true });
}

async function measure(kind: 'sqlite' | 'postgres', count: number): Promise<void> {
  const { url, store } = await openStore(kind, `${kind}-${count}`);
  for (let n = 0; n < count; n += 500)
    await store.putEntries(
      Array.from({ length: Math.min(500, count - n) }, (_, k) => siteOf(n + k)),
      { actor: 'bench', at: Date.now() },
    );
  const gateway = await startProgram(url);
  const startMs = gateway.startMs;
  await pause(3_000);
  const idle = rssMiB(gateway.pid);
  await gateway.stall();

  const chosen = Array.from({ length: Math.min(LEADS, count) }, (_, n) =>
    Math.floor((n * count) / Math.min(LEADS, count)),
  );
  const lead = async (site: number, n: number): Promise<number> => {
    const before = performance.now();
    const answer = await fetch(`${gateway.url}conversations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: originOf(site) },
      body: JSON.stringify({ site: keyOf(site), advertiserId: '1659', consumer: { phone: phoneOf(n) } }),
    });
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
    await answer.text();
    return performance.now() - before;
  };
  // The code is warm before the first cold site is measured.
  for (let n = 0; n < 300; n += 1) await lead(0, n);
  const cold: number[] = [];
  const warm: number[] = [];
  for (const [n, site] of chosen.slice(1).entries()) {
    cold.push(await lead(site, 1_000 + 2 * n));
    warm.push(await lead(site, 1_001 + 2 * n));
  }
  const stallOfLeads = await gateway.stall();

  for (let n = 0; n < CHANGES; n += 1)
    await gateway.admin('PUT', `/sites/${keyOf(n % count)}`, JSON.stringify(contentOf(n, `changed ${n}`)));
  const stallOfChange = await gateway.stall();

  const spread: number[] = [];
  for (let n = 0; n < 7; n += 1) {
    // The poll of a process is at a different moment each time.
    await pause(137 * n);
    const seen = gateway.changes();
    const before = performance.now();
    await store.putEntries([siteOf(count + n)], { actor: 'bench', at: Date.now() });
    while (gateway.changes() === seen) await pause(2);
    spread.push(performance.now() - before);
  }

  const lines = Array.from({ length: 2_000 }, (_, n) =>
    JSON.stringify({ key: `import-${n}`, content: contentOf(n, `Import ${n}`) }),
  );
  await gateway.stall();
  await gateway.admin('POST', '/sites.jsonl', lines.join('\n'), 'application/x-ndjson');
  const stallOfImport = await gateway.stall();
  console.log(
    [
      kind,
      count,
      startMs.toFixed(0),
      idle.toFixed(0),
      median(warm).toFixed(2),
      median(cold).toFixed(2),
      `${median(spread).toFixed(0)} (longest ${Math.max(...spread).toFixed(0)})`,
      [stallOfLeads, stallOfChange, stallOfImport].join(', '),
    ].join(' | '),
  );
  gateway.child.kill('SIGKILL');
  await store.close();
}

/** The longest stall while a file of many sites is read anew, each time with one changed site. */
async function measureReload(count: number): Promise<void> {
  const file = join(folder, 'large.json');
  const write = (changed: number): void => {
    const sites = Array.from({ length: count }, (_, n) => [
      keyOf(n),
      contentOf(n, n === changed ? 'changed' : `Site ${n}`),
    ]);
    writeFileSync(file, JSON.stringify({ sites: Object.fromEntries(sites) }));
  };
  write(-1);
  const gateway = await startProgram(`sqlite:${join(folder, 'reload.db')}`, file);
  await pause(3_000);
  await gateway.stall();
  const stalls: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    write(n);
    await gateway.replaced(n + 1);
    stalls.push(await gateway.stall());
  }
  const idle = rssMiB(gateway.pid).toFixed(0);
  console.log(
    `a file of ${count} sites: start ${gateway.startMs.toFixed(0)} ms; stalls at reloads ${stalls.join(', ')} ms; ${idle} MiB after them`,
  );
  gateway.child.kill('SIGKILL');
}

async function openStore(kind: 'sqlite' | 'postgres', name: string): Promise<{ url: string; store: Outbox }> {
  if (kind === 'sqlite') {
    const path = join(folder, `${name}.db`);
    return { url: `sqlite:${path}`, store: createSqliteOutbox(path, options) };
  }
  const address = await server.database();
  const store = await createPostgresOutbox(address, { ...options, poolMax: 4 });
  return { url: urlOf(address), store };
}

type Program = {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
  readonly startMs: number;
  /** Resolves when the settings were replaced so often. */
  replaced(times: number): Promise<void>;
  /** How often it has noticed changes of entries. */
  changes(): number;
  /** The longest stall since the last call, in milliseconds. */
  stall(): Promise<string>;
  admin(method: string, path: string, body: string, type?: string): Promise<void>;
};

async function startProgram(database: string, file = config): Promise<Program> {
  const begun = performance.now();
  const child = spawn(process.execPath, ['--import', './bench/sites-probe.ts', 'src/start.js'], {
    env: {
      PATH: process.env.PATH,
      CONFIG_FILE: file,
      DATABASE_URL: database,
      DATA_KEY: DATA_KEY.toString('base64'),
      HASH_KEY: hash('sha256', 'bench hash key', 'base64'),
      HOST: '127.0.0.1',
      PORT: '0',
      ADMIN_PORT: '0',
      ADMIN_TOKEN: TOKEN,
      PROVIDER_ID: '1001',
      PROVIDER_USERNAME: 'bench',
      PROVIDER_PASSWORD: 'bench',
      UPSTREAM_URL: upstream.url,
      RATE_LIMIT_MAX: '1000000',
      VISITOR_DAILY_MAX: '1000000',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const stalls: ((stall: string) => void)[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    output += `${line}\n`;
    if (line.startsWith('stall ')) stalls.shift()?.(line.replace('stall ', ''));
  });
  const started = await new Promise<{ url: string; adminUrl: string }>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the program ended with ${code}: ${output}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      output += `${line}\n`;
      const { event, url, adminUrl } = JSON.parse(line) as Record<string, string>;
      if (event === 'started' && url && adminUrl) resolve({ url: `${url}/`, adminUrl });
    });
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const startMs = performance.now() - begun;
  child.once(
    'exit',
    (code, signal) => signal === 'SIGKILL' || console.error(`the program ended with ${code}: ${output}`),
  );
  return {
    child,
    pid: child.pid ?? 0,
    url: started.url,
    startMs,
    changes: () => output.split('"entries_changed"').length,
    async replaced(times) {
      while (output.split('settings_replaced').length <= times) await pause(20);
    },
    stall: () =>
      new Promise((resolve) => {
        stalls.push(resolve);
        child.kill('SIGWINCH');
      }),
    async admin(method, path, body, type = 'application/json') {
      const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': type };
      const answer = await fetch(`${started.adminUrl}${path}`, { method, headers, body });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
      await answer.text();
    },
  };
}

function keyOf(n: number): string {
  return `site-${String(n).padStart(6, '0')}`;
}

function contentOf(n: number, name: string) {
  const origins = [originOf(n), `https://www.site-${n}.example`];
  return { name, origins, country: 'US', targets: { advertiserIds: ['1659', String(n)] } };
}

function originOf(n: number): string {
  return `https://site-${n}.example`;
}

function siteOf(n: number): NewEntry {
  const checked = checkEntry('site', keyOf(n), JSON.stringify(contentOf(n, `Site ${n}`)), CONTEXT);
  if ('problems' in checked) throw new Error(checked.problems.join());
  return checked.entry;
}

function phoneOf(n: number): string {
  return `+1404555${String(n % 10_000).padStart(4, '0')}`;
}

function rssMiB(pid: number): number {
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}
