import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { parse } from 'jsonc-parser';
import t from 'tap';
import { settingsDocument } from '../../scripts/generate-settings-docs.ts';
import { describeSettings } from '../../src/config/describe.ts';
import { loadSettings } from '../../src/config/load.ts';
import { renderFileSchema } from '../../src/config/schema/file.ts';
import { compile } from '../../src/config/schema/validate.ts';
import { VARIABLES, type Variable } from '../../src/config/schema/variables.ts';
import { ACCOUNT, KEY_HASH, KEYS, keyOf, load, loadFile } from '../support/config/load.ts';

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
  notifications: {
    targets: {
      chat: {
        url: 'https://hooks.example/canary-path',
        secret: `whsec_${Buffer.from('canary-0123456789-abcdefghijk').toString('base64')}`,
      },
      mail: { email: ['canary@example.com'] },
    },
    smtp: { host: 'canary.example', user: 'canary-user', password: 'canary-password', from: 'canary@example.com' },
  },
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

/** The file's site is open to any page. */
const OPEN = { NODE_ENV: 'development', DATA_KEY: '', HASH_KEY: '' };

t.test('the summary has the listener, limits, names and hosts', async (t) => {
  t.strictSame(describeSettings(loadFile(FILE, { ...OPEN, TRUST_PROXY: '10.0.0.0/8' })), {
    production: false,
    listen: { host: '127.0.0.1', port: 8080, tls: false },
    maxConnections: 5000,
    trustProxy: ['10.0.0.0/8'],
    visitorRate: { max: 10, windowS: 60 },
    deliverWaitMs: 4000,
    upstreamTimeoutMs: 10_000,
    retry: { scheduleS: [5, 30, 120, 600, 3600, 10_800, 21_600, 43_200], unknown: 'resend', resendMax: 2 },
    dailyMax: { phone: 5, phoneTotal: 10, site: 2000, visitor: 50 },
    retentionDays: 30,
    encrypted: false,
    admin: { on: false },
    database: { kind: 'sqlite', path: '/app/data/gateway.db' },
    redis: { on: false },
    tracing: false,
    logLevel: 'info',
    demo: false,
    simulator: false,
    sites: { count: 2, names: ['motors', 'homes'] },
    openSites: { count: 1, names: ['motors'] },
    partners: { count: 1, names: ['crm'] },
    operators: { count: 0, names: [] },
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
    notified: { count: 2, names: ['chat', 'mail'] },
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
  const line = JSON.stringify(describeSettings(loadFile(FILE, { ...OPEN, ...account })));
  t.notMatch(line, /canary|77001|whsec_/);
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
  const summary = describeSettings(loadFile({ ...FILE, sites }, OPEN));
  t.equal(summary.sites.count, 1000);
  t.equal(summary.sites.names.length, 20);
});

t.test('the summary names the host of Redis and none of its credentials', async (t) => {
  const summary = describeSettings(load({ REDIS_URL: 'rediss://canary-user:canary-word@redis.example:6380/1' }));
  t.strictSame(summary.redis, { on: true, host: 'redis.example', port: 6380, tls: true, database: 1 });
  t.notMatch(JSON.stringify(summary), /canary/);
});

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const published = JSON.parse(read('openapi/config.schema.json'));
const EXAMPLE = 'gateway.config.example.jsonc';

t.test('the committed schema is the one that the source describes (npm run config-schema)', async (t) => {
  t.equal(read('openapi/config.schema.json'), renderFileSchema());
});

t.test('the published schema accepts the example file, and refuses an unknown name in it', async (t) => {
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(published);
  const example = parse(read(EXAMPLE));
  t.ok(validate(example), JSON.stringify(validate.errors));
  example.sites['example-motors'].nmae = 'x';
  t.notOk(validate(example));
});

type Node = {
  description?: string;
  errorMessage?: string;
  examples?: unknown[];
  required?: string[];
  properties?: Record<string, Node>;
  patternProperties?: Record<string, Node>;
};

/** Every property of the schema, by its path. */
function* properties(node: Node, path = ''): Generator<[string, Node]> {
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    yield [`${path}/${name}`, child];
    yield* properties(child, `${path}/${name}`);
  }
  for (const child of Object.values(node.patternProperties ?? {})) yield* properties(child, `${path}/*`);
}

t.test('every property of the schema has a description, an errorMessage and valid examples', async (t) => {
  const all = [...properties(published)];
  t.ok(all.length > 40);
  for (const [path, node] of all) {
    t.type(node.description, 'string', path);
    t.type(node.errorMessage, 'string', path);
    t.ok(node.examples?.length, path);
    const validate = compile(node);
    for (const example of node.examples ?? []) t.strictSame(validate(example), [], path);
  }
});

const REQUIRED_NAMES = [
  'name',
  'origins',
  'country',
  'keys',
  'tokenHash',
  'role',
  'targets',
  'host',
  'from',
  'to',
  'timeZone',
  'week',
  'version',
];

t.test('every name that an object of the schema requires is one of its properties', async (t) => {
  const nodes = [...properties(published)].map(([, node]) => node);
  const objects = [published, ...nodes, ...nodes.flatMap((node) => Object.values(node.patternProperties ?? {}))];
  const required = objects.flatMap((node: Node) => (node.required ?? []).map((name) => ({ name, node })));
  t.strictSame(new Set(required.map(({ name }) => name)), new Set(REQUIRED_NAMES));
  for (const { name, node } of required) t.ok(Object.hasOwn(node.properties ?? {}, name), name);
});

t.test('the example file loads in production, beside the account of PROVIDER_*', async (t) => {
  const settings = loadSettings(
    { NODE_ENV: 'production', CONFIG_FILE: EXAMPLE, ...ACCOUNT, ...KEYS },
    {
      cwd: '/app',
      readFile: (path) => Buffer.from(path === `/app/${EXAMPLE}` ? read(EXAMPLE) : `secret of ${path}\n`),
    },
  );
  t.strictSame([...settings.sites.keys()], ['example-motors', 'example-homes']);
  t.strictSame([...settings.providers.keys()], ['default', 'europe']);
  t.strictSame(settings.warnings, []);
});

/** Names and values of `.env.example`, in which every setting is commented out. */
const env = new Map(
  read('.env.example')
    .split('\n')
    .flatMap((line): [string, string][] => {
      const [, name, value] = /^# ([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
);

t.test('.env.example has every setting of the table and no other', async (t) => {
  t.strictSame([...env.keys()].toSorted(), Object.keys(VARIABLES).toSorted());
});

for (const [name, row] of Object.entries<Variable>(VARIABLES)) {
  t.test(`.env.example shows the default of ${name}`, async (t) => {
    t.equal(env.get(name), String(row.fallback ?? ''));
    t.notOk(row.secret && env.get(name), 'a secret has none');
  });
}

t.test(
  'docs/settings.md is current (npm run settings-docs) and lists every setting once, with a description',
  async (t) => {
    const document = read('docs/settings.md');
    t.equal(document, settingsDocument());
    const rows = [...document.matchAll(/^\| `([A-Z0-9_]+)` \| .+ \| .+ \| (.+) \|$/gm)];
    t.strictSame(
      rows.map(([, name]) => name),
      Object.keys(VARIABLES),
    );
    for (const [, name = '', description = ''] of rows) t.match(description, /^\S.{10,}\.$/, name);
  },
);

t.test('.env.example changes nothing when all its lines are used', async (t) => {
  const { NODE_ENV, UPSTREAM_REGION: _, ...others } = Object.fromEntries(env);
  t.equal(NODE_ENV, '');
  t.strictSame(load(others), load({}));
});
