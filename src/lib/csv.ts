import { printable } from './text.ts';

/**
 * A character that begins a formula, its full-width form included: at the beginning of a cell, and after what a spreadsheet may
 * take for the end of one (separators of other locales, tabs, line breaks, quotes), with blanks between.
 */
const FORMULA = /(^|[\t\r\n,;|"'\u2028\u2029])([\s"']*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20\u2212])/g;

/**
 * One line of RFC 4180. Every cell is quoted, and control characters are escaped. What a spreadsheet would run as a formula gets an
 * apostrophe in front, as OWASP advises ("CSV Injection"): texts come from strangers, and a spreadsheet opens the export. `jsonl`
 * holds them unchanged.
 */
export function csvLine(cells: readonly (string | undefined)[]): string {
  return `${cells.map((cell = '') => quoteCell(cell.replace(FORMULA, "$1$2'"))).join(',')}\r\n`;
}

function quoteCell(cell: string): string {
  return `"${printable(cell).replaceAll('"', '""')}"`;
}
