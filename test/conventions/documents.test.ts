import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import t from 'tap';
import { ENTRY, ROOMS } from '../../scripts/import-graph.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
const find = (patterns: string[]): string[] =>
  globSync(patterns, {
    cwd: ROOT,
    exclude: (name) => /(^|\/)(node_modules|\.tap|\.git|dist|data)$/.test(name),
  }).toSorted();

const DOCUMENTS = find(['*.md', 'docs/**/*.md', 'deploy/**/*.md', 'bench/**/*.md']);

/** The anchor that a Markdown renderer gives a heading: lower case, no punctuation, hyphens for spaces. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

const anchorsOf = (file: string): string[] =>
  [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

t.test('every link between documents leads to a file and a heading that exist', async (t) => {
  t.ok(DOCUMENTS.length > 25);
  for (const document of DOCUMENTS) {
    const links = [...read(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    for (const link of links.filter((link) => !/^[a-z]+:/.test(link))) {
      const [target = '', anchor] = link.split('#');
      const file = target === '' ? document : path.join(path.dirname(document), target);
      t.ok(existsSync(path.join(ROOT, file)), `${document} links to ${link}`);
      if (anchor !== undefined && file.endsWith('.md')) {
        t.ok(anchorsOf(file).includes(anchor), `${document} links to ${link}`);
      }
    }
  }
});

t.test('every file of this repository that a document names exists', async (t) => {
  const NAMED = /`((?:bench|deploy|docs|openapi|scripts|src|test)\/[\w./-]+\.(?:json|md|ts|yml))`/g;
  const named = DOCUMENTS.flatMap((document) =>
    [...read(document).matchAll(NAMED)].map(([, file = '']) => ({ document, file })),
  );
  t.ok(named.some(({ document }) => document === 'docs/security.md'));
  for (const { document, file } of named) t.ok(existsSync(path.join(ROOT, file)), `${document} names ${file}`);
});

t.test('the security document has every point of the OWASP API Security Top 10, each with its tests', async (t) => {
  const points = read('docs/security.md')
    .split(/^### (?=API\d)/m)
    .slice(1);
  t.strictSame(
    points.map((point) => Number(/^API(\d+) /.exec(point)?.[1])),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  );
  for (const point of points) t.match(point, /Tests: `test\//);
});

t.test('comments and messages cite only documents of this repository', async (t) => {
  const sources = find(['src/**/*.{ts,js}', 'scripts/**/*.ts', 'bench/**/*.ts', 'test/**/*.ts']);
  t.ok(sources.length > 300);
  for (const source of sources) {
    for (const [, cited = ''] of read(source).matchAll(/(?<![\w/.`$-])((?:docs\/)?[a-z][\w/-]*\.md)\b/g)) {
      const known = DOCUMENTS.some((document) => document === cited || path.basename(document) === cited);
      t.ok(known, `${source} cites ${cited}`);
    }
    for (const [cited, number = ''] of read(source).matchAll(/docs\/adr\/(\d{4})/g)) {
      t.ok(find([`docs/adr/${number}-*.md`]).length === 1, `${source} cites ${cited}`);
    }
  }
});

t.test('the index of decisions lists every record with its number, title and status, in order', async (t) => {
  const files = find(['docs/adr/[0-9]*.md']);
  const expected = files.map((file) => {
    const [, number, title] = /^# (\d+)\. (.+)$/m.exec(read(file)) ?? [];
    const [, status] = /^\d{4}-\d{2}-\d{2} · (.+)$/m.exec(read(file)) ?? [];
    t.equal(Number(path.basename(file).slice(0, 4)), Number(number), `${file} has its number in its title`);
    return `| [${number}](${path.basename(file)}) | ${title} | ${status} |`;
  });
  t.ok(expected.length > 10);
  const listed = read('docs/adr/README.md')
    .split('\n')
    .filter((line) => line.startsWith('| ['));
  t.strictSame(listed, expected);
});

/** A back-quoted path: a source file in its full or short form (`store/sqlite/batch.ts`), or a path below a folder of the repository. */
const NAMED_PATH =
  /`((?:[\w.*-]+\/)*[\w.*-]+\.(?:ts|js)|(?:src|test|scripts|bench|docs|deploy|openapi)\/[\w./*-]*)(?::\d+)?`/g;
/** Files of a reader's own project, and the package of that name, are no paths of this repository. */
const FOREIGN = /\.d\.ts$|^ipaddr\.js$/;

t.test('every source file and folder that a document or comment names exists', async (t) => {
  const sources = find(['{src,test,scripts,bench}/**/*.{ts,js}']);
  const exists = (named: string): boolean =>
    named.includes('*')
      ? find([named.replace(/\/$/, '')]).length > 0
      : existsSync(path.join(ROOT, named)) || sources.some((source) => source.endsWith(`/${named}`));
  t.ok(exists('store/sqlite/batch.ts'));
  t.notOk(exists('sqlite/no-such-file.ts'));
  let checked = 0;
  for (const file of [...DOCUMENTS, ...sources]) {
    const text = file.endsWith('.md') ? read(file) : (read(file).match(/\/\*[\s\S]*?\*\/|\/\/.*/g) ?? []).join('\n');
    for (const [, named = ''] of text.matchAll(NAMED_PATH)) {
      if (FOREIGN.test(named) || named.startsWith('openapi/') || named.startsWith('deploy/compose/secrets')) continue;
      checked += 1;
      if (!exists(named)) t.fail(`${file} names ${named}`);
    }
  }
  t.ok(checked > 50, `${checked} paths were checked`);
});

t.test('the table of rooms in docs/architecture.md is the table that the imports are checked with', async (t) => {
  const [, section = ''] = read('docs/architecture.md').split(/^## Rooms$/m);
  const rows = [...section.matchAll(/^\| (?:`([\w-]+)\/`|(\(entry\))) \|[^|]*\|([^|]*)\|([^|]*)\|$/gm)];
  const listed = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
  const documented = rows.map(([, room, entry, rooms, packages]) => [
    room ?? entry,
    { rooms: listed(rooms), packages: listed(packages) },
  ]);
  t.strictSame(Object.fromEntries(documented), ROOMS);
  t.equal(documented.at(-1)?.[0], ENTRY);
});
