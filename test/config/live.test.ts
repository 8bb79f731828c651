import t from 'tap';
import { createAccounts, createLiveSettings } from '../../src/config/live.ts';
import { NO_STORED_SITES } from '../../src/domain/site.ts';
import { createGate, FAILURES_TO_OPEN } from '../../src/leads/delivery/breaker.ts';
import { manualClock } from '../support/clock.ts';
import { fileWith, KEYS, keyOf, load, loadFile, soundFile } from '../support/config/load.ts';

const TOKEN = 'admin-token-'.repeat(3);
const POSTGRES = { DATABASE_URL: 'postgres://gateway:secret@localhost/leads' };
const ADMIN = { ADMIN_PORT: '9090', ADMIN_TOKEN: TOKEN };

/** What replacing settings of no variable by settings of these is said to have changed. */
const replaced = (env: NodeJS.ProcessEnv, before: NodeJS.ProcessEnv = {}) => {
  const live = createLiveSettings(load(before));
  return { ...live.replace(load(env)), current: live.current() };
};

const LIVE: [name: string, value: string, holds: object][] = [
  ['RETRY_SCHEDULE_S', '1,2', { retry: { scheduleS: [1, 2] } }],
  ['UNKNOWN_OUTCOME', 'hold', { retry: { unknown: 'hold' } }],
  ['UNKNOWN_RESEND_MAX', '9', { retry: { resendMax: 9 } }],
  ['PHONE_DAILY_MAX', '9', { dailyMax: { phone: 9 } }],
  ['PHONE_DAILY_MAX_TOTAL', '9', { dailyMax: { phoneTotal: 9 } }],
  ['SITE_DAILY_MAX', '9', { dailyMax: { site: 9 } }],
  ['VISITOR_DAILY_MAX', '9', { dailyMax: { visitor: 9 } }],
  ['RATE_LIMIT_MAX', '9', { visitorRate: { max: 9 } }],
  ['RATE_LIMIT_WINDOW_S', '9', { visitorRate: { windowS: 9 } }],
  ['RETENTION_DAYS', '9', { retentionDays: 9 }],
];

for (const [name, value, holds] of LIVE) {
  t.test(`another ${name} takes effect at once`, async (t) => {
    const { changed, needsRestart, current } = replaced({ [name]: value });
    t.strictSame({ changed, needsRestart }, { changed: [name], needsRestart: [] });
    t.match(current, holds);
  });
}

const FIXED: [names: string[], env: NodeJS.ProcessEnv, before?: NodeJS.ProcessEnv][] = [
  [['HOST'], { HOST: '::1' }],
  [['PORT'], { PORT: '9000' }],
  [['MAX_CONNECTIONS'], { MAX_CONNECTIONS: '9' }],
  [['TRUST_PROXY'], { TRUST_PROXY: '10.0.0.0/8' }],
  [['DELIVER_WAIT_MS'], { DELIVER_WAIT_MS: '1' }],
  [['UPSTREAM_TIMEOUT_MS'], { UPSTREAM_TIMEOUT_MS: '5000' }],
  [['REDIS_URL'], { REDIS_URL: 'redis://redis.example' }],
  [['DATABASE_URL'], { DATABASE_URL: 'sqlite:other.db' }],
  [['DATABASE_POOL_MAX'], { ...POSTGRES, DATABASE_POOL_MAX: '3' }, POSTGRES],
  [['LOG_LEVEL'], { LOG_LEVEL: 'debug' }],
  [['DATA_KEY'], { DATA_KEY: keyOf('new') }, { DATA_KEY: keyOf('old') }],
  [['DATA_KEY_PREVIOUS'], { ...KEYS, DATA_KEY_PREVIOUS: keyOf('old') }, KEYS],
  [['HASH_KEY'], { HASH_KEY: keyOf('new') }, { HASH_KEY: keyOf('old') }],
  [['ADMIN_HOST', 'ADMIN_PORT', 'ADMIN_TOKEN'], ADMIN],
  [['ADMIN_TOKEN'], { ...ADMIN, ADMIN_TOKEN: `${TOKEN}x` }, ADMIN],
  [['METRICS_TOKEN'], { ...ADMIN, METRICS_TOKEN: 'metrics-'.repeat(2) }, ADMIN],
  // The address of the demo's account follows from it, and that account is live.
  [['SIMULATOR_HOST'], { SIMULATOR_HOST: 'localhost' }],
  [['SIMULATOR_PORT'], { SIMULATOR_PORT: '9100' }],
];

for (const [names, env, before] of FIXED) {
  t.test(`another ${names.join(', ')} needs a restart, and the old value stays in effect until then`, async (t) => {
    const { needsRestart, current } = replaced(env, before);
    t.strictSame(needsRestart, names);
    const { sites, partners, providers, ...rest } = current;
    const { sites: _sites, partners: _partners, providers: _providers, ...old } = load(before ?? {});
    t.strictSame(rest, old);
  });
}

t.test('sites, partners, operators and accounts change by name: added, changed and removed ones', async (t) => {
  const before = soundFile();
  const after = soundFile();
  Object.assign(after.sites, { homes: { ...after.sites.motors, name: 'Homes' } });
  after.providers.main.password = 'canary';
  const live = createLiveSettings(loadFile(before));
  const operators = { ann: { tokenHash: `sha256:${'cd'.repeat(32)}`, role: 'viewer' } };
  const outcome = live.replace(loadFile({ ...after, partners: {}, operators }));
  t.strictSame(outcome, {
    changed: ['sites/homes', 'partners/crm', 'operators/ann', 'providers/main'],
    needsRestart: [],
  });
  t.equal(live.current().providers.get('main')?.password, 'canary');
  t.strictSame([...live.current().sites.keys()], ['motors', 'homes']);
  t.equal(live.current().partners.size, 0);
});

t.test('equal settings change nothing', async (t) => {
  const live = createLiveSettings(loadFile(soundFile(), KEYS));
  const before = live.current();
  t.strictSame(live.replace(loadFile(soundFile(), KEYS)), { changed: [], needsRestart: [] });
  t.strictSame(live.current(), before);
});

t.test('settings that need a restart are reported at every reload, until they are reverted', async (t) => {
  const live = createLiveSettings(load({}));
  t.strictSame(live.replace(load({ PORT: '9000' })).needsRestart, ['PORT']);
  t.strictSame(live.replace(load({ PORT: '9000', PHONE_DAILY_MAX: '9' })), {
    changed: ['PHONE_DAILY_MAX'],
    needsRestart: ['PORT'],
  });
  t.strictSame(live.replace(load({})), { changed: ['PHONE_DAILY_MAX'], needsRestart: [] });
});

t.test('settings that were validated outside production do not take effect in production', async (t) => {
  const open = soundFile();
  open.sites.motors.origins = ['*'];
  const live = createLiveSettings(loadFile(soundFile(), { NODE_ENV: 'production', ...KEYS }));
  const development = loadFile(open, { NODE_ENV: 'development' });
  t.strictSame(live.replace(development), { changed: [], needsRestart: ['NODE_ENV'] });
  t.strictSame(live.current().sites.get('motors')?.origins, new Set(['https://motors.example']));
});

t.test(
  'the retry rules and daily maxima of a site are its own where it has any, and always the current ones',
  async (t) => {
    const file = soundFile();
    Object.assign(file.sites.motors, { unknownOutcome: 'hold', dailyMax: { site: 7 } });
    const live = createLiveSettings(loadFile(file, { PHONE_DAILY_MAX: '3' }));
    t.match(live.retryRules('motors'), { unknown: 'hold', resendMax: 2 });
    t.match(live.retryRules('a removed site'), { unknown: 'resend', resendMax: 2 });
    t.match(live.dailyMax('motors'), { phone: 3, site: 7 });
    t.match(live.dailyMax('a removed site'), { phone: 3, site: 2_000 });
    live.replace(loadFile(soundFile(), { UNKNOWN_RESEND_MAX: '5' }));
    t.match(live.retryRules('motors'), { unknown: 'resend', resendMax: 5 });
    t.match(live.dailyMax('motors'), { phone: 5, site: 2_000 });
    t.equal(live.view.sites, live.current().sites, 'the view shows the current settings');
  },
);

t.test('callbacks are sent as soon as a partner or a site of the file or of the store has a receiver', async (t) => {
  let stored = false;
  const noEntries = { partners: new Map(), providers: new Map() };
  const live = createLiveSettings(loadFile(soundFile()), {
    sites: NO_STORED_SITES,
    parts: () => noEntries,
    state: () => ({ callbacks: stored }),
  });
  t.equal(live.hasCallbacks(), false);
  stored = true;
  t.equal(live.hasCallbacks(), true);
  stored = false;
  const callbacks = [
    {
      url: 'https://crm.example/leads',
      secret: `whsec_${Buffer.from(Array.from({ length: 32 }, (_, n) => n * 7)).toString('base64')}`,
    },
  ];
  live.replace(loadFile(fileWith('/partners/crm/callbacks', callbacks)));
  t.equal(live.hasCallbacks(), true);
});

t.test(
  'an account is found as it is configured now, and its credentials are hashed once for each configuration',
  async (t) => {
    const live = createLiveSettings(loadFile(soundFile()));
    let hashed = 0;
    const accounts = createAccounts(live.current, ({ password }) => `${++hashed} ${password}`);
    t.strictSame([accounts.credentials('main'), accounts.credentials('main')], ['1 word', '1 word']);
    const changed = soundFile();
    changed.providers.main.password = 'canary';
    live.replace(loadFile(changed));
    t.equal(accounts.get('main').password, 'canary');
    t.equal(accounts.credentials('main'), '2 canary');
    const renamed = soundFile();
    renamed.sites.motors.provider = 'other';
    live.replace(loadFile({ ...renamed, providers: { other: changed.providers.main } }));
    t.equal(accounts.credentials('main'), undefined);
    t.throws(() => accounts.get('main'), { message: /no provider account main/ });
    t.type(accounts.region('main'), 'string', 'leads of a removed account wait in a region');
  },
);

t.test('current settings cannot be changed, before and after they were replaced', async (t) => {
  const live = createLiveSettings(load({}));
  t.ok(Object.isFrozen(live.current()));
  live.replace(load({ PHONE_DAILY_MAX: '9' }));
  t.ok(Object.isFrozen(live.current()));
});

/** Everything reachable in settings that can be frozen, by the way to it. */
function* reachable(value: unknown, path: string): Generator<[string, object]> {
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || value instanceof Set) return;
  if (value instanceof Map) {
    for (const [key, item] of value) yield* reachable(item, `${path}.get(${key})`);
    return;
  }
  yield [path, value];
  for (const [key, item] of Object.entries(value)) yield* reachable(item, `${path}.${key}`);
}

for (const [name, settings] of [
  ['the demo', load({ TRUST_PROXY: '10.0.0.0/8', RATE_LIMT_MAX: '1' })],
  [
    'a file',
    loadFile({ ...soundFile(), partners: { crm: { ...soundFile().partners.crm, targets: { merchantIds: [1] } } } }),
  ],
] as const) {
  t.test(`settings of ${name} are frozen recursively`, async (t) => {
    const found = [...reachable(settings, 'settings')];
    t.ok(found.length > 10);
    t.strictSame(
      found.filter(([, value]) => !Object.isFrozen(value)).map(([path]) => path),
      [],
    );
  });
}

t.test('a dead endpoint of fifty in one region holds back no account of another endpoint', async (t) => {
  const account = { providerId: 1, username: 'u', password: 'p' };
  const providers = Object.fromEntries(
    Array.from({ length: 50 }, (_, n) => [`a${n}`, { ...account, url: `https://host-${n}.example/x.svc/y` }]),
  );
  Object.assign(providers, { other: { ...account, url: 'https://host-0.example/another' }, main: account });
  const settings = loadFile({ ...soundFile(), providers });
  const { endpoint } = createAccounts(
    () => settings,
    () => '',
  );
  const gate = createGate({ endpoint, clock: manualClock(), onChange: () => undefined });
  for (let n = 0; n < FAILURES_TO_OPEN; n += 1) {
    const clearance = gate.clear('a0');
    if (clearance.kind === 'go') clearance.permit.report('not_sent');
  }
  t.strictSame([...gate.breakers()], [['https://host-0.example', 'open']]);
  const held = [...settings.providers.keys()].filter((id) => gate.clear(id).kind !== 'go');
  t.strictSame(held, ['a0', 'other'], 'only the accounts on that host wait');
  t.equal(gate.clear('removed').kind, 'go');
});

t.test('a later change of the environment changes no setting', async (t) => {
  const env = { PORT: '9001' };
  const settings = load(env);
  env.PORT = '9002';
  t.equal(settings.listen.port, 9001);
});
