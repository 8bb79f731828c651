import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Migration } from '../../src/store/postgres/migrations.ts';

/**
 * Creates a later release: the current program with additional migrations.
 *
 * @returns its entry, for `startGateway`
 */
export function laterRelease(t: Test, version: string, steps: readonly Migration[]): string {
  const folder = join(t.testdirName, version);
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  cpSync('src', join(folder, 'src'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', version }));
  const file = join(folder, 'src/store/postgres/migrations.ts');
  const ours = readFileSync(file, 'utf8');
  const end = ours.lastIndexOf('];');
  if (end < 0) throw new Error(`${file} does not end with its list.`);
  writeFileSync(file, `${ours.slice(0, end)}${steps.map((step) => `${JSON.stringify(step)},`).join('\n')}\n];\n`);
  return join(folder, 'src/start.js');
}
