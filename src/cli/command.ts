import type { Command } from 'commander';
import type { Session } from './session.ts';

/** Exit codes of commands, for scripts. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command line is wrong. The message is a sentence without its full stop and says what is valid. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}

/** The process around a command. Tests pass their own. */
export interface Io {
  /** Writes results to standard output, in whole lines. */
  out(text: string): void;
  /** Writes previews, questions, progress and errors to standard error. */
  err(text: string): void;
  /** Reads all of standard input. */
  readInput(): Promise<Uint8Array>;
  /** Whether an operator can answer a question. */
  readonly interactive: boolean;
  /** Whether standard error is a terminal, on which a line can be redrawn. */
  readonly redraws: boolean;
  /** Writes a question to standard error and reads one line as its answer. */
  ask(question: string): Promise<string>;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch. */
  now(): number;
  randomBytes(size: number): Buffer;
  /** The name of the operating system's user, for the audit. */
  readonly user: string;
}

/** How a command line of the gateway begins. */
export const START = 'npm run -s gateway --';

/** Values that all actions of one command line share. */
export type Context = {
  readonly io: Io;
  /** The actor of audit entries: `cli:<user>`. */
  readonly actor: string;
  /** Opens settings and database. Later calls return the same session, which is closed when the command ends. */
  readonly open: () => Promise<Session>;
  /** An action that ends with another code than 0 sets it here. */
  exitCode: ExitCode;
};

/** Adds commands of one subject to the program. */
export type AddCommands = (program: Command, context: Context) => void;

/** The group of commands with this name, such as `leads`. Files of several subjects add commands to one group. */
export function groupOf(program: Command, name: string): Command {
  return program.commands.find((command) => command.name() === name) ?? program.command(name);
}
