import fs from 'node:fs';
import { registerHooks, syncBuiltinESMExports } from 'node:module';
import type { Migration } from '../../src/store/postgres/migrations.ts';

const MIGRATIONS = new URL('../../src/store/postgres/migrations.ts', import.meta.url).href;
const PACKAGE = new URL('../../package.json', import.meta.url).href;

/**
 * Runs the program in this process as a later release: with another version in `package.json` and with more migrations. Every
 * other file is this release's own, so that its compiled form is in the cache.
 */
export async function startLaterRelease(version: string, steps: readonly Migration[]): Promise<void> {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      return url === MIGRATIONS ? { ...loaded, source: withSteps(String(loaded.source), steps) } : loaded;
    },
  });
  const read = fs.readFileSync;
  fs.readFileSync = ((file: unknown, ...rest: never[]) =>
    file instanceof URL && file.href === PACKAGE
      ? JSON.stringify({ version })
      : read(file as string, ...rest)) as typeof fs.readFileSync;
  syncBuiltinESMExports();
  const start = '../../src/start.js';
  await import(start);
}

function withSteps(source: string, steps: readonly Migration[]): string {
  const end = source.lastIndexOf('];');
  if (end < 0) throw new Error(`${MIGRATIONS} does not end with its list.`);
  return `${source.slice(0, end)}${steps.map((step) => `${JSON.stringify(step)},`).join('\n')}\n];\n`;
}
