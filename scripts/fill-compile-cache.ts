/**
 * Fills Node's compile cache (NODE_COMPILE_CACHE) while the image is built, so that a start on a read-only root compiles
 * nothing. Node keeps a cache for each uid and reads no other's: run it as the user that the image runs as.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const { NODE_COMPILE_CACHE, PATH } = process.env;
if (!NODE_COMPILE_CACHE) throw new Error('NODE_COMPILE_CACHE is not set');

const src = new URL('../src/', import.meta.url);
await run('start.js', []);
await run('cli/gateway.js', ['--help']);
// What replicas load, and neither of those two.
for (const module of ['store/postgres/outbox.ts', 'http/limits/redis.ts']) await import(new URL(module, src).href);

/** Runs a program of ours, as the demo, until it ends by itself or has started. Node writes the cache as it ends. */
async function run(program: string, words: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'compile-cache-'));
  try {
    const child = spawn(process.execPath, [fileURLToPath(new URL(program, src)), ...words], {
      env: {
        NODE_COMPILE_CACHE,
        PATH,
        PORT: '0',
        SIMULATOR_PORT: '0',
        CONSOLE_PORT: '0',
        DATABASE_URL: `sqlite:${folder}/gateway.db`,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(child, 'exit');
    for await (const line of createInterface(child.stdout)) {
      if (line.includes('"event":"started"')) child.kill('SIGTERM');
    }
    const [code] = await exit;
    if (code !== 0) throw new Error(`${program} ended with ${code}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
