import t from 'tap';
import { ConfigurationError } from '../../src/config/problem.ts';
import {
  ACCOUNT,
  CONFIG_PATH,
  fileWith,
  load,
  loadFile,
  mistakes,
  refusal,
  settingsOf,
  soundFile,
} from '../support/config/load.ts';

const BROKEN_FILE = `{
  // every line below has a mistake
  "sites": {
    "motors": {
      "name": "",
      "origins": ["https://motors.example/"],
      "targets": { "advertiserIds": ["1659"], "merchantIds": "all" },
      "defaultTarget": { "advertiserId": "1660" },
      "country": "UK",
      "provider": "europa"
    }
  },
  "partners": {
    "crm": { "keys": ["secret"], "sites": ["motor"] }
  },
  "providers": {
    "europe": { "region": "us", "providerId": 0, "username": "u", "passwordFile": "missing" }
  }
}`;

t.test('every mistake of variables, twins and the file is listed at once', async (t) => {
  const problems = mistakes(t, () =>
    loadFile(BROKEN_FILE, {
      PORT: 'eighty',
      LOG_LEVEL: 'loud',
      TRUST_PROXY: 'true',
      DELIVER_WAIT_MS_FILE: '/run/secrets/wait',
      RATE_LIMIT_MAX: '5',
      RATE_LIMIT_MAX_FILE: '/run/secrets/max',
      TLS_KEY_FILE: '/run/secrets/key',
      PROVIDER_ID: '1001',
    }),
  );
  t.strictSame(settingsOf(problems).toSorted(), [
    'CONFIG_FILE: /partners/crm/keys/0',
    'CONFIG_FILE: /partners/crm/sites/0',
    'CONFIG_FILE: /providers/europe/passwordFile',
    'CONFIG_FILE: /providers/europe/providerId',
    'CONFIG_FILE: /providers/europe/region',
    'CONFIG_FILE: /sites/motors/country',
    'CONFIG_FILE: /sites/motors/defaultTarget',
    'CONFIG_FILE: /sites/motors/name',
    'CONFIG_FILE: /sites/motors/origins/0',
    'CONFIG_FILE: /sites/motors/provider',
    'CONFIG_FILE: /sites/motors/targets/merchantIds',
    'DELIVER_WAIT_MS_FILE',
    'LOG_LEVEL',
    'PORT',
    'PROVIDER_PASSWORD',
    'PROVIDER_USERNAME',
    'RATE_LIMIT_MAX',
    'TLS_CERT_FILE',
    'TLS_KEY_FILE',
    'TRUST_PROXY',
  ]);
});

t.test('mistakes under an invalid name are listed together with the name', async (t) => {
  const site = { name: 'Motors', origins: [], targets: { advertiserIds: '*' }, country: 'UK', provider: 'main' };
  const problems = mistakes(t, () => loadFile(fileWith('/sites/my site', site)));
  t.strictSame(settingsOf(problems), ['CONFIG_FILE: /sites/my site', 'CONFIG_FILE: /sites/my site/country']);
});

t.test('mistakes of the file are listed in its order, each with line and column', async (t) => {
  const problems = mistakes(t, () => loadFile(BROKEN_FILE));
  t.strictSame(
    problems.map(({ at }) => at),
    ['5:15', '6:19', '7:62', '8:24', '9:18', '10:19', '14:23', '14:44', '17:27', '17:47', '17:83'],
  );
});

t.test('the error message has one line for each mistake', async (t) => {
  const error = new ConfigurationError([
    { setting: 'PORT', problem: 'is not an integer', fix: 'use an integer from 0 to 65535' },
    { setting: 'CONFIG_FILE: /sites/motors/country', at: '9:18', problem: 'is not a country code', fix: 'write GB' },
  ]);
  t.equal(
    error.message,
    [
      'The configuration has 2 mistakes:',
      '  - PORT is not an integer; use an integer from 0 to 65535',
      '  - CONFIG_FILE: /sites/motors/country (9:18) is not a country code; write GB',
    ].join('\n'),
  );
});

t.test('a mistake in one value neither hides nor causes mistakes in values that depend on it', async (t) => {
  const file = fileWith('/sites/motors/targets/advertiserIds', 'all');
  t.strictSame(settingsOf(mistakes(t, () => loadFile(file))), ['CONFIG_FILE: /sites/motors/targets/advertiserIds']);
});

t.test('no mistake quotes a credential or a key', async (t) => {
  const file = {
    sites: { motors: 'canary-1' },
    partners: { crm: { keys: ['canary-2'] } },
    providers: {
      main: { providerId: 'canary-3', username: 'canary-4\n', password: 'canary-5\u0000', url: 'canary-6' },
    },
  };
  const env = { PROVIDER_ID: 'canary-7', PROVIDER_USERNAME: 'canary-8\n', PROVIDER_PASSWORD: 'canary-9\u0001' };
  const problems = mistakes(t, () => loadFile(file, { ...env, DATABASE_URL: 'canary-10', UPSTREAM_URL: 'canary-11' }));
  t.ok(problems.length >= 11);
  t.notMatch(JSON.stringify(problems), /canary/);
  t.notMatch(new ConfigurationError(problems).stack, /canary/);
});

t.test('a text that is not JSON is refused with the place of the error', async (t) => {
  const problems = mistakes(t, () => loadFile('{\n  "sites": {\n    "a" {}\n  }\n}'));
  t.equal(problems[0]?.setting, 'CONFIG_FILE');
  t.equal(problems[0]?.at, '3:9');
  t.match(problems[0]?.problem, /is not JSON: colon expected/);
});

for (const [name, text] of [
  ['empty', ''],
  ['a list', '[]'],
  ['null', 'null'],
  ['a comment alone', '// nothing yet'],
] as const) {
  t.test(`a file that is ${name} is refused`, async (t) => {
    const problems = mistakes(t, () => loadFile(text));
    t.strictSame([...new Set(settingsOf(problems))], ['CONFIG_FILE']);
  });
}

t.test('a duplicate name is refused in any object', async (t) => {
  const site = '{ "name": "A", "origins": [], "country": "US", "country": "CA", "defaultTarget": { "merchantId": 1 } }';
  const text = `{ "sites": { "a": ${site}, "a": ${site} } }`;
  const problems = mistakes(t, () => loadFile(text, ACCOUNT));
  t.ok(settingsOf(problems).includes('CONFIG_FILE: /sites/a'));
  t.ok(settingsOf(problems).includes('CONFIG_FILE: /sites/a/country'));
  t.ok(problems.every(({ problem }) => problem === 'is there twice'));
});

t.test('a file that is missing or not UTF-8 is refused with its path', async (t) => {
  const broken = mistakes(t, () => load({ CONFIG_FILE: 'conf' }, { '/app/conf': Uint8Array.of(0x7b, 0xff, 0x7d) }));
  t.match(broken, [{ setting: 'CONFIG_FILE', problem: 'names a file that is not UTF-8: /app/conf' }]);
  const missing = mistakes(t, () => load({ CONFIG_FILE: 'conf' }));
  t.match(missing, [{ setting: 'CONFIG_FILE', problem: 'names a file that cannot be read: /app/conf (ENOENT)' }]);
});

t.test('of thousands of mistakes in a file of 20,000 sites 50 are listed, and the others counted', async (t) => {
  const { motors } = soundFile().sites;
  const wrong = [{ country: 'UK' }, { targets: { advertiserIds: 5 } }, { provider: 'mian' }, {}];
  const sites = Array.from({ length: 20_000 }, (_, n) => [`site-${n}`, { ...motors, ...wrong[n % 4] }]);
  const file = JSON.stringify({ ...soundFile(), sites: Object.fromEntries(sites), partners: {} }, null, 2);
  // Where each mistake searches the whole file, this takes minutes, and the test ends by its time limit.
  const error = refusal(() => loadFile(file, { PORT: 'eighty' }));
  t.equal(error.problems.length, 50);
  t.equal(error.more, 15_001 - 50);
  t.equal(error.problems[0]?.setting, 'PORT', 'a variable is always listed');
  t.match(error.problems[3], { setting: 'CONFIG_FILE: /sites/site-2/provider', fix: 'did you mean main?' });
  t.match(error.message, /^The configuration has 15001 mistakes:\n( {2}- .*\n){50} {2}- and 14951 more$/);
});

t.test('a line about a mistake is bounded however long the names in it are', async (t) => {
  const name = 'x'.repeat(100_000);
  const { problems, message } = refusal(() => loadFile({ ...soundFile(), [name]: { [name]: name } }));
  t.equal(problems.length, 1);
  t.ok(message.length < 2_000, `${message.length} characters`);
});

const PEM = { '/app/cert': '-----BEGIN CERTIFICATE-----', '/app/key': '-----BEGIN PRIVATE KEY-----' };

t.test('settings name the files that they were read from: twins, CONFIG_FILE and what it names', async (t) => {
  const account = { providerId: 1, usernameFile: 'user', passwordFile: '/run/word' };
  const { files } = loadFile(
    fileWith('/providers/main', account),
    { PORT_FILE: 'port' },
    { '/app/port': '9001', '/etc/gateway/user': 'someone', '/run/word': 'word' },
  );
  t.strictSame(files, ['/app/port', CONFIG_PATH, '/etc/gateway/user', '/run/word']);
});

t.test('the files of the certificate are not listed, because the listener watches them', async (t) => {
  t.strictSame(load({ TLS_CERT_FILE: 'cert', TLS_KEY_FILE: 'key' }, PEM).files, []);
});

t.test('mistakes come with the files to change, including missing ones', async (t) => {
  const file = fileWith('/providers/main', { providerId: 1, username: 'user', passwordFile: 'missing' });
  try {
    loadFile(file, { PORT_FILE: 'port' }, { '/app/port': 'eighty' });
    t.fail('loads, although something is wrong');
  } catch (error) {
    t.type(error, ConfigurationError);
    t.strictSame((error as ConfigurationError).files, ['/app/port', CONFIG_PATH, '/etc/gateway/missing']);
  }
});

for (const [name, meant] of [
  ['RATE_LIMT_MAX', 'RATE_LIMIT_MAX'],
  ['RATE_LIMIT_WINDOW', 'RATE_LIMIT_WINDOW_S'],
  ['UPSTREAM_TIMEOUT', 'UPSTREAM_TIMEOUT_MS'],
  ['UPSTREAM_TIMEOUT_S', 'UPSTREAM_TIMEOUT_MS'],
  ['PROVIDER_USER', 'PROVIDER_USERNAME'],
  ['PROVIDER_PASSWORT_FILE', 'PROVIDER_PASSWORD_FILE'],
  ['TRUST_PROXYS', 'TRUST_PROXY'],
  ['DATABSAE_URL', 'DATABASE_URL'],
  ['CONFIG_FILES', 'CONFIG_FILE'],
  ['TLS_CERT', 'TLS_CERT_FILE'],
  ['DELIVER_WAIT', 'DELIVER_WAIT_MS'],
  ['RETRY_SCHEDULE_MS', 'RETRY_SCHEDULE_S'],
  ['UNKNOWN_RESENDS_MAX', 'UNKNOWN_RESEND_MAX'],
  ['DATA_KEY_PREV', 'DATA_KEY_PREVIOUS'],
  ['HASH_KEY_FILES', 'HASH_KEY_FILE'],
  ['RETENTION_DAY', 'RETENTION_DAYS'],
  ['ADMIN_TOKENS', 'ADMIN_TOKEN'],
] as const) {
  t.test(`${name} causes a warning that suggests ${meant}, and is not refused`, async (t) => {
    const { warnings } = load({ [name]: 'canary' });
    t.strictSame(warnings, [
      { setting: name, problem: 'is no setting of this program', fix: `did you mean ${meant}?` },
    ]);
  });
}

t.test('variables of other programs cause no warning', async (t) => {
  const env = {
    PATH: '/bin',
    HOME: '/root',
    HOSTNAME: 'a',
    npm_config_port: '1',
    POST: '',
    NODE_OPTIONS: '',
  };
  t.strictSame(load({ ...env, UPSTREAM_TIMEOUT: '' }).warnings, []);
});

t.test('a credential with white space around it causes a warning that does not quote it', async (t) => {
  const account = { ...ACCOUNT, UPSTREAM_URL: 'http://127.0.0.1:9000/' };
  const settings = load(
    { ...account, PROVIDER_USERNAME: ' canary', PROVIDER_PASSWORD: '', PROVIDER_PASSWORD_FILE: 'word' },
    { '/app/word': 'canary \n' },
  );
  t.strictSame(
    settings.warnings.map(({ setting }) => setting),
    ['PROVIDER_USERNAME', 'PROVIDER_PASSWORD_FILE'],
  );
  t.notMatch(JSON.stringify(settings.warnings), /canary/);
  t.equal(settings.providers.get('default')?.password, 'canary ', 'it is used as it is');
});
