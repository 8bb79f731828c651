import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Migration } from '../../src/store/postgres/migrations.ts';

/**
 * Creates the entry of a later release: the current program with another version and more migrations.
 *
 * @returns the entry, for `startGateway`
 */
export function laterRelease(t: Test, version: string, steps: readonly Migration[]): string {
  const file = join(t.testdirName, `${version}.mjs`);
  mkdirSync(t.testdirName, { recursive: true });
  t.teardown(() => rmSync(file));
  const { href } = new URL('later-release.ts', import.meta.url);
  writeFileSync(
    file,
    `import { startLaterRelease } from '${href}';\nawait startLaterRelease('${version}', ${JSON.stringify(steps)});\n`,
  );
  return file;
}
