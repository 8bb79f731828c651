/**
 * Characters that a terminal obeys or that turn text around: C0 and C1 controls, DEL, and Unicode's direction marks.
 * Texts of leads come from strangers, and a person reads them on a terminal.
 */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Text as a terminal can show it without obeying it, on one line. */
export function printable(text: string): string {
  return text.replace(UNSAFE, escapeOf);
}

/** One line of JSON; what a terminal would obey is escaped, which changes nothing for who parses it. */
export function json(value: unknown): string {
  return `${printable(JSON.stringify(value))}\n`;
}

/** Lines of columns; every cell is made printable. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((row) => row.map(printable));
  const widths = head.map((_, column) => Math.max(...lines.map((line) => [...(line[column] ?? '')].length)));
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => pad(cell, widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** Lines of `name  value`. */
export function pairs(rows: readonly (readonly [string, unknown])[]): string {
  const given = rows.filter(([, value]) => value !== undefined);
  const width = Math.max(...given.map(([name]) => name.length));
  return given.map(([name, value]) => `${name.padEnd(width)}  ${printable(String(value))}\n`).join('');
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - [...cell].length));
}

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
