import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import t from 'tap';

const run = promisify(execFile);

t.test('the warning of node:sqlite is not printed, and every other warning is', async (t) => {
  const program = `
    await import('./src/lib/sqlite-warning.js');
    process.emitWarning('SQLite is an experimental feature and might change at any time', 'ExperimentalWarning');
    process.emitWarning('Sockets are an experimental feature', 'ExperimentalWarning');
    process.emitWarning('SQLite is an experimental feature, says a library', 'DeprecationWarning');
    process.emitWarning(new Error('a warning as an object'));
    process.emitWarning('with a code', { type: 'Custom', code: 'CODE_1', detail: 'with a detail' });
  `;
  const { stderr } = await run(process.execPath, ['--input-type=module', '--eval', program]);
  t.strictSame(stderr.match(/(\w+Warning|Custom|Error): .+/g), [
    'ExperimentalWarning: Sockets are an experimental feature',
    'DeprecationWarning: SQLite is an experimental feature, says a library',
    'Error: a warning as an object',
    'Custom: with a code',
  ]);
  t.match(stderr, /CODE_1/);
  t.match(stderr, /with a detail/);
});

t.test('loading node:sqlite prints nothing on any supported Node', async (t) => {
  const program = `await import('./src/lib/sqlite-warning.js'); await import('node:sqlite');`;
  const { stderr } = await run(process.execPath, ['--input-type=module', '--eval', program]);
  t.equal(stderr, '');
});

t.test('each entry checks the version of Node and silences that warning before it imports anything else', async (t) => {
  for (const entry of ['src/start.js', 'src/cli/gateway.js']) {
    const imports = [...readFileSync(entry, 'utf8').matchAll(/^(?:await )?import[^'\n]*'([^'\n]+)';?$/gm)].map(
      ([, path]) => path,
    );
    t.match(imports.slice(0, 2), [/\/lib\/node-version\.js$/, /\/lib\/sqlite-warning\.js$/], entry);
  }
});
