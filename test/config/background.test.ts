import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createReloader } from '../../src/config/background.ts';
import { loadSettings } from '../../src/config/load.ts';
import { ConfigurationError } from '../../src/config/problem.ts';
import { KEYS } from '../support/config/load.ts';

const ACCOUNT = { PROVIDER_ID: '1', PROVIDER_USERNAME: 'u', PROVIDER_PASSWORD: 'p' };
const site = (n: number, changes: object = {}) => ({
  name: `Site ${n}`,
  origins: [`https://s${n}.example`],
  country: 'US',
  targets: { advertiserIds: ['1659'] },
  failurePatterns: { 'we are closed': 'not_sent' },
  ...changes,
});

/** Settings of a file with that many sites, and a function that writes it anew. */
function fileOf(t: Test, count: number) {
  const path = join(t.testdir(), 'config.json');
  const sites = Object.fromEntries(Array.from({ length: count }, (_, n) => [`s${n}`, site(n)]));
  const partners = { crm: { keys: [`sha256:${'1'.repeat(64)}`], sites: '*' } };
  const write = (changed: object) => writeFileSync(path, JSON.stringify({ partners, sites: { ...sites, ...changed } }));
  write({});
  return { write, env: { ...KEYS, ...ACCOUNT, CONFIG_FILE: path } };
}

t.test('another thread gives the same settings, and sites that did not change are the same objects', async (t) => {
  const { write, env } = fileOf(t, 250);
  const current = loadSettings(env);
  t.strictSame(await createReloader(env, () => current, 0)(), current);
  write({ s7: site(7, { name: 'Changed' }), more: site(999) });
  const next = await createReloader(env, () => current, 0)();
  t.strictSame(next, loadSettings(env));
  t.equal(next.sites.get('s8'), current.sites.get('s8'));
  t.match(next.sites.get('s7'), { name: 'Changed' });
});

t.test('mistakes come as from this thread', async (t) => {
  const { write, env } = fileOf(t, 3);
  const current = loadSettings(env);
  write({ s1: site(1, { country: 'usa' }) });
  const failed = await Promise.resolve(createReloader(env, () => current, 0)()).catch((error: unknown) => error);
  t.ok(failed instanceof ConfigurationError);
  t.match(failed, { problems: [{ setting: 'CONFIG_FILE: /sites/s1/country' }], files: [env.CONFIG_FILE] });
});

t.test('a small file is read at once', async (t) => {
  const { env } = fileOf(t, 1);
  const current = loadSettings(env);
  t.notOk(createReloader(env, () => current)() instanceof Promise);
});

t.test('a file beyond the largest size is refused, with what to do instead', async (t) => {
  const { write, env } = fileOf(t, 1);
  write({ s1: site(1, { targets: { advertiserIds: ['1659'.repeat(5_000_000)] } }) });
  t.throws(() => loadSettings(env), /CONFIG_FILE is larger than 16 MiB; keep sites in the store instead/);
});
