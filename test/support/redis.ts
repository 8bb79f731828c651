import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import type { Test } from 'tap';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

/** The reason why tests of Redis are skipped on this machine; `false` if they run. */
export const NO_REDIS: string | false =
  spawnSync('redis-server', ['--version']).status === 0
    ? false
    : 'no redis-server on this machine: apt-get install redis-server';

/** A Redis server for one test, on loopback. It keeps nothing on disk and ends with the test. */
export type OwnRedis = {
  readonly port: number;
  readonly url: string;
  /** Sends a command and returns the server's answer. */
  command(...words: string[]): Promise<unknown>;
  /** Suspends the process: connections stay open, the system accepts new ones, and nothing is answered. */
  pause(): void;
  resume(): void;
  /** Ends it; from then on connections are refused. */
  stop(): Promise<void>;
  /** Starts it again on the same port, empty. */
  start(): Promise<void>;
};

/** Starts a server; `options` are words of its command line, such as `['--requirepass', 'word']`. */
export async function startRedis(t: Test, options: readonly string[] = [], password?: string): Promise<OwnRedis> {
  const port = await freePort();
  let server: ChildProcess;
  const end = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const ended = once(server, 'exit');
    server.kill('SIGKILL');
    await ended;
  };
  const command = async (...[name = '', ...words]: string[]): Promise<unknown> => {
    const client = new Redis({ port, lazyConnect: true, retryStrategy: null, ...(password && { password }) });
    client.on('error', () => {});
    try {
      await client.connect();
      return await client.call(name, ...words);
    } finally {
      client.disconnect();
    }
  };
  const start = async (): Promise<void> => {
    const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
    server = spawn('redis-server', [...fixed, ...options], { stdio: 'ignore' });
    await eventually('the server answers', 10_000, () => command('PING').catch(() => undefined));
  };
  t.teardown(end);
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    command,
    pause: () => void server.kill('SIGSTOP'),
    resume: () => void server.kill('SIGCONT'),
    stop: end,
    start,
  };
}
