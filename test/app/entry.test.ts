import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { COMPILE_CACHE, nodeCommand } from '../support/node-command.ts';

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

const SCRIPTS: Readonly<Record<string, string>> = JSON.parse(readFileSync('package.json', 'utf8')).scripts;
/** Every npm script that starts a program of ours. */
const STARTING = Object.entries(SCRIPTS).filter(([, command]) => /\bnode\b/.test(command));

/** A `node` that says that it is Node 20 and refuses, as that does, TypeScript and options that it does not know. */
function oldNode(t: Test): string {
  const bin = t.testdir({
    'old.mjs': `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.11.0' } });
      Object.defineProperty(process, 'version', { value: 'v20.11.0' });`,
  });
  const [env, options] = nodeCommand('--no-strip-types', '--import', `${bin}/old.mjs`);
  const command = [env, ...options, '"$@"'].join(' ');
  const refusal = 'echo "node: bad option: --env-file" >&2; exit 9';
  writeFileSync(`${bin}/node`, `#!/bin/sh\ncase "$*" in *--env-file*) ${refusal};; esac\nexec ${command}\n`);
  chmodSync(`${bin}/node`, 0o755);
  return bin;
}

t.test('on a Node that is too old every npm script says so in one line', async (t) => {
  const PATH = `${oldNode(t)}:${process.env.PATH}`;
  t.ok(STARTING.length > 10);
  await Promise.all(
    STARTING.map(async ([name, command]) => {
      const failed = await run('sh', ['-c', command], { env: { PATH } }).catch((error: unknown) => error);
      t.match(failed, { code: 1, stdout: '', stderr: /^Text Connect Gateway needs Node 22\.18 or newer, .+\n$/ }, name);
    }),
  );
});

t.test('npm start and the operators’ commands read a .env, which the environment outranks', async (t) => {
  const cwd = t.testdir({
    '.env': 'PORT=of-the-file\nLOG_LEVEL=of-the-file\n',
    src: t.fixture('symlink', resolve('src')),
  });
  const [env, options] = nodeCommand();
  const bin = join(cwd, 'bin');
  mkdirSync(bin);
  writeFileSync(`${bin}/node`, `#!/bin/sh\nexec ${env} ${options.join(' ')} "$@"\n`);
  chmodSync(`${bin}/node`, 0o755);
  const environment = { PATH: `${bin}:${process.env.PATH}`, LOG_LEVEL: 'info', ...COMPILE_CACHE };
  for (const [name, command] of [
    ['start', `${SCRIPTS.start}`],
    ['gateway', `${SCRIPTS.gateway} check`],
  ] as const) {
    const failed = await run('sh', ['-c', command], { cwd, env: environment }).then(
      () => t.fail(`${name} did not read it`),
      (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
    );
    t.match(failed, /PORT/, name);
    t.notMatch(failed, /LOG_LEVEL/, name);
  }
});
