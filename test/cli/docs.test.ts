import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { createMetrics } from '../../src/admin/metrics.ts';
import type { Context } from '../../src/cli/command.ts';
import { createProgram, leavesOf, nameOf } from '../../src/cli/program.ts';
import { CONDITION_KINDS } from '../../src/domain/notification.ts';
import { readExposition } from '../support/admin/exposition.ts';
import { besideRunning, gateway } from '../support/cli/process.ts';

const COMMANDS = leavesOf(createProgram({} as Context));
const GUIDE = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

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

/** The exit codes of commands that judge; every other command of the guide has to succeed. */
const JUDGING: Readonly<Record<string, readonly number[]>> = { doctor: [1, 2], check: [0, 1] };

t.test('every command of the guide and of the README does what it says, on a database with leads', async (t) => {
  const { env, parked, path } = besideRunning(t);
  const id = await parked();
  const folder = dirname(path);
  const site = { name: 'Motors', origins: ['https://m.example'], country: 'US', targets: { advertiserIds: ['1659'] } };
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ sites: { 'example-motors': site } }));
  const body = { site: 'example-motors', advertiserId: '1659', consumer: { phone: '+14045551212' } };
  writeFileSync(join(folder, 'lead.json'), JSON.stringify(body));
  // Nothing listens on port 1: no command reaches a provider.
  const account = { PROVIDER_ID: '1001', PROVIDER_USERNAME: 'gateway', PROVIDER_PASSWORD: 'a password' };
  const full = { ...env, ...account, UPSTREAM_URL: 'http://127.0.0.1:1/', CONFIG_FILE: join(folder, 'config.json') };
  const lines = [...`${GUIDE}\n${README}`.matchAll(/npm run -s (?:gateway -- ([^`\n]+)|(render) -- ([^`\n]+))/g)].map(
    ([, line, render, file]) => line ?? `${render} ${file}`,
  );
  // Some need a partner, targets, Postgres or a document, and have tests of their own.
  const elsewhere = /^(notify test|wire learn|reconcile|backup verify)$|^reconcile/;
  const ran = [...new Set(lines)].filter((line) => !elsewhere.test(line));
  t.ok(ran.length >= 18, `${ran.length} commands`);
  for (const line of ran.toSorted((a, b) => Number(a.includes('erase')) - Number(b.includes('erase')))) {
    const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
    const args = words.map((word, at) => {
      if (word === 'KEY') return 'example-motors';
      if (word === 'ID') return words[at - 1] === '--provider' ? 'default' : id;
      return /^(data\/|lead\.json)/.test(word) ? join(folder, word.replace('data/', '')) : word;
    });
    const asks = /^leads (release|erase)/.test(line) && !line.includes('--dry-run');
    const { code, out, err } = await gateway([...args, ...(asks ? ['--yes'] : [])], full);
    const wanted = JUDGING[words[0] ?? ''] ?? [0];
    t.ok(wanted.includes(Number(code)), `${line}: ${code} ${err}`);
    t.ok(out !== '' || err !== '', `${line} says something`);
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

t.test('every notification and every alert leads to a section that says what to do', async (t) => {
  const rows = GUIDE.split('\n').filter((line) => line.startsWith('| `'));
  const anchors = [...GUIDE.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
  const lastCell = (row: string): string => row.split('|').at(-2) ?? '';
  for (const kind of CONDITION_KINDS) {
    const row = rows.find(
      (line) => line.split('|')[1]?.includes(`\`${kind}\``) && /\((#[a-z-]+)\)/.test(lastCell(line)),
    );
    t.ok(row, kind);
  }
  for (const row of rows)
    for (const [, anchor = ''] of row.matchAll(/\]\(#([^)]+)\)/g)) t.ok(anchors.includes(anchor), anchor);
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
