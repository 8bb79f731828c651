/** Rows as the arrays that `unnest` takes: one a column, in the order of `pick`'s values. No rows are `width` empty arrays. */
export function columns<T>(rows: readonly T[], pick: (row: T) => readonly unknown[], width: number): unknown[][] {
  const picked = rows.map(pick);
  return Array.from({ length: width }, (_, column) => picked.map((values) => values[column] ?? null));
}
