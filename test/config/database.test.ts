import t from 'tap';
import { describeSettings } from '../../src/config/describe.ts';
import { KEYS, load, loadFile, mistakes, soundFile } from './helper.ts';

const URL = 'postgres://gateway:canary@db.example/leads';
const database = (url: string, env: NodeJS.ProcessEnv = {}) => load({ DATABASE_URL: url, ...env }).database;

t.test('an address of Postgres gives host, database and user; the port has a default', async (t) => {
  t.strictSame(database(URL), {
    kind: 'postgres',
    host: 'db.example',
    port: 5432,
    database: 'leads',
    user: 'gateway',
    password: 'canary',
    poolMax: 10,
  });
  t.match(database('postgresql://gateway@[::1]:6000/a%20b', { DATABASE_POOL_MAX: '3' }), {
    host: '::1',
    port: 6000,
    database: 'a b',
    password: undefined,
    poolMax: 3,
  });
});

t.test('escapes in the password are decoded', async (t) => {
  t.match(database('postgres://g:p%40ss%2Fw%23%25@h/d'), { password: 'p@ss/w#%' });
});

t.test('TLS is off without sslmode and with disable, and verifies with verify-full', async (t) => {
  t.match(database(URL), { tls: undefined });
  t.match(database(`${URL}?sslmode=disable`), { tls: undefined });
  t.strictSame(database(`${URL}?sslmode=verify-full`), { ...database(URL), tls: {} });
});

for (const [url, fix] of [
  [`${URL}?sslmode=require`, /verify-full/],
  [`${URL}?sslmode=prefer`, /verify-full/],
  [`${URL}?sslmode=allow`, /verify-full/],
  [`${URL}?sslmode=verify-ca`, /verify-full/],
  [`${URL}?sslmode=no-verify`, /verify-full/],
  [`${URL}?sslmode=verify-full&sslmode=disable`, /leave one/],
  [`${URL}?sslrootcert=ca.pem`, /sslmode=verify-full/],
  [`${URL}?ssl=true`, /sslmode and sslrootcert only/],
  [`${URL}?host=elsewhere.example`, /sslmode and sslrootcert only/],
  [`${URL}#canary`, /%23/],
  ['postgres://gateway:canary%zz@db.example/leads', /%25/],
  ['postgres://db.example/leads', /user:password@host/],
  ['postgres://gateway:canary@db.example', /user:password@host/],
  ['postgres://gateway:canary@db.example/a/b', /user:password@host/],
  ['postgres:leads', /user:password@host/],
  ['postgres://gateway:can ary@db.example/leads', /user:password@host/],
] as const) {
  t.test(`DATABASE_URL ${url} is refused without quoting its password`, async (t) => {
    const problems = mistakes(t, () => load({ DATABASE_URL: url }));
    t.match(problems, [{ setting: 'DATABASE_URL', fix }]);
    t.notMatch(JSON.stringify(problems), /canary/);
  });
}

t.test('the file of certificate authorities is read before anything starts', async (t) => {
  const files = { '/app/ca.pem': '-----BEGIN CERTIFICATE-----', '/app/key.pem': '-----BEGIN PRIVATE KEY-----' };
  const of = (file: string) => load({ DATABASE_URL: `${URL}?sslmode=verify-full&sslrootcert=${file}` }, files).database;
  t.match(of('ca.pem'), { tls: { rootCertFile: '/app/ca.pem' } });
  t.match(
    mistakes(t, () => of('key.pem')),
    [{ problem: /without a certificate/ }],
  );
  t.match(
    mistakes(t, () => of('none.pem')),
    [{ setting: 'DATABASE_URL' }],
  );
});

t.test('in production an unencrypted connection to another machine causes a warning and is not refused', async (t) => {
  const warnings = (url: string) =>
    loadFile(soundFile(), { ...KEYS, NODE_ENV: 'production', DATABASE_URL: url }).warnings.map(
      ({ setting }) => setting,
    );
  t.strictSame(warnings(URL), ['DATABASE_URL']);
  t.strictSame(warnings(`${URL}?sslmode=verify-full`), []);
  t.strictSame(warnings('postgres://gateway:canary@127.0.0.1/leads'), []);
});

t.test('the summary names host and database, and neither user nor password', async (t) => {
  const { database: summary } = describeSettings(load({ DATABASE_URL: URL }));
  t.strictSame(summary, { kind: 'postgres', host: 'db.example', port: 5432, name: 'leads', tls: false, poolMax: 10 });
});
