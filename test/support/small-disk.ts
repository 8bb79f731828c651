import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

/** A file system of the test's own, so small that it can be filled. Root may mount one. */
export type SmallDisk = {
  readonly folder: string;
  makeReadOnly(): void;
  /** Takes all the room that is left but for so many bytes; the returned function gives it back. */
  fill(spared?: number): () => void;
};

/** Mounts `kibibytes` of memory; it goes with the test, also where a process still holds a file of it. */
export function mountSmallDisk(t: Test, kibibytes: number): SmallDisk {
  // Not in the test's own folder, which is removed before anything else is torn down.
  const folder = mkdtempSync(join(tmpdir(), 'small-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'tmpfs', folder]);
  t.teardown(() => {
    execFileSync('umount', ['--lazy', folder]);
    rmdirSync(folder);
  });
  return {
    folder,
    makeReadOnly() {
      execFileSync('mount', ['-o', 'remount,ro', folder]);
    },
    fill(spared = 0) {
      const ballast = join(folder, 'ballast');
      const file = openSync(ballast, 'w');
      try {
        while (true) writeSync(file, Buffer.alloc(4_096));
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      } finally {
        closeSync(file);
      }
      truncateSync(ballast, statSync(ballast).size - spared);
      return () => rmSync(ballast);
    },
  };
}
