import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import type { Test } from 'tap';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

/** Why tests of Redis are left out on this machine; `false` where they are not. */
export const NO_REDIS: string | false =
  spawnSync('redis-server', ['--version']).status === 0
    ? false
    : 'no redis-server on this machine: apt-get install redis-server';

/** A server of the test's own on loopback, which keeps nothing on disk and ends with the test. */
export type OwnRedis = {
  readonly port: number;
  readonly url: string;
  /** What the server answers to a command of the test's. */
  command(...words: string[]): Promise<unknown>;
  /** Stops it where it is: its connections stay, new ones are taken by the system, and nothing is answered. */
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
