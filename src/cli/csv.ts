/**
 * One line of RFC 4180. A cell that a spreadsheet would run as a formula gets an apostrophe in front, as OWASP advises
 * ("CSV Injection"): texts come from strangers, and an export is opened with a spreadsheet. `jsonl` has them as they are.
 */
export function csvLine(cells: readonly (string | undefined)[]): string {
  return `${cells.map((cell = '') => quote(/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell)).join(',')}\r\n`;
}

function quote(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
