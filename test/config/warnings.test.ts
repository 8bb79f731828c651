import t from 'tap';
import { ACCOUNT, load } from './helper.ts';

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
  t.test(`${name} is warned of as a misspelling of ${meant}, and refused by nobody`, async (t) => {
    const { warnings } = load({ [name]: 'canary' });
    t.strictSame(warnings, [
      { setting: name, problem: 'is no setting of this program', fix: `did you mean ${meant}?` },
    ]);
  });
}

t.test('variables of other programs are none of our business', async (t) => {
  const env = {
    PATH: '/bin',
    HOME: '/root',
    HOSTNAME: 'a',
    SIMULATOR_HOST: '::',
    npm_config_port: '1',
    POST: '',
    NODE_OPTIONS: '',
  };
  t.strictSame(load({ ...env, UPSTREAM_TIMEOUT: '' }).warnings, []);
});

t.test('a credential with white space around it is warned of, without being quoted', async (t) => {
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
