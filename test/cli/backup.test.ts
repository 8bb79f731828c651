import { existsSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { besideRunning, gateway } from '../support/cli/process.ts';
import { withDatabase } from '../support/database.ts';

t.test('a backup is made beside a running gateway, is private and sound, and holds every lead', async (t) => {
  const { path, env, parked, outbox, gateway: run } = besideRunning(t);
  const ids = [await parked({ firstName: 'Ann' }), await parked()];
  const file = join(dirname(path), 'backup.db');
  t.match(await run('backup', 'create', file), {
    code: 0,
    out: /backup\.db is sound: 2 leads, schema \d+\.\n$/,
    err: '',
  });
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.strictSame(
    readdirSync(dirname(path)).filter((name) => name.startsWith('backup')),
    ['backup.db'],
    'one file is all of it',
  );
  const during = join(dirname(path), 'during.db');
  const made = run('backup', 'create', during, '--json');
  for (let n = 0; n < 20; n += 1) await parked();
  const { leads } = JSON.parse((await made).out);
  t.ok(leads >= 2 && leads <= 22, 'leads that arrive meanwhile are in it whole, or not at all');
  t.match(JSON.parse((await run('backup', 'verify', during, '--json')).out), { leads, sealed: { current: 2 * leads } });
  t.match(JSON.parse((await run('backup', 'verify', file, '--json')).out), {
    leads: 2,
    sealed: { current: 4, unknown: 0 },
  });
  const restored = { ...env, DATABASE_URL: `sqlite:${file}` };
  t.match(await gateway(['leads', 'show', ids[0] ?? '', '--reveal'], restored), { code: 0, out: /firstName +Ann\n/ });
  await t.resolves(outbox.ready(), 'the running gateway goes on writing');
});

t.test('a backup replaces no file, and a database that cannot be copied leaves none', async (t) => {
  const { path, env, gateway: run } = besideRunning(t);
  const file = join(dirname(path), 'backup.db');
  writeFileSync(file, 'mine');
  t.match(await run('backup', 'create', file), { code: 1, err: /exists already; name a new file/ });
  const foreign = join(dirname(path), 'foreign.db');
  withDatabase(foreign, (database) => database.exec('CREATE TABLE notes (text TEXT)'));
  const other = join(dirname(path), 'other.db');
  const { code, err } = await gateway(['backup', 'create', other], { ...env, DATABASE_URL: `sqlite:${foreign}` });
  t.match([code, err], [1, /is no database of the gateway/]);
  t.notOk(existsSync(other) || existsSync(`${other}.partial`));
  const postgres = { ...env, DATABASE_URL: 'postgres://u:p@127.0.0.1/x' };
  t.match(await gateway(['backup', 'create', other], postgres), { code: 2, err: /pg_dump/ });
});

t.test('a backup that is damaged, missing, or sealed with other keys is found', async (t) => {
  const { path, env, parked, gateway: run } = besideRunning(t);
  await parked();
  const file = join(dirname(path), 'backup.db');
  await run('backup', 'create', file);
  const keys = { ...env, DATA_KEY: Buffer.from('abcdefghijklmnopqrstuvwxyz012345').toString('base64') };
  t.match(await gateway(['backup', 'verify', file], keys), { code: 1, err: /^2 values need a key that is in neither/ });
  truncateSync(file, statSync(file).size - 8_192);
  t.match(await run('backup', 'verify', file), { code: 1, err: /is damaged|cannot be read/ });
  t.match(await run('backup', 'verify', `${file}x`), { code: 1, err: /is not there/ });
});
