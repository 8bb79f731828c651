import t from 'tap';
import { VARIABLES, type Variable } from '../../src/config/schema/variables.ts';
import { ACCOUNT, fileWith, keyOf, load, loadFile, mistakes, settingsOf } from '../support/config/load.ts';

/** A variable with a wrong value, and what the message has to say of the fix. */
const CASES: [name: string, value: string, fix: RegExp][] = [
  ['NODE_ENV', 'prod', /use one of production, development, test/],
  ['NODE_ENV', 'Production', /did you mean production\?/],
  ['LOG_LEVEL', 'warnn', /did you mean warn\?/],
  ['LOG_LEVEL', '30', /use one of trace/],
  ['HOST', 'http://localhost', /without scheme, port or brackets/],
  ['HOST', '127.0.0.1:8080', /without scheme, port or brackets/],
  ['HOST', '[::1]', /without scheme, port or brackets/],
  ['HOST', '300.1.1.1', /use an address to listen on/],
  ['PORT', 'http', /use an integer from 0 to 65535/],
  ['PORT', '65536', /use an integer from 0 to 65535/],
  ['PORT', '-1', /use an integer from 0 to 65535/],
  ['PORT', '8080.5', /use an integer from 0 to 65535/],
  ['PORT', '0x1f90', /use an integer from 0 to 65535/],
  ['PORT', ' 8080', /use an integer from 0 to 65535/],
  ['SIMULATOR_HOST', 'http://0.0.0.0', /use an address to listen on/],
  ['SIMULATOR_PORT', 'eighty', /use an integer from 0 to 65535/],
  ['TRUST_PROXY', 'true', /use CIDR blocks such as 10\.0\.0\.0\/8/],
  ['TRUST_PROXY', '1', /use CIDR blocks/],
  ['TRUST_PROXY', 'loopback', /use CIDR blocks/],
  ['TRUST_PROXY', 'proxy.example', /use CIDR blocks/],
  ['TRUST_PROXY', '10.0.0.0/33', /use CIDR blocks/],
  ['TRUST_PROXY', '10.0.0.0/08', /use CIDR blocks/],
  ['TRUST_PROXY', '10.0.0.0/8/8', /use CIDR blocks/],
  ['TRUST_PROXY', '10.0.0.0/8,', /use CIDR blocks/],
  ['TRUST_PROXY', 'fe80::1%eth0', /use CIDR blocks/],
  ['TRUST_PROXY', '0.0.0.0/0', /the addresses of your own proxies, with a prefix of \/8 or longer/],
  ['TRUST_PROXY', '128.0.0.0/1', /your own proxies/],
  ['TRUST_PROXY', '::/0', /with a prefix of \/7 or longer/],
  ['TRUST_PROXY', '::ffff:0:0/96', /write it as IPv4/],
  ['PROVIDER_ID', 'abc', /use an integer from 1 to 2147483647/],
  ['PROVIDER_ID', '0', /use an integer from 1/],
  ['PROVIDER_ID', '2147483648', /use an integer from 1 to 2147483647/],
  ['PROVIDER_USERNAME', 'a\u0000b', /remove it/],
  ['PROVIDER_USERNAME', 'u'.repeat(257), /1 to 256 characters/],
  ['PROVIDER_PASSWORD', 'two\nlines', /remove it/],
  ['PROVIDER_PASSWORD', 'p'.repeat(257), /1 to 256 characters/],
  ['UPSTREAM_REGION', 'us', /use one of na, au, eu/],
  ['UPSTREAM_URL', 'services.example/path', /use an absolute URL such as https:/],
  ['UPSTREAM_URL', 'ftp://services.example/', /use an absolute URL such as https:/],
  ['UPSTREAM_URL', 'http://services.example/', /use https; http is for loopback addresses only/],
  ['UPSTREAM_URL', 'http://localhost.evil.example/', /use https/],
  ['UPSTREAM_URL', 'http://127.0.0.1.evil.example/', /use https/],
  ['UPSTREAM_URL', 'https://user:canary@services.example/', /take them out of the URL/],
  ['UPSTREAM_URL', 'https://services.example/#part', /leave out everything from # on/],
  ['UPSTREAM_URL', 'https://services.example/a b', /use an absolute URL/],
  ['UPSTREAM_XML_ROOT', 'ns:Root', /an element name without prefix/],
  ['UPSTREAM_XML_ROOT', '1st', /an element name/],
  ['UPSTREAM_XML_NAMESPACE', 'http://a b', /use a namespace such as http:/],
  ['UPSTREAM_XML_NAMESPACE', 'a"b', /use a namespace such as/],
  ['UPSTREAM_XML_ORDER', 'alphabetic', /did you mean alphabetical\?/],
  ['UPSTREAM_CONTENT_TYPE', 'xml', /use a media type such as/],
  ['UPSTREAM_CONTENT_TYPE', 'text/plain', /application\/xml/],
  ['UPSTREAM_CONTENT_TYPE', 'text/xml; charset=iso-8859-1', /charset=utf-8/],
  ['UPSTREAM_CONTENT_TYPE', 'text/xml\r\nx-evil: 1', /use a media type such as/],
  ['LISTING_DETAILS_FORMAT', 'xml', /use one of text, json, urlencoded/],
  ['UPSTREAM_TIMEOUT_MS', '10s', /use an integer from 100 to 45000/],
  ['UPSTREAM_TIMEOUT_MS', '10', /use an integer from 100 to 45000/],
  ['UPSTREAM_TIMEOUT_MS', '60000', /use an integer from 100 to 45000/],
  ['DELIVER_WAIT_MS', '60000', /use an integer from 0 to 12000/],
  ['DATABASE_URL', './data/gateway.db', /use sqlite: and a path/],
  ['DATABASE_URL', 'sqlite:', /use sqlite: and a path/],
  ['DATABASE_URL', 'sqlite:./data/', /use sqlite: and a path/],
  ['DATABASE_URL', 'sqlite::memory:', /use sqlite: and a path/],
  ['DATABASE_URL', 'sqlite://data/gateway.db', /sqlite:\/\/\/absolute\/path/],
  ['DATABASE_URL', 'sqlite:./a.db?mode=ro', /use sqlite: and a path/],
  ['REDIS_URL', 'redis.example:6379', /use a URL such as redis:/],
  ['REDIS_URL', 'http://redis.example', /or rediss:\/\/ for TLS/],
  ['REDIS_URL', 'redis:', /use a URL such as redis:/],
  ['REDIS_URL', 'redis:///0', /use a URL such as redis:/],
  ['REDIS_URL', 'redis://:canary@', /use a URL such as redis:/],
  ['REDIS_URL', 'redis://300.1.1.1', /use a URL such as redis:/],
  ['REDIS_URL', 'redis://redis.example:0', /use a URL such as redis:/],
  ['REDIS_URL', 'redis://redis.example:65536', /use a URL such as redis:/],
  ['REDIS_URL', 'redis://redis.example/leads', /use a URL such as redis:/],
  ['REDIS_URL', 'redis://redis.example/0?commandTimeout=60000', /use a URL such as redis:/],
  ['REDIS_URL', 'redis://:canary#1@redis.example', /use a URL such as redis:/],
  ['REDIS_URL', 'redis://:canary?1@redis.example', /use a URL such as redis:/],
  ['REDIS_URL', 'redis://:100%canary@redis.example', /write % itself as %25/],
  ['RATE_LIMIT_MAX', '0', /use an integer from 1 to 1000000/],
  ['RATE_LIMIT_MAX', '1e3', /use an integer from 1/],
  ['UNKNOWN_OUTCOME', 'retry', /use one of resend, hold/],
  ['UNKNOWN_RESEND_MAX', '31', /use an integer from 0 to 30/],
  ['UNKNOWN_RESEND_MAX', '-1', /use an integer from 0 to 30/],
  ['RETRY_SCHEDULE_S', '5,', /use an integer from 1 to 604800/],
  ['RETRY_SCHEDULE_S', '5,0', /use an integer from 1 to 604800/],
  ['RETRY_SCHEDULE_S', '604801', /use an integer from 1 to 604800/],
  ['RETRY_SCHEDULE_S', '5,1m', /use an integer from 1 to 604800/],
  ['RETRY_SCHEDULE_S', '5;30', /use an integer from 1 to 604800/],
  ['RETRY_SCHEDULE_S', Array(31).fill('5').join(','), /use 1 to 30 integers/],
  ['MAX_CONNECTIONS', '0', /use an integer from 1/],
  ['VISITOR_DAILY_MAX', '0', /use an integer from 1/],
  ['PHONE_DAILY_MAX', '0', /use an integer from 1/],
  ['PHONE_DAILY_MAX_TOTAL', '0', /use an integer from 1/],
  ['SITE_DAILY_MAX', 'none', /use an integer from 1/],
  ['RETENTION_DAYS', '0', /use an integer from 1 to 3650/],
  ['RETENTION_DAYS', '3651', /use an integer from 1 to 3650/],
  ['RATE_LIMIT_WINDOW_S', '1m', /use an integer from 1 to 86400/],
];

/** Without these a few of the cases would be refused for something else, too. */
const COMPLETE = { UPSTREAM_URL: 'http://127.0.0.1:9000/', ...ACCOUNT };

for (const [name, value, fix] of CASES) {
  t.test(`${name} of ${JSON.stringify(value.slice(0, 40))} is refused with a fix`, async (t) => {
    const problems = mistakes(t, () => load({ ...COMPLETE, [name]: value }));
    t.equal(problems.length, 1, 'nothing else is complained about');
    t.equal(problems[0]?.setting, name);
    t.match(problems[0]?.fix, fix);
    t.notMatch(JSON.stringify(problems), /canary/, 'the value is not quoted');
  });
}

t.test('an invalid item of a list is reported by its position', async (t) => {
  const [problem] = mistakes(t, () => load({ TRUST_PROXY: '10.0.0.0/8, 10.1.0.0/16, proxies' }));
  t.match(problem?.problem, /item 3/);
});

const LOCAL = { UPSTREAM_URL: 'http://127.0.0.1:9000/' };

/** What the account's password is when its file holds this. */
function passwordFrom(content: string | Uint8Array): string | undefined {
  const { PROVIDER_PASSWORD: _, ...others } = ACCOUNT;
  const env = { ...LOCAL, ...others, PROVIDER_PASSWORD_FILE: 'secret' };
  return load(env, { '/app/secret': content }).providers.get('default')?.password;
}

t.test('quotes around a secret, which docker --env-file keeps, are warned of and not quoted', async (t) => {
  const { PROVIDER_PASSWORD: _, ...others } = COMPLETE;
  for (const quoted of ['"canary"', "'canary'", '"canary" ']) {
    const { warnings, providers } = load({ ...others, PROVIDER_PASSWORD: quoted });
    t.match(warnings.at(-1), { setting: 'PROVIDER_PASSWORD', problem: /in quotes/, fix: /docker --env-file/ });
    t.notMatch(JSON.stringify(warnings), /canary/);
    t.equal(providers.get('default')?.password, quoted);
  }
  const account = { providerId: 1, username: 'u', passwordFile: 'word' };
  const file = loadFile(fileWith('/providers/main', account), {}, { '/etc/gateway/word': '"canary"\n' });
  t.match(file.warnings, [{ setting: 'CONFIG_FILE: /providers/main/passwordFile', problem: /text is in quotes/ }]);
  for (const plain of ['a"b', '"', 'it\'s "quoted"']) {
    t.strictSame(load({ ...others, PROVIDER_PASSWORD: plain }).warnings, []);
  }
});

t.test('a value that is refused and in quotes is refused with a hint at the quotes', async (t) => {
  for (const env of [{ PORT: '"8080"' }, { DATA_KEY: `"${keyOf('data')}"` }, { DATABASE_URL: '"sqlite:./a.db"' }]) {
    t.match(mistakes(t, () => load(env))[0]?.fix, /leave out the quotes around it: docker --env-file/);
  }
});

t.test('a switched-off verification of certificates is warned of, because it has no effect', async (t) => {
  t.match(load({ NODE_TLS_REJECT_UNAUTHORIZED: '0' }).warnings, [
    { setting: 'NODE_TLS_REJECT_UNAUTHORIZED', fix: /NODE_EXTRA_CA_CERTS/ },
  ]);
  t.strictSame(load({ NODE_TLS_REJECT_UNAUTHORIZED: '1' }).warnings, []);
});

t.test('a password for Redis that crosses the network in plain text is warned of', async (t) => {
  const warnings = (url: string) => load({ REDIS_URL: url }).warnings;
  const [warning] = warnings('redis://:canary@redis.example:6379');
  t.match(warning, { setting: 'REDIS_URL', fix: /use rediss:/ });
  t.notMatch(JSON.stringify(warning), /canary/);
  for (const url of ['rediss://:canary@redis.example', 'redis://:canary@127.0.0.1', 'redis://redis.example']) {
    t.strictSame(warnings(url), [], url);
  }
});

t.test('a twin reads a file, relative to the directory that the program was started in', async (t) => {
  t.equal(load({ PORT_FILE: 'port' }, { '/app/port': '9001' }).listen.port, 9001);
  t.equal(load({ PORT_FILE: '/run/secrets/port' }, { '/run/secrets/port': '9002\n' }).listen.port, 9002);
});

t.test('one newline at the end of a file is not part of the value, and nothing else is removed', async (t) => {
  t.equal(passwordFrom('word\n'), 'word');
  t.equal(passwordFrom('word\r\n'), 'word');
  t.equal(passwordFrom('word'), 'word');
  t.equal(passwordFrom(' wörd \n'), ' wörd ');
  t.equal(passwordFrom('\uFEFFword\n'), 'word', 'a byte order mark is no part of a text');
});

t.test('a second newline is kept, and therefore refused', async (t) => {
  const problems = mistakes(t, () => passwordFrom('word\n\n'));
  t.match(problems, [{ setting: 'PROVIDER_PASSWORD_FILE', problem: /line break/ }]);
});

t.test('a file without a value is refused', async (t) => {
  for (const content of ['', '\n']) {
    const problems = mistakes(t, () => passwordFrom(content));
    t.match(problems, [{ setting: 'PROVIDER_PASSWORD_FILE', problem: 'names an empty file: /app/secret' }]);
  }
});

t.test('an empty file of a list is an empty list', async (t) => {
  const keys = (content: string) =>
    load({ DATA_KEY: keyOf('now'), DATA_KEY_PREVIOUS_FILE: 'keys' }, { '/app/keys': content }).keys.data;
  for (const content of ['', '\n']) t.strictSame(keys(content), [Buffer.from(keyOf('now'), 'base64')]);
  t.equal(keys(`${keyOf('before')}\n`).length, 2);
});

t.test('a file that cannot be read is refused by variable and path', async (t) => {
  const problems = mistakes(t, () => load({ PORT_FILE: '/run/secrets/port' }));
  t.match(problems, [
    { setting: 'PORT_FILE', problem: 'names a file that cannot be read: /run/secrets/port (ENOENT)' },
  ]);
});

t.test('a file that is not UTF-8 is refused by variable and path', async (t) => {
  const problems = mistakes(t, () => passwordFrom(Uint8Array.of(0xff, 0xfe)));
  t.match(problems, [{ setting: 'PROVIDER_PASSWORD_FILE', problem: 'names a file that is not UTF-8: /app/secret' }]);
});

t.test('a wrong value from a file is refused under the name of the twin', async (t) => {
  const problems = mistakes(t, () => load({ PORT_FILE: 'port' }, { '/app/port': 'eighty' }));
  t.strictSame(settingsOf(problems), ['PORT_FILE']);
});

t.test('an empty variable counts as unset, beside its twin too', async (t) => {
  t.equal(load({ PORT: '' }).listen.port, 8080);
  t.equal(load({ PORT: '', PORT_FILE: 'port' }, { '/app/port': '9001' }).listen.port, 9001);
  t.equal(load({ PORT: '9001', PORT_FILE: '' }).listen.port, 9001);
  t.ok(load({ CONFIG_FILE: '', PROVIDER_ID: '', UPSTREAM_URL: '', UPSTREAM_REGION: '' }).simulator);
});

for (const [name, row] of Object.entries<Variable>(VARIABLES)) {
  const twin = `${name}_FILE`;
  if (row.twin === false) {
    t.test(`${name} names a file itself and has no twin`, async (t) => {
      t.notOk(settingsOf(mistakes(t, () => load({ [twin]: '/nowhere', PORT: 'x' }))).includes(twin));
    });
    continue;
  }
  t.test(`${name} and ${twin} together are refused`, async (t) => {
    const problems = mistakes(t, () => load({ [name]: 'x', [twin]: '/nowhere' }));
    const problem = problems.find(({ setting }) => setting === name);
    t.match(problem, { problem: `is set, and so is ${twin}`, fix: 'set one of the two' });
  });
}

t.test("an account's credentials are read from files beside the configuration file", async (t) => {
  const account = { providerId: 1002, usernameFile: 'secrets/user', passwordFile: '/run/secrets/word' };
  const files = { '/etc/gateway/secrets/user': 'someone\n', '/run/secrets/word': 'pass word\n' };
  const provider = loadFile(fileWith('/providers/main', account), {}, files).providers.get('main');
  t.match(provider, { username: 'someone', password: 'pass word' });
});

t.test("an account's file that is missing, empty or unusable is refused at its place", async (t) => {
  const file = fileWith('/providers/main', { providerId: 1, usernameFile: 'user', passwordFile: 'word' });
  const at = { user: 'CONFIG_FILE: /providers/main/usernameFile', word: 'CONFIG_FILE: /providers/main/passwordFile' };
  t.match(
    mistakes(t, () => loadFile(file, {}, { '/etc/gateway/user': '' })),
    [
      { setting: at.user, problem: 'names an empty file: /etc/gateway/user' },
      { setting: at.word, problem: 'names a file that cannot be read: /etc/gateway/word (ENOENT)' },
    ],
  );
  t.match(
    mistakes(t, () => loadFile(file, {}, { '/etc/gateway/user': 'a\nb', '/etc/gateway/word': 'x'.repeat(257) })),
    [
      { setting: at.user, problem: /names a file whose text contains a line break/ },
      { setting: at.word, problem: /names a file whose text holds too much/ },
    ],
  );
});
