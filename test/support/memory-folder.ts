import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

const MEMORY = '/dev/shm';

/**
 * Where databases of tests lie: in memory if the machine has a file system there with so much space. On a disk every commit
 * waits, and the writes take three times as much CPU time. Programs may not run from there.
 */
export function memory(minBytes: number): string {
  if (!existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize >= minBytes ? MEMORY : tmpdir();
}

/** An SQLite database of a test takes less than a megabyte, but for those of load tests. */
const SQLITE_MIN_BYTES = 256 * 2 ** 20;

/** A new folder for an SQLite database, in memory if possible. It is removed with the test. */
export function memoryFolder(t: Test): string {
  const folder = mkdtempSync(join(memory(SQLITE_MIN_BYTES), 'gateway-sqlite-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}
