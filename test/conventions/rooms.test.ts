import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { findCircles, forbiddenImports, ROOMS, readImports } from '../../scripts/import-graph.ts';

/** Writes one-import files into a folder of the test's own and reads their imports as those of a source tree. */
function importsOf(t: Test, files: Readonly<Record<string, string>>) {
  const root = t.testdir();
  for (const [path, module] of Object.entries(files)) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), `import type { x } from '${module}';\n`);
  }
  return readImports(root);
}

t.test('every import of the source tree is allowed by the table of rooms', async (t) => {
  const imports = readImports(process.cwd());
  t.ok(imports.length > 500, `${imports.length} imports were read`);
  t.strictSame(forbiddenImports(imports), []);
});

t.test('no files of the source tree import each other in a circle', async (t) => {
  t.strictSame(findCircles(readImports(process.cwd())), []);
});

t.test('the table names lower layers only, so that no two rooms import each other', async (t) => {
  const order = Object.keys(ROOMS);
  for (const [room, { rooms }] of Object.entries(ROOMS)) {
    for (const lower of rooms) t.ok(order.indexOf(lower) < order.indexOf(room), `${room} may import ${lower}`);
  }
});

const FORBIDDEN: Readonly<Record<string, string>> = {
  'src/lib/a.ts': '../domain/lead.ts',
  'src/domain/a.ts': '../leads/submit.ts',
  'src/domain/b.ts': 'pg',
  'src/leads/a.ts': '../store/open.ts',
  'src/leads/delivery/a.ts': '../../http/app.ts',
  'src/leads/b.ts': 'undici',
  'src/store/sqlite/a.ts': '../../leads/delivery/policy.ts',
  'src/provider/a.ts': '../config/settings.ts',
  'src/config/a.ts': '../provider/client.ts',
  'src/http/a.ts': '../admin/metrics.ts',
  'src/http/b.ts': 'node:sqlite',
  'src/http/c.ts': '../config/settings.ts',
  'src/admin/a.ts': '../http/app.ts',
  'src/simulator/a.ts': '../domain/lead.ts',
  'src/widget/a.ts': '../lib/clock.ts',
  'src/cellar/a.ts': '../lib/clock.ts',
};
const ALLOWED: Readonly<Record<string, string>> = {
  'src/domain/right.ts': '../lib/clock.ts',
  'src/leads/right.ts': '../domain/store.ts',
  'src/store/sqlite/right.ts': 'node:sqlite',
  'src/provider/right.ts': 'undici',
  'src/http/right.ts': '@fastify/cors',
  'src/app/right.ts': '../store/open.ts',
  'src/cli/right.ts': 'node:path',
};

t.test('an import that the table does not allow is named, and an allowed one is not', async (t) => {
  const found = forbiddenImports(importsOf(t, { ...FORBIDDEN, ...ALLOWED }));
  t.strictSame(found.map((line) => line.split(/[ :]/, 1)[0]).sort(), Object.keys(FORBIDDEN).sort());
});

t.test('files that import each other are found as a circle', async (t) => {
  const imports = importsOf(t, {
    'src/lib/a.ts': './b.ts',
    'src/lib/b.ts': './c.ts',
    'src/lib/c.ts': './a.ts',
    'src/lib/d.ts': './a.ts',
  });
  t.strictSame(
    findCircles(imports).map((circle) => new Set(circle).size),
    [3],
  );
});
