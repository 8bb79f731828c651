import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { Test } from 'tap';
import { COMPILE_CACHE, nodeCommand } from './node-command.ts';

export type Line = Readonly<Record<string, unknown>> & { readonly event?: string };

/** The real program in its own process, as an operator runs it. */
export type RunningGateway = {
  readonly url: string;
  readonly pid: number;
  /** Every line of its log so far, parsed. */
  readonly lines: readonly Line[];
  /** Everything that it has written to stdout and stderr. */
  output(): string;
  /** Resolves with the first line, past or future, that `matches`. */
  line(matches: (line: Line) => boolean): Promise<Line>;
  /** Closes the reading end of its output, like a log collector that dies. */
  stopReading(): void;
  /** Leaves its output unread, like a log collector that hangs. */
  pauseReading(): void;
  /** Resolves with its exit code, also while its output is unread. */
  readonly exited: Promise<number | null>;
  /** Resolves with its exit when every process that writes to its output has ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Sends a signal and resolves as `ended` does. */
  end(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
};

/** No setting of the shell reaches the program. */
const BARE = {
  ...COMPILE_CACHE,
  PATH: process.env.PATH,
  HOST: '127.0.0.1',
  PORT: '0',
  SIMULATOR_PORT: '0',
  CONSOLE_PORT: '0',
};

/** The entry that an operator starts. */
const PROGRAM = 'src/start.js';

/**
 * Starts the program, or that of another release, and resolves when it logs that it listens; rejects with its output if
 * it ends before. It is killed with the test.
 *
 * @param openFiles how many files it may open; by default as many as this process
 */
export async function startGateway(
  t: Test,
  env: Readonly<Record<string, string>>,
  program = PROGRAM,
  openFiles?: number,
): Promise<RunningGateway> {
  const [command, args] = nodeCommand(program);
  const limited: [string, string[]] = ['bash', ['-c', `ulimit -n ${openFiles}; exec "$@"`, 'bash', command, ...args]];
  const child = spawn(...(openFiles === undefined ? nodeCommand(program) : limited), {
    env: { ...BARE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  return whenStarted(child);
}

/**
 * Runs `npm start` as the leader of a process group of its own, as a terminal's shell does; a negative pid reaches the whole
 * group. `pid` and `end` are those of npm. It resolves and ends as `startGateway` does.
 *
 * @param home where npm keeps its own files
 */
export async function npmStart(t: Test, home: string, env: Readonly<Record<string, string>>): Promise<RunningGateway> {
  const own = { HOME: home, npm_config_cache: home, npm_config_update_notifier: 'false', npm_config_logs_max: '0' };
  const child = spawn('npm', ['start'], {
    env: { ...BARE, ...own, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  t.teardown(() => {
    try {
      process.kill(-pidOf(child), 'SIGKILL');
    } catch {
      // The whole group has ended.
    }
  });
  return whenStarted(child);
}

async function whenStarted(child: ChildProcessByStdio<null, Readable, Readable>): Promise<RunningGateway> {
  const lines: Line[] = [];
  const waiting = new Set<() => void>();
  let output = '';
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }));

  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    output += `${text}\n`;
    lines.push(parse(text));
    for (const look of waiting) look();
  });
  const line = (matches: (line: Line) => boolean): Promise<Line> => {
    const found = Promise.withResolvers<Line>();
    const look = (): void => {
      const match = lines.find(matches);
      if (match) found.resolve(match);
    };
    waiting.add(look);
    look();
    void ended.then(() => found.reject(new Error(`The gateway ended before it wrote that line:\n${output}`)));
    return found.promise.finally(() => waiting.delete(look));
  };

  const started = await line(({ event }) => event === 'started');
  return {
    url: started.url as string,
    pid: pidOf(child),
    lines,
    output: () => output,
    stopReading: () => void child.stdout.destroy(),
    pauseReading: () => void child.stdout.pause(),
    exited,
    line,
    ended,
    end(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** Starts the program in a case where it must refuse to start; resolves with its exit and its message for a person. */
export async function refusedStart(
  t: Test,
  env: Readonly<Record<string, string>>,
  program = PROGRAM,
): Promise<{ code: number | null; stderr: string; stdout: string }> {
  const child = spawn(...nodeCommand(program), {
    env: { ...BARE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, stderr, stdout };
}

function parse(text: string): Line {
  try {
    return JSON.parse(text);
  } catch {
    return { text };
  }
}

function pidOf(child: ChildProcess): number {
  if (child.pid === undefined) throw new Error('The gateway could not be spawned.');
  return child.pid;
}
