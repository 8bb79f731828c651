import type { Command } from 'commander';
import type { GivenNumber, LeadQuery } from '../admin/operations/input.ts';
import { defined } from '../lib/values.ts';
import type { Session } from './session.ts';

/** Exit codes of commands, for scripts. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3, different: 4 } as const;
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

const MAX_PAGE = 1_000;
const DEFAULT_PAGE = 50;

/** The parsed options that select leads. */
export type LeadOptions = {
  readonly status?: readonly string[];
  readonly site?: string;
  readonly partner?: string;
  readonly provider?: string;
  readonly test?: boolean;
  readonly cause?: readonly string[];
  readonly since?: string;
  readonly until?: string;
} & PhoneOptions;
export type PhoneOptions = { readonly phone?: string; readonly country?: string };
export type PageOptions = { readonly limit: number; readonly after?: string };
export type JsonOption = { readonly json?: boolean };

/** Adds the options that select leads. A lead has to match all given options. */
export function leadOptions(command: Command): Command {
  command
    .option('--status <status,…>', 'queued, delivered, rejected, held, unknown, parked', list('status'))
    .option('--site <key>', 'of one site', text('site'))
    .option('--partner <id>', 'of one partner', text('partner'))
    .option('--provider <id>', 'for one provider account', text('provider'))
    .option('--test', 'only test leads')
    .option('--no-test', 'no test leads')
    .option('--cause <cause,…>', 'why it waits: schedule, refused, phone_cap …', list('cause'));
  return phoneOptions(timeOptions(command));
}

/** Adds the options that limit leads by the time they were stored. */
export function timeOptions(command: Command): Command {
  return command
    .option('--since <time>', 'stored at or after: 2026-11-24, 2026-11-24T09:00Z, 24h, 7d', text('since'))
    .option('--until <time>', 'stored before', text('until'));
}

/** Adds the options that name one phone number. */
export function phoneOptions(command: Command): Command {
  return command
    .option('--phone <number>', 'of one number, with its country code', text('phone'))
    .option('--country <cc>', 'the country of a number that is given without its country code', text('country'));
}

/** Adds the options of a list that is read page by page. */
export function pageOptions(command: Command): Command {
  return (
    command
      .option('--limit <n>', `how many, from 1 to ${MAX_PAGE}`, count('limit', MAX_PAGE), DEFAULT_PAGE)
      // A cursor may start with a dash, so it is not parsed as text. The operation checks it.
      .option('--after <cursor>', 'the page after the one that ended with this cursor')
  );
}

/** Reads the options of a page. */
export function pageOf({ limit, after }: PageOptions): { limit: number; after?: string } {
  if (after === '') throw new UsageError('--after is empty');
  return defined({ limit, after });
}

/** Builds a query from options and ids. The operation checks its values. */
export function leadQuery(options: LeadOptions, ids: readonly string[] = []): LeadQuery {
  const { status, cause, site, partner, provider, test, since, until, phone, country } = options;
  const given = ids.length === 0 ? undefined : ids;
  return defined({
    ids: given,
    status,
    cause,
    site,
    partner,
    provider,
    test: test?.toString(),
    since,
    until,
    phone,
    country,
  });
}

/**
 * Reads the one phone number of a command, given as its argument or with --phone.
 *
 * @throws UsageError without a number, or with more than one
 */
export function oneNumber(operands: readonly string[], { phone: named, country }: PhoneOptions): GivenNumber {
  const [phone, ...more] = named === undefined ? operands : [named, ...operands];
  if (phone === undefined) throw new UsageError('Give the number as the argument or with --phone');
  if (more.length > 0) throw new UsageError('Give one number only, in quotes if it has spaces');
  return defined({ phone, country });
}

/**
 * Creates a parser for the text of an option. commander takes any argument after an option as its value, so `--site --yes`
 * would name a site `--yes`. The parser therefore refuses a value that starts with a dash.
 */
export function text(name: string): (value: string) => string {
  return (value) => {
    if (value === '') throw new UsageError(`--${name} is empty`);
    if (value.startsWith('-')) throw new UsageError(`--${name} needs a value, which cannot start with a dash`);
    return value;
  };
}

/** Creates a parser for a list, given as `a,b`, by repeating the option, or both. */
export function list(name: string): (value: string, previous?: readonly string[]) => readonly string[] {
  const parse = text(name);
  return (value, previous = []) => {
    const words = parse(value)
      .split(',')
      .filter((word) => word !== '');
    if (words.length === 0) throw new UsageError(`--${name} is empty`);
    return [...previous, ...words];
  };
}

/** Creates a parser for a whole number from 1 to `max`. */
function count(name: string, max: number): (value: string) => number {
  const parse = text(name);
  return (value) => {
    const number = /^[1-9]\d{0,8}$/.test(parse(value)) ? Number(value) : Number.NaN;
    if (!(number <= max)) throw new UsageError(`--${name} is a number from 1 to ${max}`);
    return number;
  };
}
