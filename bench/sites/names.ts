/** The sites of the benchmark, by number; also known to the process that sends leads to them. */
export function siteKeyOf(n: number): string {
  return `site-${String(n).padStart(6, '0')}`;
}

export function originOf(n: number): string {
  return `https://site-${n}.example`;
}
