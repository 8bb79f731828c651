import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import { type PostgresServer, startServer, urlOf } from '../test/support/postgres-server.ts';
import { type Child, start } from './child.ts';
import type { Order, Result } from './open-loop.ts';

/**
 * Sends the real program twice as many leads as it can take, for a minute, from another process. Compares the answers of the
 * accepted leads with those at a normal load in the same run, and every acknowledged lead with the store. Memory is sampled every
 * 15 s of the overload: that of the process, and the heap after the last collection of garbage.
 *
 *   npm run bench:overload [-- SECONDS [sqlite|postgres]]
 */
const [secondsGiven = '60', kind = 'sqlite'] = process.argv.slice(2);
const seconds = Number(secondsGiven);
const CALLERS = 64;
const SAMPLE_S = 15;
const TOKEN = 'bench-token-of-thirty-two-letters';
/** The part of the capacity that counts as a normal load. */
const NORMAL = 0.7;

const folder = mkdtempSync(join(tmpdir(), 'gateway-overload-'));
const children: Child[] = [];
let server: PostgresServer | undefined;
const generator = fork(new URL('open-loop.ts', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
try {
  const upstream = await child('bench/upstream.ts', {}, 'upstream.log');
  if (kind === 'postgres') server = await startServer();
  const address = await server?.database();
  const file = join(folder, 'gateway.db');
  const gateway = await child(
    'src/start.js',
    environment(upstream.url, address ? urlOf(address) : `sqlite:${file}`),
    'gateway.log',
  );
  const load = async (order: Omit<Order, 'url'>): Promise<Result> => {
    generator.send({ ...order, url: gateway.url } satisfies Order);
    const [result] = await once(generator, 'message');
    return result as Result;
  };

  const ids: string[] = [...(await load({ seconds: 3, callers: CALLERS })).ids];
  const saturated = await load({ seconds: 5, callers: CALLERS });
  const capacity = saturated.taken.length / 5;
  const normal = await load({ seconds: Math.min(seconds, 15), rate: capacity * NORMAL });
  const memory = [await sample(gateway)];
  const overload: Result[] = [];
  for (let passed = 0; passed < seconds; passed += SAMPLE_S) {
    overload.push(await load({ seconds: Math.min(SAMPLE_S, seconds - passed), rate: capacity * 2 }));
    memory.push(await sample(gateway));
  }
  const back = await load({ seconds: Math.min(seconds, 15), rate: capacity * NORMAL });
  memory.push(await sample(gateway));
  const results = [saturated, normal, ...overload, back];
  for (const result of results) ids.push(...result.ids);
  console.log(`capacity ${capacity.toFixed()} leads a second with ${CALLERS} callers`);
  report('saturated', saturated, 5);
  report('normal', normal, Math.min(seconds, 15));
  for (const [n, result] of overload.entries())
    report(`twice, ${n * SAMPLE_S} s`, result, Math.min(SAMPLE_S, seconds - n * SAMPLE_S));
  report('normal again', back, Math.min(seconds, 15));
  const overloaded = overload.flatMap(({ taken }) => taken);
  console.log(`ratio of p99: ${(percentile(overloaded, 0.99) / percentile(normal.taken, 0.99)).toFixed(2)}`);
  console.log(`memory, MiB, resident (heap): ${memory.join(', ')}`);
  const stored = new Set(address ? await idsOfPostgres(urlOf(address)) : idsOfSqlite(file));
  const lost = ids.filter((id) => !stored.has(id)).length;
  console.log(`${ids.length} leads acknowledged, ${lost} of them not stored; ${stored.size} stored`);
} finally {
  generator.kill('SIGKILL');
  for (const { stop } of children) stop();
  await server?.end();
  if (!process.env.KEEP) rmSync(folder, { recursive: true, force: true });
}

async function child(script: string, env: Record<string, string>, log: string): Promise<Child> {
  const started = await start(script, env, join(folder, log));
  children.push(started);
  return started;
}

function environment(upstream: string, database: string): Record<string, string> {
  return {
    PORT: '0',
    ADMIN_PORT: '0',
    ADMIN_TOKEN: TOKEN,
    UPSTREAM_URL: upstream,
    PROVIDER_ID: '1001',
    PROVIDER_USERNAME: 'demo',
    PROVIDER_PASSWORD: 'demo-password',
    DATABASE_URL: database,
    DATA_KEY: Buffer.from('a data key of 32 bytes for bench').toString('base64'),
    HASH_KEY: Buffer.from('a hash key of 32 bytes for bench').toString('base64'),
    RATE_LIMIT_MAX: '1000000',
    VISITOR_DAILY_MAX: '1000000',
    PHONE_DAILY_MAX: '1000000',
    PHONE_DAILY_MAX_TOTAL: '1000000',
    SITE_DAILY_MAX: '1000000',
  };
}

function report(name: string, { taken, shed, failed, unclear, lateMs }: Result, over: number): void {
  const times = [0.5, 0.99, 1].map((part) => percentile(taken, part).toFixed().padStart(6));
  console.log(
    `${name.padEnd(16)} ${(taken.length / over).toFixed().padStart(6)} taken a second, p50 p99 max${times.join('')} ms; ` +
      `${(shed.length / over).toFixed()} shed a second (p99 ${percentile(shed, 0.99).toFixed()} ms, ${unclear} unclear), ${failed} failed, late ${lateMs.toFixed()} ms`,
  );
}

function percentile(times: readonly number[], part: number): number {
  return times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN;
}

/** Resident memory of the gateway (Linux: proc(5)), and its heap as it says itself. */
async function sample({ pid, adminUrl }: Child): Promise<string> {
  const answer = await fetch(`${adminUrl}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } });
  const heap = Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(await answer.text())?.[1]) / 2 ** 20;
  const resident = Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
  return `${resident.toFixed()} (${heap.toFixed()})`;
}

function idsOfSqlite(file: string): string[] {
  return new DatabaseSync(file, { readOnly: true })
    .prepare('SELECT id FROM conversations')
    .all()
    .map(({ id }) => String(id));
}

async function idsOfPostgres(connectionString: string): Promise<string[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  const { rows } = await client.query<{ id: string }>('SELECT id FROM conversations');
  await client.end();
  return rows.map(({ id }) => id);
}
