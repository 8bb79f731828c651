import t from 'tap';
import { VARIABLES, type Variable } from '../../src/config/schema/variables.ts';
import { ACCOUNT, fileWith, keyOf, load, loadFile, mistakes, settingsOf } from './helper.ts';

const LOCAL = { UPSTREAM_URL: 'http://127.0.0.1:9000/' };

/** What the account's password is when its file holds this. */
function passwordFrom(content: string | Uint8Array): string | undefined {
  const { PROVIDER_PASSWORD: _, ...others } = ACCOUNT;
  const env = { ...LOCAL, ...others, PROVIDER_PASSWORD_FILE: 'secret' };
  return load(env, { '/app/secret': content }).providers.get('default')?.password;
}

t.test('a twin reads a file, relative to the directory that the program was started in', async (t) => {
  t.equal(load({ PORT_FILE: 'port' }, { '/app/port': '9001' }).listen.port, 9001);
  t.equal(load({ PORT_FILE: '/run/secrets/port' }, { '/run/secrets/port': '9002\n' }).listen.port, 9002);
});

t.test('one newline at the end of a file is none of the value, and nothing else is dropped', async (t) => {
  t.equal(passwordFrom('word\n'), 'word');
  t.equal(passwordFrom('word\r\n'), 'word');
  t.equal(passwordFrom('word'), 'word');
  t.equal(passwordFrom(' wörd \n'), ' wörd ');
  t.equal(passwordFrom('\uFEFFword\n'), 'word', 'a byte order mark is no part of a text');
});

t.test('a second newline is left in, and therefore refused', async (t) => {
  const problems = mistakes(t, () => passwordFrom('word\n\n'));
  t.match(problems, [{ setting: 'PROVIDER_PASSWORD_FILE', problem: /line break/ }]);
});

t.test('a file without a value is refused', async (t) => {
  for (const content of ['', '\n']) {
    const problems = mistakes(t, () => passwordFrom(content));
    t.match(problems, [{ setting: 'PROVIDER_PASSWORD_FILE', problem: 'names an empty file: /app/secret' }]);
  }
});

t.test('an empty file of a list lists nothing', async (t) => {
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
