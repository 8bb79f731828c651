import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import t, { type Test } from 'tap';

const WRONG: [string, string][] = [
  ['src/conversation/a.ts', '../http/app.ts'],
  ['src/conversation/b.ts', 'undici'],
  ['src/admission/a.ts', '../outbox/sqlite/open.ts'],
  ['src/http/a.ts', '../upstream/client.ts'],
  ['src/http/b.ts', 'node:sqlite'],
  ['src/delivery/a.ts', '../http/app.ts'],
  ['src/outbox/sqlite/a.ts', '../../delivery/policy.ts'],
  ['src/upstream/a.ts', '../outbox/port.ts'],
  ['src/simulator/a.ts', '../conversation/types.ts'],
  ['src/widget/a.ts', '../conversation/types.ts'],
];
const RIGHT: [string, string][] = [
  ['src/http/right.ts', '../conversation/submit.ts'],
  ['src/delivery/right.ts', '../outbox/port.ts'],
  ['src/outbox/sqlite/right.ts', 'node:sqlite'],
  ['src/upstream/right.ts', 'undici'],
];

/** Lints a tree of such one-import files under the project's own rules; gives the files whose import was refused. */
function refused(t: Test, files: readonly [string, string][]): string[] {
  const folder = t.testdir();
  copyFileSync('biome.json', join(folder, 'biome.json'));
  for (const [path, module] of files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), `import { x } from '${module}';\n\nx();\n`);
  }
  const { stdout } = spawnSync(
    resolve('node_modules/.bin/biome'),
    ['lint', '--max-diagnostics=none', '--reporter=github', '.'],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  const lines = stdout.split('\n').filter((line) => line.includes('noRestrictedImports'));
  return files.map(([path]) => path).filter((path) => lines.some((line) => line.includes(`/${path},`)));
}

t.test('an import against the direction of the rooms fails the lint, and one along it does not', async (t) => {
  t.strictSame(
    refused(t, [...WRONG, ...RIGHT]),
    WRONG.map(([path]) => path),
  );
});
