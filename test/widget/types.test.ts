import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import t from 'tap';

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

t.test('the published types let through what is right, and nothing else', async (t) => {
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
