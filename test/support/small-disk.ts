import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

/** A small file system that a test can fill. Only root may mount one. */
export type SmallDisk = {
  readonly folder: string;
  makeReadOnly(): void;
  /** Fills the file system except for so many bytes; the returned function frees the space. */
  fill(spared?: number): () => void;
};

/** Mounts a memory file system of `kibibytes`. It is unmounted with the test, even if a process still has a file open. */
export function mountSmallDisk(t: Test, kibibytes: number): SmallDisk {
  // Not in the test's folder, which is removed before the other teardowns.
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
