import t from 'tap';
import { describeSettings } from '../../src/config/describe.ts';
import { KEY_HASH, KEYS, keyOf, load, loadFile } from './helper.ts';

const FILE = {
  sites: {
    motors: {
      name: 'Motors',
      origins: ['*'],
      targets: { advertiserIds: ['canary-target'] },
      country: 'US',
      provider: 'main',
    },
    homes: { name: 'Homes', origins: [], targets: { merchantIds: '*' }, country: 'GB', provider: 'main' },
  },
  partners: { crm: { keys: [KEY_HASH], sites: '*' } },
  providers: {
    main: {
      region: 'eu',
      url: 'https://services.example:8443/canary-path?canary=query',
      providerId: 1,
      username: 'canary-user',
      password: 'canary-password',
    },
  },
};

t.test('the summary has the listener, limits, names and hosts', async (t) => {
  t.strictSame(describeSettings(loadFile(FILE, { TRUST_PROXY: '10.0.0.0/8' })), {
    production: false,
    listen: { host: '127.0.0.1', port: 8080, tls: false },
    maxConnections: 5000,
    trustProxy: ['10.0.0.0/8'],
    visitorRate: { max: 10, windowS: 60 },
    deliverWaitMs: 4000,
    upstreamTimeoutMs: 10_000,
    retry: { scheduleS: [5, 30, 120, 600, 3600, 10_800, 21_600, 43_200], unknown: 'resend', resendMax: 2 },
    dailyMax: { phone: 5, site: 2000, visitor: 50 },
    retentionDays: 30,
    encrypted: false,
    admin: { on: false },
    database: { kind: 'sqlite', path: '/app/data/gateway.db' },
    redis: { on: false },
    logLevel: 'info',
    demo: false,
    simulator: false,
    sites: { count: 2, names: ['motors', 'homes'] },
    openSites: { count: 1, names: ['motors'] },
    partners: { count: 1, names: ['crm'] },
    providers: [
      {
        id: 'main',
        region: 'eu',
        host: 'services.example:8443',
        root: 'MobileTextConnectRequest',
        namespace: '',
        order: 'documented',
        contentType: 'application/xml; charset=utf-8',
        listingFormat: 'text',
      },
    ],
  });
});

t.test(
  'the summary says that the bundled simulator is used, without a port, because it may listen on another one',
  async (t) => {
    t.match(describeSettings(load({})), { simulator: true, providers: [{ host: 'simulator' }] });
  },
);

t.test('the summary holds no credential, no hash of a key and no address beyond its host', async (t) => {
  const account = { PROVIDER_ID: '77001', PROVIDER_USERNAME: 'canary-env', PROVIDER_PASSWORD: 'canary-word' };
  const line = JSON.stringify(describeSettings(loadFile(FILE, account)));
  t.notMatch(line, /canary|77001/);
  t.notMatch(line, KEY_HASH.slice(7, 20));
  t.notMatch(JSON.stringify(describeSettings(load({}))), /demo-password/);
});

t.test("the summary has whether leads are encrypted and the operators' listener, and no key or token", async (t) => {
  const secrets = {
    ...KEYS,
    DATA_KEY_PREVIOUS: keyOf('previous'),
    ADMIN_TOKEN: `canary-${'a'.repeat(32)}`,
    METRICS_TOKEN: `canary-${'m'.repeat(16)}`,
  };
  const settings = load({ ...secrets, ADMIN_PORT: '9090' });
  const summary = describeSettings(settings);
  t.match(summary, { encrypted: true, admin: { on: true, host: '127.0.0.1', port: 9090, metricsToken: true } });
  const line = JSON.stringify(summary);
  for (const secret of Object.values(secrets)) t.notOk(line.includes(secret));
  for (const key of [...settings.keys.data, settings.keys.hash]) t.notOk(line.includes(JSON.stringify(key)));
});

t.test('with a thousand sites the summary counts all and names twenty', async (t) => {
  const sites = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`site-${index}`, FILE.sites.homes]));
  const summary = describeSettings(loadFile({ ...FILE, sites }));
  t.equal(summary.sites.count, 1000);
  t.equal(summary.sites.names.length, 20);
});

t.test('the summary names the host of Redis and none of its credentials', async (t) => {
  const summary = describeSettings(load({ REDIS_URL: 'rediss://canary-user:canary-word@redis.example:6380/1' }));
  t.strictSame(summary.redis, { on: true, host: 'redis.example', port: 6380, tls: true, database: 1 });
  t.notMatch(JSON.stringify(summary), /canary/);
});
