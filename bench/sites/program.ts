import { type ChildProcess, spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { createPostgresOutbox } from '../../src/store/postgres/outbox.ts';
import { createSqliteOutbox } from '../../src/store/sqlite/outbox.ts';
import { createVault } from '../../src/store/vault.ts';
import { OPTIONS } from '../../test/support/outbox.ts';
import { type PostgresServer, urlOf } from '../../test/support/postgres-server.ts';
import { cpuMs } from '../child.ts';
import { siteOf } from './entries.ts';

export const KINDS = ['sqlite', 'postgres'] as const;
export type Kind = (typeof KINDS)[number];

const TOKEN = 'bench-token-of-thirty-two-letters';
const DATA_KEY = hash('sha256', 'bench data key', 'buffer');
/** More leads than a run sends. */
const UNLIMITED = '1000000';

/** A new store that has so many sites, and what `DATABASE_URL` calls it. */
export async function fillStore(
  kind: Kind,
  count: number,
  folder: string,
  server: PostgresServer,
): Promise<{ readonly url: string; readonly store: Outbox }> {
  const options = { ...OPTIONS, vault: createVault([DATA_KEY]) };
  const open = async () => {
    if (kind === 'sqlite') {
      const path = join(folder, `${kind}-${count}.db`);
      return { url: `sqlite:${path}`, store: createSqliteOutbox(path, options) };
    }
    const address = await server.database();
    return { url: urlOf(address), store: await createPostgresOutbox(address, { ...options, poolMax: 4 }) };
  };
  const { url, store } = await open();
  for (let n = 0; n < count; n += 500)
    await store.putEntries(
      Array.from({ length: Math.min(500, count - n) }, (_, k) => siteOf(n + k)),
      { actor: 'bench', at: Date.now() },
    );
  return { url, store };
}

/** The real program in a process of its own. */
export type Program = {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly url: string;
  readonly startMs: number;
  /** CPU time of the whole process until it had started, in milliseconds. */
  readonly startCpuMs: number;
  /** Resolves when the settings were replaced so often. */
  replaced(times: number): Promise<void>;
  /** How often it has noticed changes of entries. */
  changes(): number;
  /** The longest stall since the last call, in milliseconds. */
  stall(): Promise<number>;
  /** Calls the admin API, and gives the body of the answer. @throws Error for another answer than 2xx */
  admin(method: string, path: string, body?: string, type?: string): Promise<string>;
  /** Resident memory in MiB: now, or at its highest so far. */
  memory(which?: 'now' | 'highest'): number;
};

/** @param flags of Node, such as `--max-old-space-size=256` */
export async function startProgram({
  database,
  config,
  upstream,
  flags = [],
}: {
  readonly database: string;
  readonly config: string;
  readonly upstream: string;
  readonly flags?: readonly string[];
}): Promise<Program> {
  const begun = performance.now();
  const child = spawn(process.execPath, [...flags, '--import', './bench/sites/probe.ts', 'src/start.js'], {
    env: {
      PATH: process.env.PATH,
      CONFIG_FILE: config,
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
      UPSTREAM_URL: upstream,
      RATE_LIMIT_MAX: UNLIMITED,
      VISITOR_DAILY_MAX: UNLIMITED,
      PHONE_DAILY_MAX: UNLIMITED,
      PHONE_DAILY_MAX_TOTAL: UNLIMITED,
      SITE_DAILY_MAX: UNLIMITED,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const pid = child.pid ?? 0;
  let output = '';
  const stalls: ((stall: number) => void)[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    output += `${line}\n`;
    if (line.startsWith('stall ')) stalls.shift()?.(Number(line.replace('stall ', '')));
  });
  const started = await new Promise<{ url: string; adminUrl: string }>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the program ended with ${code}: ${output}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      output += `${line}\n`;
      const { event, url, adminUrl } = JSON.parse(line) as Record<string, string>;
      if (event === 'started' && url && adminUrl) resolve({ url: `${url}/`, adminUrl });
    });
  });
  const startMs = performance.now() - begun;
  process.once('exit', () => child.kill('SIGKILL'));
  child.once(
    'exit',
    (code, signal) => signal === 'SIGKILL' || console.error(`the program ended with ${code}: ${output}`),
  );
  return {
    child,
    pid,
    url: started.url,
    startMs,
    startCpuMs: cpuMs(pid),
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
      const headers = { authorization: `Bearer ${TOKEN}`, ...(body !== undefined && { 'content-type': type }) };
      const answer = await fetch(`${started.adminUrl}${path}`, {
        method,
        headers,
        ...(body !== undefined && { body }),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
      return text;
    },
    memory(which = 'now') {
      const name = which === 'now' ? 'VmRSS' : 'VmHWM';
      const kib = new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      return Number(kib) / 1024;
    },
  };
}
