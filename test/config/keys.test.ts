import t from 'tap';
import { DEVELOPMENT_HASH_KEY } from '../../src/config/defaults.ts';
import { KEYS, keyOf, load, loadFile, mistakes, soundFile } from './helper.ts';

const bytes = (key: string) => Buffer.from(key, 'base64');

t.test('keys are bytes, the current one first, and former ones may stand in any number', async (t) => {
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
  const problems = mistakes(t, () => loadFile(soundFile(), { NODE_ENV: 'production' }));
  t.match(problems, [
    { setting: 'DATA_KEY', problem: /is not set, and production/, fix: /openssl rand -base64 32/ },
    { setting: 'HASH_KEY', problem: /is not set/, fix: /openssl rand -base64 32/ },
  ]);
  t.equal(problems.length, 2);
});

t.test('a wrong key in production is one mistake, and not a missing one beside', async (t) => {
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
  t.test(`a key of ${name} is refused wherever it stands, and never quoted`, async (t) => {
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

t.test('a former key that is unusable is counted out', async (t) => {
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
