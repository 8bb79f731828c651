import type { ConfigurationError } from '../config/problem.ts';
import { StorageUnavailable } from '../domain/ports/outbox.ts';
import { printable } from '../lib/text.ts';
import { EXIT, type ExitCode, type Io, START } from './command.ts';

const BAR_WIDTH = 30;

/** One line of JSON. Control characters are escaped; the parsed value is the same. */
export function json(value: unknown): string {
  return `${printable(JSON.stringify(value))}\n`;
}

/** Lines of aligned columns; every cell is made printable. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(printable));
  const widths = head.map((_, column) => Math.max(...lines.map((line) => [...(line[column] ?? '')].length)));
  const format = (line: readonly string[]): string =>
    line
      .map((cell, column) => pad(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return lines.map((line) => `${format(line)}\n`).join('');
}

/** Lines of `name  value`; a value that is undefined is left out. */
export function pairs(rows: readonly (readonly [string, unknown])[]): string {
  const given = rows.filter(([, value]) => value !== undefined);
  const width = Math.max(...given.map(([name]) => name.length));
  return given.map(([name, value]) => `${name.padEnd(width)}  ${printable(String(value))}\n`).join('');
}

/** Writes a count with its noun: `1 lead`, `2 leads`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Reports how far a long change is: a bar that redraws itself on a terminal, and plain lines elsewhere. */
export function createProgress({ err, redraws }: Pick<Io, 'err' | 'redraws'>, total: number): (done: number) => void {
  return (done) => {
    if (!redraws) {
      err(`${done} of ${total}\n`);
      return;
    }
    const filled = Math.round((done / total) * BAR_WIDTH);
    const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
    err(`\r${bar} ${done} of ${total}${done === total ? '\n' : ''}`);
  };
}

/**
 * Asks the operator on the terminal whether to continue, unless --yes was given.
 *
 * @returns `undefined` to continue, or the exit code to stop with
 */
export async function confirm(io: Io, yes: boolean | undefined, question: string): Promise<ExitCode | undefined> {
  if (yes) return undefined;
  if (!io.interactive) {
    io.err('Nothing was done: add --yes, because there is no terminal to ask on.\n');
    return EXIT.usage;
  }
  const answer = await io.ask(`${question} [y/N] `);
  if (/^y(es)?$/i.test(answer.trim())) return undefined;
  io.err('Nothing was done.\n');
  return EXIT.failed;
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - [...cell].length));
}

/** Says that the configuration has mistakes, under a command that does not depend on them. */
export function mistakesNote({ problems, more }: ConfigurationError): string {
  const count = plural(problems.length + more, 'mistake');
  return `WARNING: the configuration has ${count}; this command does not depend on them. They are listed by: ${START} check\n`;
}

/** The result of one check. With a `problem` the gateway does not work; an operator should read a `warning`. */
export type Finding = {
  readonly name: string;
  readonly result: 'ok' | 'warning' | 'problem';
  readonly detail: string;
};

/**
 * Describes why a system call or a database failed: SQLite's fixed text, or the error's code. Messages of the system name paths
 * and addresses, which may be shown here. Messages of a database may quote stored data, so they are not shown.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  if ('errstr' in error && typeof error.errstr === 'string') return error.errstr;
  if (error instanceof StorageUnavailable && error.cause !== undefined) return reasonOf(error.cause);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
