import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, globSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { chromiumPath } from '../support/browser.ts';
import { filledOnce } from '../support/filled-once.ts';
import { packagedPostgres } from '../support/postgres-programs.ts';
import { startServer } from '../support/postgres-server.ts';

t.test('Postgres runs from a package in a closed folder, without privileges, and no user is created', async (t) => {
  const closed = t.testdir();
  cpSync(await packagedPostgres(), join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
  execFileSync('chmod', ['-R', 'go-rwx', closed]);
  const users = readFileSync('/etc/passwd', 'utf8');
  const server = await startServer([], join(closed, 'native'));
  t.teardown(server.end);
  t.strictSame(await server.query('SELECT 1 AS one'), [{ one: 1 }]);
  t.not(statSync(server.folder).uid, 0);
  t.equal(readFileSync('/etc/passwd', 'utf8'), users);
});

t.test('the browser comes from the checkout, whatever lies in the shared temporary folder', async (t) => {
  const shared = t.testdir({ chromium: 'planted' });
  const { TMPDIR } = process.env;
  t.teardown(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  });
  process.env.TMPDIR = shared;
  const path = await chromiumPath();
  t.notOk(path.startsWith(shared), path);
  t.match(execFileSync(path, ['--version'], { encoding: 'utf8' }), /^Chrom/);
  t.strictSame(readdirSync(shared), ['chromium']);
});

t.test(
  'a folder that several processes fill at once is complete, the same for all, and readable by others',
  async (t) => {
    const cache = join(t.testdir(), 'cache');
    const umask = process.umask(0o077);
    t.teardown(() => process.umask(umask));
    const fill = async (folder: string): Promise<void> => {
      mkdirSync(join(folder, 'sub'));
      await new Promise((next) => setImmediate(next));
      writeFileSync(join(folder, 'sub/program'), 'content');
      chmodSync(join(folder, 'sub/program'), 0o700);
    };
    const folders = await Promise.all([1, 2, 3].map(() => filledOnce('content-1', fill, cache)));
    t.strictSame(new Set(folders), new Set([join(cache, 'content-1')]));
    t.strictSame(readdirSync(cache), ['content-1']);
    for (const path of ['.', 'sub', 'sub/program'])
      t.equal(statSync(join(cache, 'content-1', path)).mode & 0o777, 0o755, path);
    await filledOnce('content-1', () => void t.fail('filled again'), cache);
  },
);

t.test('no path is read from import.meta.url, in which spaces and other characters are escaped', async (t) => {
  const files = globSync(['src/**/*.{ts,js}', 'test/**/*.ts', 'bench/**/*.ts']);
  const wrong = files.filter((file) => /import\.meta\.url\)\s*\.pathname\b/.test(readFileSync(file, 'utf8')));
  t.strictSame(wrong, []);
});
