import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { terminalOver } from '../support/cli/terminal.ts';

const SITE = { name: 'Motors', origins: ['https://m.example'], country: 'US', targets: { advertiserIds: ['1659'] } };

/** Commands, and a function that writes a file for them. */
function terminal(t: Test) {
  const folder = t.testdir();
  const file = (content: unknown): string => {
    const path = join(folder, 'entry.json');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  return { ...terminalOver(t), file };
}

t.test('a site is stored from a file, listed, shown, and deleted after a question', async (t) => {
  const { type, file } = terminal(t);
  t.match(await type(['sites', 'put', 'motors', file(SITE)]), { code: 0, err: 'site motors: created, version 1\n' });
  const again = await type([
    'sites',
    'put',
    'motors',
    file({ ...SITE, name: 'Better' }),
    '--if-version',
    '1',
    '--json',
  ]);
  t.match(again, { code: 0, out: '{"key":"motors","version":2,"change":"replaced"}\n' });
  t.match(await type(['sites', 'put', 'motors', file(SITE), '--if-version', '1']), {
    code: 1,
    err: /has version 2 now/,
  });
  t.match(await type('sites list'), { code: 0, out: /^key +name .*\nmotors +Better +2 / });
  t.match(await type('sites list --search tyres'), { code: 0, out: '', err: 'No site of the store matches.\n' });
  const shown = await type('sites show motors');
  t.strictSame(JSON.parse(shown.out), { ...SITE, name: 'Better' });
  t.match(shown.err, /version +2\n/);
  t.match((await type('sites history motors --json')).out, /^\{"version":2.*\n\{"version":1/);
  t.match(await type('sites delete motors'), { code: 2, err: /add --yes/ });
  t.match(await type('sites delete motors --yes'), { code: 0, err: 'site motors: deleted\n' });
  t.match(await type('sites show motors'), { code: 3, err: 'there is no site motors in the store\n' });
});

t.test('mistakes are told a line each, and nothing is stored', async (t) => {
  const { type, file } = terminal(t);
  const { code, err } = await type(['sites', 'put', 'motors', file('{"name": "", "origins": []}')]);
  t.equal(code, 1);
  t.match(err, /^\/name \(1:10\) /m);
  t.match(err, /^\/country \(1:1\) is missing/m);
  t.match(await type(['sites', 'put', 'demo', file(SITE)]), { code: 1, err: /CONFIG_FILE/ });
  t.match(await type('sites put motors /nowhere'), { code: 2, err: /cannot be read \(ENOENT\)/ });
  t.match(await type('sites list'), { out: '' });
});

t.test('an account keeps the password that its file leaves out, and no command prints it', async (t) => {
  const { type, file, outbox } = terminal(t);
  await type(['providers', 'put', 'eu', file({ providerId: 1, username: 'u', password: 'pa55' })]);
  t.match(await type(['providers', 'put', 'eu', file({ providerId: 2, username: 'u' })]), { code: 0 });
  t.match(await outbox.readEntries('provider', ['eu']), [{ secrets: { '/password': 'pa55' } }]);
  const shown = await type('providers show eu');
  t.match(shown.err, /sealed +\/password/);
  for (const line of ['providers show eu --json', 'providers export', 'providers history eu --json'])
    t.notMatch((await type(line)).out, /pa55/, line);
});

t.test('an export is an import', async (t) => {
  const { type, file } = terminal(t);
  const lines = Array.from({ length: 250 }, (_, n) =>
    JSON.stringify({ kind: 'site', key: `s${String(n).padStart(3, '0')}`, content: { ...SITE, name: `Site ${n}` } }),
  );
  const path = file(`${lines.join('\n')}\n`);
  t.match(await type(['sites', 'import', path, '--dry-run']), {
    code: 0,
    err: '250 sites: no mistake. Nothing was stored.\n',
  });
  t.match(await type(['sites', 'import', path]), { code: 0, err: '250 sites: 250 created, 0 replaced, 0 unchanged\n' });
  const { out } = await type('sites export');
  t.equal(out, readFileSync(path, 'utf8'));
  t.match(await type(['sites', 'import', path, '--json']), {
    out: '{"dryRun":false,"checked":250,"created":0,"replaced":0,"unchanged":250}\n',
  });
});
