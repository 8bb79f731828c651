import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';

/** Replaces the calls that wait for the disk: while the file `SLOW_DISK` exists, each of them takes 700 ms longer. */
const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>
static int real(const char *name, int fd) {
  if (access(getenv("SLOW_DISK"), F_OK) == 0) usleep(700000);
  return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
}
int fsync(int fd) { return real("fsync", fd); }
int fdatasync(int fd) { return real("fdatasync", fd); }
`;

export type SlowDisk = {
  /** Settings of a program whose disk this is. */
  readonly env: Readonly<Record<string, string>>;
  /** From now on each commit takes 700 ms longer, until `end`. */
  begin(): void;
  end(): void;
};

/** A disk that can become slow, for a program that runs on Linux; `undefined` where there is no C compiler. */
export function slowDisk(t: Test): SlowDisk | undefined {
  const folder = t.testdir({ 'slow.c': SOURCE });
  const library = join(folder, 'slow.so');
  const mark = join(folder, 'slow');
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-o', library, join(folder, 'slow.c'), '-ldl'], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return {
    env: { LD_PRELOAD: library, SLOW_DISK: mark },
    begin: () => writeFileSync(mark, ''),
    end: () => rmSync(mark, { force: true }),
  };
}
