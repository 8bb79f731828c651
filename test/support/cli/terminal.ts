import type { Test } from 'tap';
import type { ExitCode, Io } from '../../../src/cli/command.ts';
import { run } from '../../../src/cli/program.ts';
import type { Session } from '../../../src/cli/session.ts';
import { NOON, operationsOver } from '../admin/operations.ts';

export type Typed = { readonly code: ExitCode; readonly out: string; readonly err: string };
type Person = { readonly answers?: string; readonly terminal?: boolean };

/** Commands over a real store, typed by a person or run by a script. */
export function terminalOver(t: Test, options: Parameters<typeof operationsOver>[1] = {}) {
  const parts = operationsOver(t, options);
  const open = async (): Promise<Session> => ({
    database: { kind: 'sqlite', path: '/nowhere' },
    keys: { data: [], hash: Buffer.alloc(32) },
    operations: parts.operations,
    entries: parts.entries,
    store: parts.outbox,
    close: async () => undefined,
  });
  return { ...parts, type: (line: string | readonly string[], person: Person = {}) => type(line, person, open) };
}

/** Types a command that needs no store. */
export function type(
  line: string | readonly string[],
  person: Person = {},
  open: (io: Io) => Promise<Session> = () => Promise.reject(new Error('there is no store here')),
): Promise<Typed> {
  const args = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line;
  return runInProcess(args, ioOf(person), open);
}

/** Runs a command line in this process. */
export async function runInProcess(
  args: readonly string[],
  io: Omit<Io, 'out' | 'err'>,
  open: (io: Io) => Promise<Session>,
): Promise<Typed> {
  let out = '';
  let err = '';
  const recording: Io = {
    ...io,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    ask: (question) => {
      err += question;
      return io.ask(question);
    },
  };
  const code = await run(args, recording, open);
  return { code, out, err };
}

/** A process with no environment, at noon, and with keys of fixed bytes. */
export function ioOf({ answers, terminal = answers !== undefined }: Person): Omit<Io, 'out' | 'err'> {
  return {
    interactive: terminal,
    redraws: terminal,
    ask: async () => answers ?? '',
    readInput: async () => Buffer.alloc(0),
    env: {},
    now: () => NOON,
    randomBytes: (size) => Buffer.alloc(size, 1),
    user: 'ann',
  };
}
