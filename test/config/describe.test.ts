import t from 'tap';
import { describeSettings } from '../../src/config/describe.ts';
import { KEY_HASH, load, loadFile } from './helper.ts';

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

t.test('the summary says what runs: listener, limits, names and hosts', async (t) => {
  t.strictSame(describeSettings(loadFile(FILE, { TRUST_PROXY: '10.0.0.0/8' })), {
    production: false,
    listen: { host: '127.0.0.1', port: 8080, tls: false },
    trustProxy: ['10.0.0.0/8'],
    visitorRate: { max: 10, windowS: 60 },
    deliverWaitMs: 4000,
    upstreamTimeoutMs: 10_000,
    database: { kind: 'sqlite', path: '/app/data/gateway.db' },
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

t.test('the summary holds no credential, no hash of a key and no address beyond its host', async (t) => {
  const account = { PROVIDER_ID: '77001', PROVIDER_USERNAME: 'canary-env', PROVIDER_PASSWORD: 'canary-word' };
  const line = JSON.stringify(describeSettings(loadFile(FILE, account)));
  t.notMatch(line, /canary|77001/);
  t.notMatch(line, KEY_HASH.slice(7, 20));
  t.notMatch(JSON.stringify(describeSettings(load({}))), /demo-password/);
});

t.test('the summary stays one line with a thousand sites: all are counted, twenty are named', async (t) => {
  const sites = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`site-${index}`, FILE.sites.homes]));
  const summary = describeSettings(loadFile({ ...FILE, sites }));
  t.equal(summary.sites.count, 1000);
  t.equal(summary.sites.names.length, 20);
});
