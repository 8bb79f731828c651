import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startGateway } from '../support/gateway.ts';

t.setTimeout(120_000);

const SCRIPT = 'scripts/fill-compile-cache.ts';
const BARE = { PATH: process.env.PATH };

t.test('with the compile cache of the image, a start and a command compile nothing', async (t) => {
  const cache = t.testdir();
  const filled = spawnSync(process.execPath, [SCRIPT], {
    env: { ...BARE, NODE_COMPILE_CACHE: cache },
    encoding: 'utf8',
  });
  t.equal(filled.status, 0, filled.stderr);
  const [folder = '', ...others] = readdirSync(cache);
  t.match(folder, new RegExp(`-${process.getuid?.()}$`), 'Node keeps one for each uid');
  t.strictSame(others, []);

  const traced = { NODE_COMPILE_CACHE: cache, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
  const gateway = await startGateway(t, { ...traced, DATABASE_URL: `sqlite:${join(t.testdirName, 'gateway.db')}` });
  const command = spawnSync(process.execPath, ['src/cli/main.ts', '--help'], {
    env: { ...BARE, ...traced },
    encoding: 'utf8',
  });
  for (const output of [gateway.output(), command.stdout + command.stderr]) {
    t.ok((output.match(/was accepted/g)?.length ?? 0) > 100, 'entries are read');
    t.strictSame(
      [...output.matchAll(/no transpile cache for \S+ (\S+)/g)].map(([, file]) => file),
      [],
    );
  }
});

t.test('without a folder the script fails with a message', async (t) => {
  const { status, stderr } = spawnSync(process.execPath, [SCRIPT], { env: BARE, encoding: 'utf8' });
  t.equal(status, 1);
  t.match(stderr, 'NODE_COMPILE_CACHE is not set');
});
