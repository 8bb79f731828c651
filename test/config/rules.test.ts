import { createHash } from 'node:crypto';
import t from 'tap';
import { DEVELOPMENT_HASH_KEY } from '../../src/config/defaults.ts';
import { type Files, KEYS, keyOf, load, loadFile, mistakes, soundFile } from '../support/config/load.ts';

const bytes = (key: string) => Buffer.from(key, 'base64');

t.test('keys are bytes, the current one first, followed by any number of previous ones', async (t) => {
  const former = [keyOf('one'), keyOf('two')];
  const { keys } = load({ ...KEYS, DATA_KEY_PREVIOUS: former.join(', ') });
  t.strictSame(keys.data, [KEYS.DATA_KEY, ...former].map(bytes));
  t.strictSame(keys.hash, bytes(KEYS.HASH_KEY));
  t.equal(keys.hash.length, 32);
});

t.test('a key may come from a file, with the newline that a command leaves at its end', async (t) => {
  const { keys } = load({ DATA_KEY_FILE: 'key' }, { '/app/key': `${KEYS.DATA_KEY}\n` });
  t.strictSame(keys.data, [bytes(KEYS.DATA_KEY)]);
});

t.test('without keys, outside production, nothing is encrypted and hashes have the documented key', async (t) => {
  t.strictSame(load({}).keys, { data: [], hash: DEVELOPMENT_HASH_KEY });
  t.equal(DEVELOPMENT_HASH_KEY.length, 32);
});

t.test('production needs both keys, and says how to make one', async (t) => {
  const problems = mistakes(t, () => loadFile(soundFile(), { NODE_ENV: 'production', DATA_KEY: '', HASH_KEY: '' }));
  t.match(problems, [
    { setting: 'DATA_KEY', problem: /is not set, and production/, fix: /openssl rand -base64 32/ },
    { setting: 'HASH_KEY', problem: /is not set/, fix: /openssl rand -base64 32/ },
  ]);
  t.equal(problems.length, 2);
});

t.test('an invalid key in production is one mistake, and is not also reported as missing', async (t) => {
  const problems = mistakes(t, () =>
    loadFile(soundFile(), { NODE_ENV: 'production', HASH_KEY: KEYS.HASH_KEY, DATA_KEY: 'canary' }),
  );
  t.match(problems, [{ setting: 'DATA_KEY', problem: 'is not 32 bytes in base64' }]);
  t.equal(problems.length, 1);
});

const UNUSABLE: [name: string, key: string, problem: string][] = [
  ['hexadecimal', bytes(KEYS.DATA_KEY).toString('hex'), 'is not 32 bytes in base64'],
  ['base64url', Buffer.alloc(32, '\xfb\xff\x12', 'latin1').toString('base64url'), 'is not 32 bytes in base64'],
  ['31 bytes', bytes(KEYS.DATA_KEY).subarray(1).toString('base64'), 'is not 32 bytes in base64'],
  ['33 bytes', Buffer.concat([bytes(KEYS.DATA_KEY), Buffer.of(1)]).toString('base64'), 'is not 32 bytes in base64'],
  ['a key with a space at its end', `${KEYS.DATA_KEY} `, 'is not 32 bytes in base64'],
  ['a passphrase', 'canary canary canary canary canary', 'is not 32 bytes in base64'],
  ['zeroes', Buffer.alloc(32).toString('base64'), 'is no random key'],
  ['one byte repeated', Buffer.alloc(32, 0xa5).toString('base64'), 'is no random key'],
  ['a short word repeated', Buffer.alloc(32, 'changeme').toString('base64'), 'is no random key'],
  [
    'the key for development',
    DEVELOPMENT_HASH_KEY.toString('base64'),
    'is the key for development, which everybody knows',
  ],
];

for (const [name, key, problem] of UNUSABLE) {
  t.test(`a key of ${name} is refused in every setting, and never quoted`, async (t) => {
    for (const setting of ['DATA_KEY', 'HASH_KEY']) {
      const problems = mistakes(t, () => load({ [setting]: key }));
      t.strictSame(
        problems.map((found) => [found.setting, found.problem]),
        [[setting, problem]],
      );
      t.notOk(JSON.stringify(problems).includes(key));
    }
  });
}

t.test('an invalid previous key is reported by its position', async (t) => {
  const problems = mistakes(t, () => load({ ...KEYS, DATA_KEY_PREVIOUS: `${keyOf('one')},canary` }));
  t.match(problems, [{ setting: 'DATA_KEY_PREVIOUS', problem: 'is not 32 bytes in base64 (item 2)' }]);
  t.notMatch(JSON.stringify(problems), /canary/);
});

const CONFLICTS: [name: string, env: NodeJS.ProcessEnv, setting: string, problem: string][] = [
  [
    'the same key for data and hashes',
    { DATA_KEY: keyOf('a'), HASH_KEY: keyOf('a') },
    'HASH_KEY',
    'is the same as DATA_KEY',
  ],
  ['a former key for hashes', { ...KEYS, DATA_KEY_PREVIOUS: KEYS.HASH_KEY }, 'HASH_KEY', 'is one of DATA_KEY_PREVIOUS'],
  [
    'the current key among the former',
    { ...KEYS, DATA_KEY_PREVIOUS: `${keyOf('x')},${KEYS.DATA_KEY}` },
    'DATA_KEY_PREVIOUS',
    'holds DATA_KEY itself',
  ],
  [
    'former keys without a current one',
    { DATA_KEY_PREVIOUS: keyOf('x') },
    'DATA_KEY_PREVIOUS',
    'is set, and DATA_KEY is not',
  ],
];

for (const [name, env, setting, problem] of CONFLICTS) {
  t.test(`${name} is refused`, async (t) => {
    t.match(
      mistakes(t, () => load(env)),
      [{ setting, problem }],
    );
  });
}

const TOKEN = 'admin+/='.repeat(4);
const METRICS = 'metrics-'.repeat(2);
const ON = { ADMIN_PORT: '9090', ADMIN_TOKEN: TOKEN };

t.test('operators have no listener unless a port is set', async (t) => {
  const settings = load({ ADMIN_HOST: '0.0.0.0' });
  t.notOk('admin' in settings);
  t.notOk('metricsToken' in settings);
});

t.test('a port and a token make a listener on the loopback address', async (t) => {
  const settings = load(ON);
  t.strictSame(settings.admin, { host: '127.0.0.1', port: 9090, token: TOKEN });
  t.notOk('metricsToken' in settings);
});

t.test('its address and a token for metrics alone can be chosen', async (t) => {
  const settings = load({ ...ON, ADMIN_HOST: '127.0.0.5', METRICS_TOKEN: METRICS, ADMIN_PORT: '0' });
  t.strictSame(settings.admin, { host: '127.0.0.5', port: 0, token: TOKEN });
  t.equal(settings.metricsToken, METRICS);
});

const REFUSED: [name: string, env: NodeJS.ProcessEnv, setting: string, problem: string][] = [
  ['a port without a token', { ADMIN_PORT: '9090' }, 'ADMIN_TOKEN', 'is not set, and ADMIN_PORT is'],
  ['a token without a port', { ADMIN_TOKEN: TOKEN }, 'ADMIN_TOKEN', 'is set, and there is no admin listener'],
  [
    'a token for metrics without a port',
    { METRICS_TOKEN: METRICS },
    'METRICS_TOKEN',
    'is set, and there is no admin listener',
  ],
  ['a token of 31 characters', { ...ON, ADMIN_TOKEN: TOKEN.slice(1) }, 'ADMIN_TOKEN', 'has the wrong form'],
  [
    'a token of one character',
    { ...ON, ADMIN_TOKEN: 'a'.repeat(40) },
    'ADMIN_TOKEN',
    'consists of very few different characters',
  ],
  ['a token with a space in it', { ...ON, ADMIN_TOKEN: `${TOKEN} x` }, 'ADMIN_TOKEN', 'has the wrong form'],
  [
    'a token for metrics of 15 characters',
    { ...ON, METRICS_TOKEN: METRICS.slice(1) },
    'METRICS_TOKEN',
    'has the wrong form',
  ],
  ['one token for both', { ...ON, METRICS_TOKEN: TOKEN }, 'METRICS_TOKEN', 'is the same as ADMIN_TOKEN'],
  ['the public port', { ...ON, PORT: '9090' }, 'ADMIN_PORT', 'is the port of the public listener'],
  [
    'the public port, which listens everywhere',
    { ...ON, PORT: '9090', HOST: '0.0.0.0' },
    'ADMIN_PORT',
    'is the port of the public listener',
  ],
  ['no port', { ...ON, ADMIN_PORT: 'off' }, 'ADMIN_PORT', 'is not an integer'],
  ['no address', { ...ON, ADMIN_HOST: 'http://x' }, 'ADMIN_HOST', 'is neither an IP address nor a host name'],
];

for (const [name, env, setting, problem] of REFUSED) {
  t.test(`${name} is refused as the only mistake, and no token is quoted`, async (t) => {
    const problems = mistakes(t, () => load(env));
    t.strictSame(
      problems.map((found) => [found.setting, found.problem]),
      [[setting, problem]],
    );
    t.notMatch(JSON.stringify(problems), /admin\+|metrics-/);
  });
}

const GUESSABLE: [token: string, problem: RegExp][] = [
  ['admin-token-'.repeat(3), /repeats a short text/],
  ['Xk3-Xk3-Xk3-Xk3-Xk3-Xk3-Xk3-Xk3-Xk3', /repeats a short text/],
  ['my-very-long-Password-of-the-year-2026', /contains a common word/],
  ['correct-horse-battery-staple-and-zebra', /consists of words/],
  ['TheQuickBrownFoxJumpsOverTheLazyDog-x', /consists of words/],
];

for (const [token, problem] of GUESSABLE) {
  t.test(`a token such as ${token} is warned of, and not quoted`, async (t) => {
    const { warnings } = load({ ...ON, ADMIN_TOKEN: token });
    t.match(warnings, [{ setting: 'ADMIN_TOKEN', problem, fix: /openssl rand -base64 32/ }]);
    t.notOk(JSON.stringify(warnings).includes(token));
  });
}

t.test('a random token is warned of in no usual form', async (t) => {
  for (const bytes of [24, 32, 48]) {
    for (const form of ['base64', 'base64url', 'hex'] as const) {
      const token = createHash('sha512').update(`${bytes} ${form}`).digest().subarray(0, bytes).toString(form);
      t.strictSame(load({ ...ON, ADMIN_TOKEN: token }).warnings, [], form);
    }
  }
});

t.test('both listeners may have any free port, and one port at addresses of their own', async (t) => {
  t.equal(load({ ...ON, PORT: '0', ADMIN_PORT: '0' }).admin?.port, 0);
  t.equal(load({ ...ON, PORT: '9090', HOST: '127.0.0.5' }).admin?.port, 9090);
});

const CERT = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
const KEY = '-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n';
const BOTH = { TLS_CERT_FILE: 'cert', TLS_KEY_FILE: 'key' };

t.test('with both files the listener speaks HTTPS, without them HTTP', async (t) => {
  t.strictSame(load(BOTH, { '/app/cert': CERT, '/app/key': KEY }).listen.tls, {
    certFile: '/app/cert',
    keyFile: '/app/key',
  });
  t.notOk('tls' in load({}).listen);
});

const CASES: [name: string, env: NodeJS.ProcessEnv, files: Files, setting: string, problem: RegExp][] = [
  ['a certificate alone', { TLS_CERT_FILE: 'cert' }, { '/app/cert': CERT }, 'TLS_KEY_FILE', /is not set, and TLS_CERT/],
  ['a key alone', { TLS_KEY_FILE: 'key' }, { '/app/key': KEY }, 'TLS_CERT_FILE', /is not set, and TLS_KEY_FILE is/],
  ['a certificate that is not there', BOTH, { '/app/key': KEY }, 'TLS_CERT_FILE', /cannot be read: \/app\/cert/],
  ['a key that is not there', BOTH, { '/app/cert': CERT }, 'TLS_KEY_FILE', /cannot be read: \/app\/key/],
  ['a key as the certificate', BOTH, { '/app/cert': KEY, '/app/key': KEY }, 'TLS_CERT_FILE', /without a certificate/],
  ['a certificate as the key', BOTH, { '/app/cert': CERT, '/app/key': CERT }, 'TLS_KEY_FILE', /without a private key/],
];

for (const [name, env, files, setting, problem] of CASES) {
  t.test(`${name} is refused`, async (t) => {
    t.match(
      mistakes(t, () => load(env, files)),
      [{ setting, problem }],
    );
  });
}

t.test('a cap of a number at one site above its cap over all sites is warned of, with the sites', async (t) => {
  const setting = 'PHONE_DAILY_MAX_TOTAL';
  t.match(load({ PHONE_DAILY_MAX: '11' }).warnings, [{ setting, problem: /at the site demo, which/, fix: /above 10/ }]);
  t.strictSame(load({ PHONE_DAILY_MAX: '10' }).warnings, []);
  t.strictSame(load({ PHONE_DAILY_MAX: '11', PHONE_DAILY_MAX_TOTAL: '11' }).warnings, []);
  const file = soundFile();
  const [name, entry] = Object.entries(file.sites)[0] ?? [];
  const sites = Object.fromEntries(
    ['a', 'b', 'c', 'd', 'e'].map((key) => [key, { ...entry, dailyMax: { phone: 20 } }]),
  );
  const { warnings } = loadFile({ ...file, sites: { ...sites, [name ?? '']: entry } });
  t.match(
    warnings.filter((warning) => warning.setting === setting),
    [{ problem: /at the site a, b, c and 2 more, which/ }],
  );
});
