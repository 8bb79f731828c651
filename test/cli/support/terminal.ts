import type { Test } from 'tap';
import type { ExitCode, Io, Session } from '../../../src/cli/command.ts';
import { COMMANDS } from '../../../src/cli/commands/table.ts';
import { run } from '../../../src/cli/run.ts';
import { NOON, operationsOver } from '../../ops/support/operations.ts';

export type Typed = { readonly code: ExitCode; readonly out: string; readonly err: string };
type Person = { readonly answers?: string; readonly terminal?: boolean };

/** Commands over a real store, typed by a person or run by a script. */
export function terminalOver(t: Test) {
  const parts = operationsOver(t);
  const open = async (): Promise<Session> => ({
    settings: {} as Session['settings'],
    operations: parts.operations,
    store: parts.outbox,
    close: async () => undefined,
  });
  return { ...parts, type: (line: string | readonly string[], person: Person = {}) => type(line, person, open) };
}

/** Types a command that needs no store. */
export function type(
  line: string | readonly string[],
  { answers, terminal = answers !== undefined }: Person = {},
  open: (io: Io) => Promise<Session> = () => Promise.reject(new Error('there is no store here')),
): Promise<Typed> {
  let out = '';
  let err = '';
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    interactive: terminal,
    redraws: terminal,
    ask: async (question) => {
      err += question;
      return answers ?? '';
    },
    env: {},
    now: () => NOON,
    randomBytes: (size) => Buffer.alloc(size, 1),
    user: 'ann',
  };
  const args = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line;
  return run(COMMANDS, args, io, open).then((code) => ({ code, out, err }));
}
