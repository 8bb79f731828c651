import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createMetrics } from '../../src/admin/metrics.ts';
import type { Context } from '../../src/cli/command.ts';
import { createProgram, leavesOf, nameOf } from '../../src/cli/program.ts';
import { readExposition } from '../support/admin/exposition.ts';

const COMMANDS = leavesOf(createProgram({} as Context));
const GUIDE = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

/** First cells of the table under a heading, without their backticks. */
function rowsUnder(heading: string): string[] {
  const section = GUIDE.split(`\n## ${heading}\n`)[1]?.split(/\n##+ /)[0] ?? '';
  return [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, cell]) => cell ?? '');
}

t.test('the guide lists every command, and no other', async (t) => {
  t.strictSame(rowsUnder('Commands'), COMMANDS.map(nameOf));
});

t.test('every command line of the guide is one that exists, with options that it has', async (t) => {
  const lines = [...GUIDE.matchAll(/npm run -s gateway -- ([^`\n]+)/g)].map(([, line]) => line ?? '');
  t.ok(lines.length >= 8);
  for (const line of lines) {
    const command = COMMANDS.find((one) => `${line} `.startsWith(`${nameOf(one)} `));
    t.ok(command, line);
    for (const [, option = ''] of line.matchAll(/ --([a-z-]+)/g))
      t.ok(
        command?.options.some(({ long }) => long === `--${option}`),
        `${line}: --${option}`,
      );
  }
});

t.test('the guide lists every metric of ours, and no other', async (t) => {
  const metrics = createMetrics({
    labelledSites: [],
    openCounts: () => Promise.reject(new Error('not asked')),
    destinations: () => Promise.reject(new Error('not asked')),
    providers: () => [],
    breakers: () => new Map(),
    endpoints: () => [],
    refused: () => false,
    refusedInARow: () => new Map(),
    now: () => 0,
    process: false,
  });
  const { types } = readExposition(await metrics.render());
  t.strictSame(
    rowsUnder('Metrics')
      .map((cell) => cell.replace(/\{.*$/, ''))
      .sort(),
    [...types.keys()].sort(),
  );
  for (const [name] of GUIDE.matchAll(/\btcg_(?!test_)[a-z_]+/g)) t.ok(types.has(name), name);
});

/** Its entries have an `event` too, and are no log lines. */
const HISTORY = 'admin/operations/history.ts';

t.test('the guide explains every event of the log, and no other', async (t) => {
  const root = join(import.meta.dirname, '../../src');
  const files = globSync('**/*.ts', { cwd: root }).filter(
    (file) => !/^(cli|simulator|widget)\//.test(file) && file !== HISTORY,
  );
  const written = files.flatMap((file) => [
    ...readFileSync(join(root, file), 'utf8').matchAll(/\bevent: '([a-z_]+)'/g),
  ]);
  const section = GUIDE.split('\n## What the log says\n')[1]?.split('\n## ')[0] ?? '';
  const explained = [...section.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(
    ([, cell = '']) => cell.match(/[a-z_]+/g) ?? [],
  );
  t.strictSame([...new Set(explained)].sort(), [...new Set(written.map(([, name]) => name))].sort());
});
