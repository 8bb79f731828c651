import { EXIT, type ExitCode, type Io } from './command.ts';

/**
 * Characters that control a terminal or change the direction of text: C0 and C1 controls, DEL, and Unicode's direction
 * marks. Texts of leads come from strangers, and an operator reads them on a terminal.
 */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const BAR_WIDTH = 30;

/** Text on one line, in which every control character is escaped. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

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

/**
 * One line of RFC 4180. A cell that a spreadsheet would run as a formula gets an apostrophe in front, as OWASP advises
 * ("CSV Injection"): texts come from strangers, and a spreadsheet opens the export. `jsonl` holds them unchanged.
 */
export function csvLine(cells: readonly (string | undefined)[]): string {
  return `${cells.map((cell = '') => quoteCell(/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell)).join(',')}\r\n`;
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

function quoteCell(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
