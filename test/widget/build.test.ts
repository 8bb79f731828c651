import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { BUDGET_BYTES, buildWidget, sizesOf } from '../../scripts/build-widget.ts';
import { LABELS } from '../../src/widget/language.ts';
import { DIALOG_WORDS, LANGUAGES, WORDS } from '../../src/words/languages.ts';

t.test('the build', async (t) => {
  const { entry, hashed, files } = await buildWidget('smallest');

  t.test('is within its budgets: what is loaded before a click, and everything', async (t) => {
    const { entry, all } = sizesOf(files);
    t.ok(entry > 1024 && entry <= BUDGET_BYTES.entry, `${entry} of ${BUDGET_BYTES.entry} bytes`);
    t.ok(all > entry && all <= BUDGET_BYTES.all, `${all} of ${BUDGET_BYTES.all} bytes`);
  });

  t.test(
    'gives each file its integrity and its gzip form, and a hash in the name only to immutable files',
    async (t) => {
      for (const [name, file] of files) {
        t.equal(file.name, name);
        t.equal(file.integrity, `sha384-${createHash('sha384').update(file.body).digest('base64')}`);
        t.ok(gunzipSync(file.gzip).equals(file.body));
        t.equal(file.immutable, /\.[0-9a-f]{12}\.js$/.test(name), name);
      }
      t.ok(hashed.body.equals(entry.body));
    },
  );

  t.test('is reproducible: same bytes, same names', async (t) => {
    const again = await buildWidget();
    t.strictSame([...again.files.keys()], [...files.keys()]);
    t.ok(again.entry.body.equals(entry.body));
  });

  t.test('has a part for the dialog, the solver and each language, with and without hash, and the types', async (t) => {
    const names = [...files.keys()].map((name) => name.replace(/[0-9a-f]{12}/, 'HASH'));
    const parts = ['dialog', 'proof', 'ar', 'de', 'en', 'es', 'fr'];
    t.strictSame(
      names.sort(),
      [
        'v1.js',
        'v1.HASH.js',
        'v1.css',
        'v1.d.ts',
        ...parts.flatMap((name) => [`v1.${name}.js`, `v1.${name}.HASH.js`]),
      ].sort(),
    );
    t.equal(files.get('v1.d.ts')?.body.toString(), await readFile('src/widget/types.ts', 'utf8'));
    for (const { name, body } of files.values()) {
      if (name.endsWith('.js')) t.notMatch(body.toString(), /\bimport ?[{"*]/, `${name} brings no other file along`);
    }
  });

  t.test('has the button’s labels in the languages of the texts', async (t) => {
    t.strictSame(LABELS, Object.fromEntries(LANGUAGES.map((language) => [language, WORDS[language].button])));
  });
});

const RIGHT = `
import type { TextUsAttributes, TextUsElement, TextUsSuccess } from './text-us.d.ts';
const button = document.createElement('text-us');
button.listing = { vin: '2HGFC2F59KH500000', year: 2019, sold: false };
button.texts = { button: 'Ask' };
button.advertiserId = '1659';
button.keepOffline = true;
button.addEventListener('text-us:success', ({ detail }) => detail.status.toUpperCase());
button.addEventListener('text-us:error', ({ detail }) => (detail.retryAfterS ?? 0) + detail.code.length);
button.addEventListener('click', ({ clientX }) => clientX);
const heard = ({ detail }: CustomEvent<TextUsSuccess>) => detail.id;
button.addEventListener('text-us:success', heard);
button.removeEventListener('text-us:success', heard);
button.open().then(() => button.close());
const found: TextUsElement | null = document.querySelector('text-us');
export const attributes: TextUsAttributes = {
  site: 'demo', 'advertiser-id': '1659', 'keep-offline': true, 'field-first-name': 'hidden', position: 'floating',
};
export { found };
`;
const WRONG = [
  `button.listing = { nested: {} };`,
  `button.texts = { buton: 'Ask' };`,
  `button.position = 'left';`,
  `button.addEventListener('text-us:success', ({ detail }) => detail.phone);`,
  `export const attributes: import('./text-us.d.ts').TextUsAttributes = { 'advertiserId': '1659' };`,
];

t.test('the published types accept correct use and refuse incorrect use', async (t) => {
  const wrong = WRONG.map(
    (line) => `import './text-us.d.ts';\nconst button = document.createElement('text-us');\n${line}\n`,
  );
  const folder = t.testdir({
    'right.ts': RIGHT,
    ...Object.fromEntries(wrong.map((text, i) => [`wrong-${i}.ts`, text])),
    'tsconfig.json': JSON.stringify({
      files: ['right.ts', ...WRONG.map((_, i) => `wrong-${i}.ts`)],
      compilerOptions: {
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        skipLibCheck: false,
        lib: ['es2022', 'dom'],
        types: [],
        module: 'esnext',
        moduleResolution: 'bundler',
        allowImportingTsExtensions: true,
      },
    }),
  });
  copyFileSync('src/widget/types.ts', join(folder, 'text-us.d.ts'));
  // Not by its command, which has no extension: the test runner's hooks in child processes cannot load that.
  const compiler = resolve('node_modules/typescript/lib/tsc.js');
  const { stdout } = spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' });
  const refused = [...stdout.matchAll(/(?:^|\n)\S*?([\w-]+)\.(?:d\.)?ts\(/g)].map(([, name]) => name);
  t.strictSame(
    [...new Set(refused)].sort(),
    WRONG.map((_, i) => `wrong-${i}`),
    stdout,
  );
});

const SOURCES = ['dialog', 'field', 'phone-field', 'panel', 'element'];

t.test('the guide names every attribute, text, slot, part and event', async (t) => {
  const guide = await readFile('docs/button.md', 'utf8');
  const types = await readFile('src/widget/types.ts', 'utf8');
  const sources = (await Promise.all(SOURCES.map((name) => readFile(`src/widget/${name}.ts`, 'utf8')))).join('');
  const styles = await Promise.all(['button', 'dialog'].map((name) => readFile(`src/widget/${name}.css`, 'utf8')));

  const properties = /interface TextUsProperties \{(.*?)\n\}/s.exec(types)?.[1] ?? '';
  const attributes = [...properties.matchAll(/^ {2}(\w+):/gm)].map(([, name = '']) =>
    name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
  );
  t.ok(attributes.length > 10);
  const events = [...types.matchAll(/'(text-us:\w+)': Custom/g)].map(([, name = '']) => name);
  t.equal(events.length, 5);
  const colours = [...styles.join('').matchAll(/var\((--text-us-[\w-]+)/g)].map(([, name = '']) => name);
  t.ok(colours.length > 5);
  for (const name of [
    ...attributes,
    'lang',
    'listing',
    'texts',
    ...Object.keys(DIALOG_WORDS.en),
    'button',
    'heading',
    ...events,
  ]) {
    t.match(guide, new RegExp(`\`${name}\``), name);
  }
  for (const name of colours) t.match(guide, new RegExp(`${name}:`), name);
  for (const [, parts = ''] of sources.matchAll(/part: '([\w ]+)'/g)) {
    for (const part of parts.split(' ')) t.match(guide, new RegExp(`\`${part}\``), part);
  }
  for (const bytes of Object.values(BUDGET_BYTES)) t.match(guide, `${bytes / 1024} KiB`);
});
