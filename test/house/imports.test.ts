import { spawnSync } from 'node:child_process';
import t from 'tap';

/** Lints `source` as if it stood at `path`; gives the rules that fired. */
function lint(path: string, source: string): string {
  const { stdout, stderr } = spawnSync('node_modules/.bin/biome', ['lint', `--stdin-file-path=${path}`], {
    input: source,
  });
  return `${stdout}${stderr}`;
}

t.test('an import against the direction of the rooms fails the lint', async (t) => {
  const wrong: [string, string][] = [
    ['src/conversation/x.ts', '../http/app.ts'],
    ['src/conversation/x.ts', 'undici'],
    ['src/admission/x.ts', '../outbox/sqlite/open.ts'],
    ['src/http/x.ts', '../upstream/client.ts'],
    ['src/http/x.ts', 'node:sqlite'],
    ['src/delivery/x.ts', '../http/app.ts'],
    ['src/outbox/sqlite/x.ts', '../../delivery/policy.ts'],
    ['src/upstream/x.ts', '../outbox/port.ts'],
    ['src/simulator/x.ts', '../conversation/types.ts'],
  ];
  for (const [path, module] of wrong) {
    t.match(lint(path, `import { x } from '${module}';\nx();\n`), /noRestrictedImports/, `${path} ← ${module}`);
  }
});

t.test('an import along the direction passes', async (t) => {
  const right: [string, string][] = [
    ['src/http/x.ts', '../conversation/submit.ts'],
    ['src/delivery/x.ts', '../outbox/port.ts'],
    ['src/outbox/sqlite/x.ts', 'node:sqlite'],
    ['src/upstream/x.ts', 'undici'],
  ];
  for (const [path, module] of right) {
    t.notMatch(lint(path, `import { x } from '${module}';\nx();\n`), /noRestrictedImports/, `${path} ← ${module}`);
  }
});
