import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Child, start } from './child.ts';
import type { Order, Result } from './open-loop.ts';

/**
 * Sends the real program twice as many leads as it can take, for a minute, from another process. Compares the answers of the
 * accepted leads with those at a normal load in the same run, and every acknowledged lead with the store.
 *
 *   npm run bench:overload [-- SECONDS]
 */
const [seconds = 60] = process.argv.slice(2).map(Number);
const CALLERS = 64;
/** The part of the capacity that counts as a normal load. */
const NORMAL = 0.7;

const folder = mkdtempSync(join(tmpdir(), 'gateway-overload-'));
const children: Child[] = [];
const generator = fork(new URL('open-loop.ts', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
try {
  const upstream = await child('bench/upstream.ts', {}, 'upstream.log');
  const database = join(folder, 'gateway.db');
  const gateway = await child('src/start.js', environment(upstream.url, database), 'gateway.log');
  const load = async (order: Omit<Order, 'url'>): Promise<Result> => {
    generator.send({ ...order, url: gateway.url } satisfies Order);
    const [result] = await once(generator, 'message');
    return result as Result;
  };

  const ids: string[] = [...(await load({ seconds: 3, callers: CALLERS })).ids];
  const saturated = await load({ seconds: 5, callers: CALLERS });
  const capacity = saturated.taken.length / 5;
  const normal = await load({ seconds: Math.min(seconds, 15), rate: capacity * NORMAL });
  const before = memoryMiB(gateway.pid);
  const half = await load({ seconds: seconds / 2, rate: capacity * 2 });
  const middle = memoryMiB(gateway.pid);
  const rest = await load({ seconds: seconds / 2, rate: capacity * 2 });
  const after = memoryMiB(gateway.pid);
  const back = await load({ seconds: Math.min(seconds, 15), rate: capacity * NORMAL });
  const results = [saturated, normal, half, rest, back];
  for (const result of results) ids.push(...result.ids);
  console.log(`capacity ${capacity.toFixed()} leads a second with ${CALLERS} callers`);
  report('saturated', saturated, 5);
  report('normal', normal, Math.min(seconds, 15));
  report('twice, 1st half', half, seconds / 2);
  report('twice, 2nd half', rest, seconds / 2);
  report('normal again', back, Math.min(seconds, 15));
  console.log(
    `ratio of p99: ${(percentile([...half.taken, ...rest.taken], 0.99) / percentile(normal.taken, 0.99)).toFixed(2)}`,
  );
  console.log(`memory, MiB: ${before.toFixed()} before, ${middle.toFixed()} in the middle, ${after.toFixed()} after`);
  const stored = new Set(
    new DatabaseSync(database, { readOnly: true })
      .prepare('SELECT id FROM conversations')
      .all()
      .map(({ id }) => id),
  );
  const lost = ids.filter((id) => !stored.has(id)).length;
  console.log(`${ids.length} leads acknowledged, ${lost} of them not stored; ${stored.size} stored`);
} finally {
  generator.kill('SIGKILL');
  for (const { stop } of children) stop();
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
    UPSTREAM_URL: upstream,
    PROVIDER_ID: '1001',
    PROVIDER_USERNAME: 'demo',
    PROVIDER_PASSWORD: 'demo-password',
    DATABASE_URL: `sqlite:${database}`,
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

/** Resident memory of a process (Linux: proc(5)). */
function memoryMiB(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}
