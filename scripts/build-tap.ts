import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

/*
 * Builds tap with the plugins that `.taprc` selects. A new installation needs that once: tap would otherwise load its plugin
 * for TypeScript, which fails. A build takes eight seconds of CPU time, so it is left out if tap is already built.
 */

/** The plugins that `.taprc` removes from those that tap brings, as `!name`. */
const removed: readonly string[] = parse(readFileSync('.taprc', 'utf8')).plugin;

if (!isBuilt()) process.exitCode = spawnSync('tap', ['build'], { stdio: 'inherit' }).status ?? 1;

function isBuilt(): boolean {
  const built = readFileSync('node_modules/@tapjs/test/test-built/dist/esm/index.js', 'utf8');
  // The built code loads its plugins through a link to this folder.
  return existsSync('.tap/plugins/node_modules') && !removed.some((plugin) => built.includes(plugin.slice(1)));
}
