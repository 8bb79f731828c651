import t from 'tap';
import { DEFAULT_FORM } from '../../src/config/defaults.ts';
import { describeSettings } from '../../src/config/describe.ts';
import { ACCOUNT, fileWith, KEYS, load, loadFile, mistakes, settingsOf, soundFile } from '../support/config/load.ts';

const PRODUCTION = { NODE_ENV: 'production', ...KEYS };
const DEVELOPMENT = { NODE_ENV: 'development' };
const LOCAL = 'http://127.0.0.1:9000/provider';

t.test('without any setting there is one open demo site on the bundled simulator', async (t) => {
  const settings = load({});
  t.match(settings, {
    production: false,
    demo: true,
    simulator: true,
    simulatorHost: '127.0.0.1',
    simulatorPort: 8090,
  });
  t.strictSame([...settings.sites.keys()], ['demo']);
  t.strictSame(settings.sites.get('demo'), {
    key: 'demo',
    name: 'Demo',
    origins: '*',
    targets: { advertiserIds: '*', merchantIds: '*' },
    country: 'US',
    countries: new Set(['US']),
    consentRequired: false,
    form: {
      ...DEFAULT_FORM,
      confirmNumber: true,
      phone: { placeholder: true, format: true },
      answerMinutes: 10,
      textingNotice: true,
    },
    provider: 'default',
  });
  t.equal(settings.partners.size, 0);
  t.match(settings.providers.get('default'), {
    providerId: 1001,
    username: 'demo',
    password: 'demo-password',
    url: 'http://127.0.0.1:8090/MobileTextConnectRestService.svc/InitiateMobileTextConversation',
  });
});

t.test('the wire profile and the port of the simulator can be chosen for the demo', async (t) => {
  const settings = load({
    SIMULATOR_PORT: '9100',
    UPSTREAM_XML_ORDER: 'alphabetical',
    UPSTREAM_XML_NAMESPACE: 'urn:x',
  });
  t.equal(settings.simulatorPort, 9100);
  t.match(settings.providers.get('default'), { url: /:9100\//, wire: { order: 'alphabetical', namespace: 'urn:x' } });
});

for (const host of ['127.0.0.1', '127.8.9.1', '::1', '0:0:0:0:0:0:0:1', 'localhost']) {
  t.test(`the bundled simulator may always listen on ${host}`, async (t) => {
    t.equal(load({ SIMULATOR_HOST: host }).simulatorHost, host);
  });
}

t.test('in development the bundled simulator listens on more than loopback where the demo does', async (t) => {
  const open = { ...DEVELOPMENT, HOST: '0.0.0.0', SIMULATOR_HOST: '0.0.0.0' };
  t.equal(load(open).simulatorHost, '0.0.0.0');
  t.equal(load({ ...open, HOST: '::', SIMULATOR_HOST: '172.28.71.9' }).simulatorHost, '172.28.71.9');

  const [beyond] = mistakes(t, () => load({ ...DEVELOPMENT, SIMULATOR_HOST: '0.0.0.0' }));
  t.match(beyond, { setting: 'SIMULATOR_HOST', problem: /the demo itself listens on loopback \(HOST\) only/ });
  for (const host of ['::', '10.0.0.1', '127.0.0.1.example', 'fe80::1%eth0']) {
    t.match(
      mistakes(t, () => load({ SIMULATOR_HOST: host })),
      [{ setting: 'SIMULATOR_HOST' }],
      host,
    );
  }
});

t.test('outside the demo the bundled simulator is kept on loopback whatever HOST is', async (t) => {
  const open = { NODE_ENV: 'development', HOST: '0.0.0.0', SIMULATOR_HOST: '0.0.0.0' };
  const only = [{ setting: 'SIMULATOR_HOST', problem: /only the demo runs the bundled simulator/, fix: 'unset it' }];
  t.match(
    mistakes(t, () => load({ ...open, UPSTREAM_URL: LOCAL, ...ACCOUNT })),
    only,
  );
  t.match(
    mistakes(t, () => loadFile(soundFile(), { ...KEYS, ...open })),
    only,
  );
  t.match(
    mistakes(t, () => loadFile(soundFile(), { ...open, ...PRODUCTION })),
    only,
  );
});

for (const url of [LOCAL, 'http://127.8.9.1/', 'http://[::1]:9000/', 'https://localhost:9000/', 'http://LOCALHOST/']) {
  t.test(`the demo site calls the loopback address ${url} with the account of PROVIDER_*`, async (t) => {
    const settings = load({ UPSTREAM_URL: url, ...ACCOUNT, UPSTREAM_REGION: 'eu' });
    t.match(settings, { demo: true, simulator: false });
    t.strictSame([...settings.sites.keys()], ['demo']);
    t.match(settings.providers.get('default'), {
      id: 'default',
      region: 'eu',
      url,
      providerId: 1001,
      username: 'user',
    });
  });
}

t.test('a loopback UPSTREAM_URL needs each of PROVIDER_*', async (t) => {
  const problems = mistakes(t, () => load({ UPSTREAM_URL: LOCAL, PROVIDER_USERNAME: 'user' }));
  t.strictSame(settingsOf(problems), ['PROVIDER_ID', 'PROVIDER_PASSWORD']);
});

for (const url of ['https://services.example/x', 'https://127.0.0.1.example/', 'https://10.0.0.1/', 'https://[::2]/']) {
  t.test(`the demo site never calls ${url}, and the problem says why`, async (t) => {
    const problems = mistakes(t, () => load({ UPSTREAM_URL: url, ...ACCOUNT }));
    t.match(problems, [{ setting: 'UPSTREAM_URL', problem: /the open demo site must not call a real provider/ }]);
    t.match(problems[0]?.fix, /set CONFIG_FILE too/);
  });
}

t.test(
  'an account or a region without CONFIG_FILE is refused, so that the demo site never has a real account',
  async (t) => {
    const problems = mistakes(t, () => load({ ...ACCOUNT, UPSTREAM_REGION: 'eu' }));
    t.strictSame(settingsOf(problems), ['PROVIDER_ID', 'PROVIDER_USERNAME', 'PROVIDER_PASSWORD', 'UPSTREAM_REGION']);
    for (const { problem } of problems) t.match(problem, /without CONFIG_FILE/);
  },
);

t.test('beside a configuration file the rules of production hold, unless NODE_ENV is development', async (t) => {
  const file = fileWith('/sites/motors/provider', undefined);
  Object.assign((file as ReturnType<typeof soundFile>).sites.motors, { origins: ['*'] });
  const bare = { DATA_KEY: '', HASH_KEY: '' };
  for (const env of [bare, { ...bare, NODE_ENV: 'test' }]) {
    const problems = mistakes(t, () => loadFile(file, env));
    const all = ['PROVIDER_ID', 'PROVIDER_USERNAME', 'PROVIDER_PASSWORD', 'CONFIG_FILE: /sites/motors/origins'];
    t.strictSame(settingsOf(problems), [...all, 'DATA_KEY', 'HASH_KEY']);
    t.match(problems.at(-1)?.fix, /openssl rand -base64 32 prints it; or set NODE_ENV=development for a trial$/);
  }
  t.match(loadFile(soundFile()), { production: true, demo: false, warnings: [] });
  t.match(loadFile(file, { ...bare, ...DEVELOPMENT, ...ACCOUNT }), { production: false, demo: false });
  const unreadable = mistakes(t, () => load({ CONFIG_FILE: 'conf' }));
  t.strictSame(settingsOf(unreadable), ['CONFIG_FILE', 'DATA_KEY', 'HASH_KEY']);
});

t.test('development beside a configuration file warns of everything that is open', async (t) => {
  const file = fileWith('/sites/motors/origins', ['*']);
  const [open, ...others] = loadFile(file, { ...DEVELOPMENT, DATA_KEY: '', HASH_KEY: '' }).warnings;
  t.strictSame(others, []);
  t.equal(open?.setting, 'NODE_ENV');
  for (const part of [
    /demo page/,
    /plain text \(no DATA_KEY\)/,
    /published key \(no HASH_KEY\)/,
    /any page .* motors/,
  ]) {
    t.match(open?.problem, part);
  }
  const [closed] = loadFile(soundFile(), DEVELOPMENT).warnings;
  t.match(closed?.problem, /the rules of production do not hold: the demo page is served$/);

  const { motors } = soundFile().sites;
  const sites = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`site-${n}`, { ...motors, origins: ['*'] }]));
  const [many] = loadFile({ ...soundFile(), sites, partners: {} }, DEVELOPMENT).warnings;
  t.match(many?.problem, /site-9 and 490 more$/);
});

t.test('the demo listens on loopback only, and on more only in development, with a warning', async (t) => {
  for (const [any, loopback] of [
    ['0.0.0.0', '127.0.0.1'],
    ['::', '::1'],
  ] as const) {
    const { listen, warnings } = load({ HOST: any });
    t.equal(listen.host, loopback);
    t.match(warnings, [{ setting: 'HOST', fix: /set CONFIG_FILE; or NODE_ENV=development/ }]);
    const open = load({ HOST: any, ...DEVELOPMENT });
    t.equal(open.listen.host, any);
    t.match(open.warnings, [{ setting: 'NODE_ENV', problem: /takes leads of anybody who reaches HOST/ }]);
  }
  t.strictSame(load(DEVELOPMENT).warnings, []);
  t.strictSame(settingsOf(mistakes(t, () => load({ HOST: '192.0.2.7' }))), ['HOST']);
  const admin = { ADMIN_PORT: '9090', ADMIN_TOKEN: 'admin-token-'.repeat(3), ADMIN_HOST: '0.0.0.0' };
  t.strictSame(settingsOf(mistakes(t, () => load(admin))), ['ADMIN_HOST']);
  t.equal(load({ ...admin, ...DEVELOPMENT }).admin?.host, '0.0.0.0');
  t.equal(loadFile(soundFile(), { ...admin, HOST: '0.0.0.0' }).listen.host, '0.0.0.0');
});

t.test('production lists everything that is missing at once, and has no demo', async (t) => {
  const problems = mistakes(t, () => load({ NODE_ENV: 'production' }));
  t.strictSame(settingsOf(problems), [
    'CONFIG_FILE',
    'PROVIDER_ID',
    'PROVIDER_USERNAME',
    'PROVIDER_PASSWORD',
    'DATA_KEY',
    'HASH_KEY',
  ]);
  const local = mistakes(t, () => load({ ...PRODUCTION, UPSTREAM_URL: LOCAL, ...ACCOUNT }));
  t.strictSame(settingsOf(local), ['CONFIG_FILE']);
});

t.test('production with a file requires the default account where a site uses it', async (t) => {
  const file = fileWith('/sites/motors/provider', undefined);
  const problems = mistakes(t, () => loadFile(file, PRODUCTION));
  t.strictSame(settingsOf(problems), ['PROVIDER_ID', 'PROVIDER_USERNAME', 'PROVIDER_PASSWORD']);
  t.match(problems[0]?.problem, /the site motors is delivered through that account/);
  t.match(problems[0]?.fix, /define \/providers\/default in CONFIG_FILE, or name one of main in the site/);
  t.match(loadFile(file, { ...PRODUCTION, ...ACCOUNT }), { production: true, demo: false, simulator: false });
});

t.test('production needs no PROVIDER_* where the file has all accounts', async (t) => {
  const settings = loadFile(soundFile(), PRODUCTION);
  t.strictSame([...settings.providers.keys()], ['main']);
});

t.test('production refuses a site that is open to any page, unless it confirms that', async (t) => {
  const open = fileWith('/sites/motors/origins', ['*']);
  const problems = mistakes(t, () => loadFile(open, PRODUCTION));
  t.match(problems, [{ setting: 'CONFIG_FILE: /sites/motors/origins', fix: /"allowAnyOrigin": true/ }]);
  t.equal(loadFile(open, DEVELOPMENT).sites.get('motors')?.origins, '*', 'outside production it is fine');

  const confirmed = soundFile();
  Object.assign(confirmed.sites.motors, { origins: ['*'], allowAnyOrigin: true });
  t.equal(loadFile(confirmed, PRODUCTION).sites.get('motors')?.origins, '*');
});

t.test('the account of PROVIDER_* is named default, and must be described only once', async (t) => {
  const provider = loadFile(soundFile(), ACCOUNT).providers.get('default');
  t.match(provider, {
    id: 'default',
    region: 'na',
    providerId: 1001,
    url: /^https:\/\/services\.contactatonce\.com\//,
  });
  const file = fileWith('/providers/default', { providerId: 1, username: 'u', password: 'p' });
  t.equal(loadFile(file).providers.get('default')?.providerId, 1);
  const problems = mistakes(t, () =>
    loadFile(file, { PROVIDER_ID: '1', PROVIDER_USERNAME: 'u', PROVIDER_PASSWORD: 'p' }),
  );
  t.match(problems, [{ setting: 'CONFIG_FILE: /providers/default', problem: /is described by PROVIDER_ID/ }]);
});

t.test('the account of PROVIDER_* has its failurePatterns from the file, and nothing else', async (t) => {
  const file = fileWith('/providers/default', { failurePatterns: { 'is paused': 'not_sent' } });
  t.match(loadFile(file, ACCOUNT).providers.get('default'), {
    providerId: 1001,
    failurePatterns: [{ text: 'is paused', words: 'is paused', class: 'not_sent' }],
  });
  const more = fileWith('/providers/default', { region: 'eu', failurePatterns: {} });
  const problems = mistakes(t, () => loadFile(more, ACCOUNT));
  t.match(problems, [
    { setting: 'CONFIG_FILE: /providers/default', fix: /only failurePatterns and wire may stand here/ },
  ]);
});

t.test('an incomplete account, and an address or region without an account, are refused beside a file', async (t) => {
  const half = mistakes(t, () => loadFile(soundFile(), { PROVIDER_ID: '1' }));
  t.strictSame(settingsOf(half), ['PROVIDER_USERNAME', 'PROVIDER_PASSWORD']);
  const idle = mistakes(t, () => loadFile(soundFile(), { UPSTREAM_URL: LOCAL, UPSTREAM_REGION: 'eu' }));
  t.strictSame(settingsOf(idle), ['UPSTREAM_URL', 'UPSTREAM_REGION']);
  t.match(idle[0]?.problem, /belongs to the account of PROVIDER_\*/);
});

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
  [`${URL}?ssl=true`, /remove ssl: use sslmode and sslrootcert only/],
  [`${URL}?sslmod=verify-full`, /did you mean sslmode for sslmod\?/],
  [`${URL}?sslmode=require&channel_binding=require`, /remove channel_binding: .*; use sslmode=verify-full/],
  [`${URL}?application_name=x&Timezone=UTC`, /remove application_name, remove Timezone: use/],
  [`${URL}?can%61ry%201=x`, /remove it: use/],
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
