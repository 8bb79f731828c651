import type { Problem } from './problem.ts';
import { type ReadFile, readText } from './read-file.ts';

const LIMITS_FILE = '/proc/self/limits';

/** Descriptors for calls to the provider, the database, Redis, logs and the operators' listener: a quarter, 512 at most. */
const LARGEST_RESERVE = 512;

/** The connections that the public listener may hold, and a warning where the system allows fewer than `MAX_CONNECTIONS`. */
export type Connections = { readonly max: number; readonly warnings: readonly Problem[] };

/**
 * Keeps `MAX_CONNECTIONS` below the number of files that the process may open. Otherwise visitors' connections take the last
 * descriptor, and then no call to the provider can be made. Only Linux tells the number (`/proc/self/limits`); elsewhere the
 * setting holds as it is.
 */
export function boundConnections(wanted: number, readFile: ReadFile): Connections {
  const limit = openFilesLimit(readFile);
  if (limit === undefined) return { max: wanted, warnings: [] };
  const max = Math.max(1, limit - Math.min(LARGEST_RESERVE, Math.floor(limit / 4)));
  if (wanted <= max) return { max: wanted, warnings: [] };
  const warning: Problem = {
    setting: 'MAX_CONNECTIONS',
    problem: `is ${wanted}, but the process may open only ${limit} files and therefore takes ${max} connections`,
    fix: `raise the limit of open files to ${wanted + LARGEST_RESERVE} or more, or lower this setting to ${max}`,
  };
  return { max, warnings: [warning] };
}

function openFilesLimit(readFile: ReadFile): number | undefined {
  const read = readText(readFile, LIMITS_FILE);
  const soft = 'text' in read ? /^Max open files\s+(\d+)/m.exec(read.text)?.[1] : undefined;
  return soft === undefined ? undefined : Number(soft);
}
