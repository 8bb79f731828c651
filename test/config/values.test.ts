import t from 'tap';
import { DEFAULT_FORM } from '../../src/config/defaults.ts';
import { fileWith, KEY_HASH, load, loadFile, soundFile } from '../support/config/load.ts';

t.test('every variable becomes a value of the right type', async (t) => {
  const pem = { '/app/cert.pem': '-----BEGIN CERTIFICATE-----', '/keys/key.pem': '-----BEGIN EC PRIVATE KEY-----' };
  const settings = load(
    {
      NODE_ENV: 'development',
      LOG_LEVEL: 'silent',
      HOST: '::',
      PORT: '0',
      TLS_CERT_FILE: 'cert.pem',
      TLS_KEY_FILE: '/keys/key.pem',
      TRUST_PROXY: '10.0.0.0/8, 192.0.2.7,2001:db8::/32,2001:db8::7',
      RATE_LIMIT_MAX: '3',
      RATE_LIMIT_WINDOW_S: '90',
      DELIVER_WAIT_MS: '0',
      UPSTREAM_TIMEOUT_MS: '2500',
      RETRY_SCHEDULE_S: '1, 2,604800',
      UNKNOWN_OUTCOME: 'hold',
      UNKNOWN_RESEND_MAX: '0',
      VISITOR_DAILY_MAX: '7',
      PHONE_DAILY_MAX: '8',
      PHONE_DAILY_MAX_TOTAL: '11',
      SITE_DAILY_MAX: '9',
      RETENTION_DAYS: '3650',
      DATABASE_URL: 'sqlite:leads.db',
      SIMULATOR_HOST: '::1',
      SIMULATOR_PORT: '0',
    },
    pem,
  );
  t.match(settings, {
    production: false,
    logLevel: 'silent',
    listen: { host: '::', port: 0, tls: { certFile: '/app/cert.pem', keyFile: '/keys/key.pem' } },
    trustProxy: ['10.0.0.0/8', '192.0.2.7/32', '2001:db8::/32', '2001:db8::7/128'],
    visitorRate: { max: 3, windowS: 90 },
    deliverWaitMs: 0,
    upstreamTimeoutMs: 2500,
    retry: { scheduleS: [1, 2, 604_800], unknown: 'hold', resendMax: 0 },
    dailyMax: { visitor: 7, phone: 8, phoneTotal: 11, site: 9 },
    retentionDays: 3650,
    database: { kind: 'sqlite', path: '/app/leads.db' },
    simulatorHost: '::1',
    simulatorPort: 0,
  });
});

t.test('the defaults are those that are documented', async (t) => {
  const { providers, sites, partners, operators: _operators, ...settings } = load({});
  t.strictSame(settings, {
    production: false,
    demo: true,
    simulator: true,
    simulatorHost: '127.0.0.1',
    simulatorPort: 8090,
    consolePort: 8091,
    metricsSites: [],
    logLevel: 'info',
    listen: { host: '127.0.0.1', port: 8080 },
    maxConnections: 5000,
    trustProxy: [],
    visitorRate: { max: 10, windowS: 60 },
    deliverWaitMs: 4000,
    upstreamTimeoutMs: 10_000,
    retry: { scheduleS: [5, 30, 120, 600, 3600, 10_800, 21_600, 43_200], unknown: 'resend', resendMax: 2 },
    dailyMax: { phone: 5, phoneTotal: 10, site: 2000, visitor: 50 },
    keys: { data: [], hash: Buffer.from('text-connect-gateway development') },
    retentionDays: 30,
    database: { kind: 'sqlite', path: '/app/data/gateway.db' },
    privateHosts: new Set(),
    wires: { environment: providers.get('default')?.wire },
    warnings: [],
    files: [],
  });
  t.strictSame(providers.get('default')?.wire, {
    root: 'MobileTextConnectRequest',
    order: 'documented',
    contentType: 'application/xml; charset=utf-8',
    listingFormat: 'text',
  });
});

for (const [url, path] of [
  ['sqlite:./data/x.db', '/app/data/x.db'],
  ['sqlite:/var/lib/x.db', '/var/lib/x.db'],
  ['sqlite:///var/lib/x.db', '/var/lib/x.db'],
] as const) {
  t.test(`DATABASE_URL ${url} is the file ${path}`, async (t) => {
    t.strictSame(load({ DATABASE_URL: url }).database, { kind: 'sqlite', path });
  });
}

t.test('a site has what the file says', async (t) => {
  const file = soundFile();
  Object.assign(file.sites.motors, {
    origins: ['https://motors.example', 'http://localhost:3000'],
    targets: { advertiserIds: '*', merchantIds: [20418] },
    defaultTarget: { merchantId: 20418 },
    placementId: 7,
    country: 'CA',
    countries: ['CA', 'US'],
    consent: { required: true, text: 'I agree.', version: '2026-11' },
    dailyMax: { phone: 3 },
    unknownOutcome: 'hold',
  });
  t.strictSame(loadFile(file).sites.get('motors'), {
    key: 'motors',
    name: 'Motors',
    origins: new Set(['https://motors.example', 'http://localhost:3000']),
    targets: { advertiserIds: '*', merchantIds: new Set([20418]) },
    defaultTarget: { merchantId: 20418 },
    placementId: 7,
    country: 'CA',
    countries: new Set(['CA', 'US']),
    consentRequired: true,
    consentText: 'I agree.',
    consentVersion: '2026-11',
    form: DEFAULT_FORM,
    dailyMax: { phone: 3 },
    unknownOutcome: 'hold',
    provider: 'main',
  });
});

t.test('a minimal site reaches its default target, takes its own country and needs no consent', async (t) => {
  const sites = {
    least: { name: 'Least', origins: [], country: 'GB', defaultTarget: { advertiserId: '7' }, provider: 'main' },
  };
  t.strictSame(loadFile({ sites, providers: soundFile().providers }).sites.get('least'), {
    key: 'least',
    name: 'Least',
    origins: new Set(),
    targets: { advertiserIds: new Set(['7']), merchantIds: new Set() },
    defaultTarget: { advertiserId: '7' },
    country: 'GB',
    countries: new Set(['GB']),
    consentRequired: false,
    form: DEFAULT_FORM,
    provider: 'main',
  });
});

t.test('a list of targets that is left out allows no target of that kind', async (t) => {
  const file = soundFile();
  Object.assign(file.sites.motors, { targets: { advertiserIds: ['1659'] } });
  t.strictSame(loadFile(file).sites.get('motors')?.targets.merchantIds, new Set());
});

t.test('a partner has the bytes of its hashes, its sites and its rate', async (t) => {
  const file = soundFile();
  Object.assign(file.partners.crm, { targets: { merchantIds: '*' }, rate: { max: 5, windowS: 1 }, sites: '*' });
  t.strictSame(loadFile(file).partners.get('crm'), {
    id: 'crm',
    keyHashes: [Buffer.from(KEY_HASH.slice(7), 'hex')],
    defaultSite: 'motors',
    sites: '*',
    targets: { advertiserIds: new Set(), merchantIds: '*' },
    rate: { max: 5, windowS: 1 },
  });
});

t.test('an operator has the bytes of its hash, its role, and the end of its last day', async (t) => {
  const file = fileWith('/operators', {
    ann: { tokenHash: KEY_HASH, role: 'operator', expires: '2027-06-30' },
    bob: { tokenHash: `sha256:${'cd'.repeat(32)}`, role: 'viewer', expires: '2027-06-30T18:00+02:00' },
    monitor: { tokenHash: `sha256:${'ef'.repeat(32)}`, role: 'viewer' },
  });
  const { operators } = loadFile(file);
  t.strictSame(operators.get('ann'), {
    name: 'ann',
    role: 'operator',
    tokenHash: Buffer.from(KEY_HASH.slice(7), 'hex'),
    expiresAt: Date.parse('2027-07-01T00:00Z'),
  });
  t.equal(operators.get('bob')?.expiresAt, Date.parse('2027-06-30T16:00Z'));
  t.notOk('expiresAt' in (operators.get('monitor') ?? {}));
  t.equal(load({}).operators.size, 0);
});

t.test('a site and an account have their failurePatterns in the form that is compared', async (t) => {
  const written = { 'Is -- PAUSED!': 'unknown', 'no handset': { class: 'rejected' } };
  const built = [
    { text: 'Is -- PAUSED!', words: 'is paused', class: 'unknown' },
    { text: 'no handset', words: 'no handset', class: 'rejected', reason: 'other' },
  ];
  const site = loadFile(fileWith('/sites/motors/failurePatterns', written)).sites.get('motors');
  t.strictSame(site?.failurePatterns, built);
  const account = loadFile(fileWith('/providers/main/failurePatterns', written)).providers.get('main');
  t.strictSame(account?.failurePatterns, built);
});

t.test('a minimal partner sends for its default site, 600 times a minute', async (t) => {
  const file = {
    ...soundFile(),
    partners: { crm: { keys: [KEY_HASH.toUpperCase().replace('SHA', 'sha')], defaultSite: 'motors' } },
  };
  t.match(loadFile(file).partners.get('crm'), {
    keyHashes: [Buffer.from(KEY_HASH.slice(7), 'hex')],
    sites: new Set(['motors']),
    rate: { max: 600, windowS: 60 },
  });
});

t.test('a partner may have a default site without naming its sites, and sites without a default', async (t) => {
  const file = { ...soundFile(), partners: { crm: { keys: [KEY_HASH], sites: ['motors'], rate: { max: 9 } } } };
  const partner = loadFile(file).partners.get('crm');
  t.notOk(partner && 'defaultSite' in partner);
  t.strictSame(partner?.rate, { max: 9, windowS: 60 });
});

t.test(
  'an account is called at its address, else at its region, and takes the rest from the environment',
  async (t) => {
    const account = { providerId: 5, username: 'u', password: 'p' };
    const file = {
      ...soundFile(),
      providers: {
        main: account,
        au: {
          ...account,
          region: 'au',
          xml: { root: 'Root', namespace: 'urn:own', order: 'documented' },
          listingFormat: 'json',
        },
        own: { ...account, region: 'eu', url: 'https://own.example/x', xml: { contentType: 'text/xml' } },
      },
    };
    const env = {
      UPSTREAM_XML_ORDER: 'alphabetical',
      UPSTREAM_XML_NAMESPACE: 'urn:all',
      LISTING_DETAILS_FORMAT: 'urlencoded',
    };
    const { providers } = loadFile(file, env);
    const common = {
      root: 'MobileTextConnectRequest',
      namespace: 'urn:all',
      order: 'alphabetical',
      listingFormat: 'urlencoded',
    };
    t.match(providers.get('main'), { region: 'na', url: /^https:\/\/services\.contactatonce\.com\//, wire: common });
    t.match(providers.get('au'), {
      url: /^https:\/\/services\.contactatonce\.com\.au\//,
      wire: { root: 'Root', namespace: 'urn:own', order: 'documented', listingFormat: 'json' },
    });
    t.match(providers.get('own'), {
      region: 'eu',
      url: 'https://own.example/x',
      wire: { ...common, contentType: 'text/xml' },
    });
  },
);

t.test('the file may have comments, trailing commas and a byte order mark', async (t) => {
  const text = `\uFEFF// sites\n${JSON.stringify(soundFile()).replace(/}$/, ', /* end */ }')}`;
  t.strictSame([...loadFile(text).sites.keys()], ['motors']);
});

t.test('an entry may be named like something that every object has', async (t) => {
  const file = soundFile();
  const settings = loadFile({ ...file, sites: { ...file.sites, constructor: file.sites.motors } });
  t.equal(settings.sites.get('constructor')?.key, 'constructor');
});

for (const [url, server] of [
  ['redis://redis.example', { host: 'redis.example', port: 6379, tls: false, database: 0 }],
  ['redis://redis.example/', { host: 'redis.example', port: 6379, tls: false, database: 0 }],
  ['rediss://10.0.0.7:6380/12', { host: '10.0.0.7', port: 6380, tls: true, database: 12 }],
  ['redis://[2001:db8::7]:6380', { host: '2001:db8::7', port: 6380, tls: false, database: 0 }],
  ['redis://:p%40ss%2F%25@r', { host: 'r', port: 6379, tls: false, database: 0, password: 'p@ss/%' }],
  ['redis://ann:w@r', { host: 'r', port: 6379, tls: false, database: 0, username: 'ann', password: 'w' }],
] as const) {
  t.test(`REDIS_URL ${url} is a server`, async (t) => {
    t.strictSame(load({ REDIS_URL: url }).redis, server);
  });
}

t.test('without REDIS_URL there is no shared server', async (t) => {
  t.equal(load({}).redis, undefined);
  t.equal(load({ REDIS_URL: '' }).redis, undefined);
});
