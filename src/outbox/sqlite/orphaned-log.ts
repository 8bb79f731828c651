import { statSync } from 'node:fs';

/**
 * Says what is wrong where a write-ahead log lies beside a database file that is missing or empty: it holds commits that
 * are nowhere else, and opening the database would make a new one and cut the log to nothing.
 */
export function orphanedLog(path: string): string | undefined {
  const log = `${path}-wal`;
  if (sizeOf(path) > 0 || sizeOf(log) === 0) return undefined;
  return `it is missing or empty, and ${log} holds commits that belong to it. Put the file back; or move the log away, too, for a restored or a new database`;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
