import { hash } from 'node:crypto';
import t from 'tap';
import {
  buildStoredAccount,
  buildStoredPartner,
  buildStoredSite,
  checkEntry,
  type EntryContext,
} from '../../src/config/entries.ts';
import type { FormerEntry } from '../../src/config/entry-secrets.ts';
import type { EntryKind } from '../../src/domain/ports/entry-store.ts';
import { loadFile, soundFile } from '../support/config/load.ts';

const HASH = `sha256:${'0'.repeat(64)}`;
const SECRET = `whsec_${hash('sha256', 'one', 'base64')}`;
const OTHER = `whsec_${hash('sha256', 'other', 'base64')}`;
const HOOK = { url: 'https://crm.example/hook', secret: SECRET };
const SITE = { name: 'Motors', origins: ['https://m.example'], country: 'US', targets: { advertiserIds: ['1659'] } };
const ACCOUNT = { providerId: 1002, username: 'gateway', password: 'pa55' };

const CONTEXT: EntryContext = {
  production: true,
  isElsewhere: () => false,
  accounts: new Set(['default', 'europe']),
  keyOwners: new Map(),
  privateHosts: new Set(),
};

function check(kind: EntryKind, value: unknown, context: Partial<EntryContext> = {}, former?: FormerEntry) {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return checkEntry(kind, 'motors', text, { ...CONTEXT, ...context }, former);
}

function problemsOf(...args: Parameters<typeof check>): readonly string[] {
  const checked = check(...args);
  return 'problems' in checked ? checked.problems : [];
}

function entryOf(...args: Parameters<typeof check>) {
  const checked = check(...args);
  if ('problems' in checked) throw new Error(checked.problems.join('\n'));
  return checked.entry;
}

const MISTAKES: [name: string, kind: EntryKind, value: unknown, message: RegExp][] = [
  ['a syntax error', 'site', '{\n  "name": }', /^the entry \(2:11\) is not JSON/],
  [
    'an unknown name',
    'site',
    { ...SITE, orgins: [] },
    /^\/orgins \(1:\d+\) is not a known name; did you mean origins\?/,
  ],
  ['a name twice', 'site', '{"name":"a","name":"b","origins":[],"country":"US"}', /\/name .*is there twice/],
  ['a missing field', 'site', { ...SITE, country: undefined }, /^\/country .*is missing/],
  ['a wrong origin', 'site', { ...SITE, origins: ['m.example'] }, /^\/origins\/0 \(1:\d+\)/],
  ['any origin in production', 'site', { ...SITE, origins: ['*'] }, /lets in the pages of anybody/],
  ['no target', 'site', { ...SITE, targets: undefined }, /^\/targets .*would reach nobody/],
  ['an unknown account', 'site', { ...SITE, provider: 'europ' }, /^\/provider .*: europ; did you mean europe\?/],
  [
    'a callback without a secret',
    'site',
    { ...SITE, callbacks: [{ url: HOOK.url }] },
    /^\/callbacks\/0\/secret .*missing/,
  ],
  ['a callback over http', 'site', { ...SITE, callbacks: [{ ...HOOK, url: 'http://crm.example/' }] }, /is http/],
  [
    'a secret in a file',
    'site',
    { ...SITE, callbacks: [{ url: HOOK.url, secretFile: '/etc/passwd' }] },
    /secretFile .*store cannot/,
  ],
  [
    'a password in a file',
    'provider',
    { ...ACCOUNT, password: undefined, passwordFile: '/etc/passwd' },
    /^\/passwordFile .*store cannot/,
  ],
  ['no password', 'provider', { ...ACCOUNT, password: undefined }, /^\/password .*is missing/],
  ['no provider id', 'provider', { ...ACCOUNT, providerId: undefined }, /^\/providerId .*is missing/],
  ['no key', 'partner', { keys: [], sites: '*' }, /^\/keys .*is empty/],
  ['no site', 'partner', { keys: [HASH] }, /^\/sites .*could send nothing/],
  ['a list', 'partner', [], /^the entry .*is not an object/],
];

for (const [name, kind, value, message] of MISTAKES) {
  t.test(`${name} is refused with the message of the configuration file (${kind})`, async (t) => {
    t.match(problemsOf(kind, value).join('\n'), message);
  });
}

t.test('a site without an account needs the default one', async (t) => {
  t.match(problemsOf('site', SITE, { accounts: new Set(['europe']) }).join(), /names no provider account: default/);
});

t.test('an entry of the file is not stored', async (t) => {
  t.match(problemsOf('site', SITE, { isElsewhere: (kind) => kind === 'site' }).join(), /CONFIG_FILE.*already/);
});

t.test('no two partners share a key, and a partner keeps its own', async (t) => {
  const partner = { keys: [HASH], sites: '*' };
  t.match(problemsOf('partner', partner, { keyOwners: new Map([[HASH, 'crm']]) }).join(), /a key of the partner crm/);
  t.strictSame(problemsOf('partner', partner, { keyOwners: new Map([[HASH, 'motors']]) }), []);
});

t.test('an entry says what it refers to, and which of that is in the file', async (t) => {
  const isElsewhere = (kind: EntryKind, key: string): boolean => kind === 'provider' && key === 'default';
  t.match(entryOf('site', { ...SITE, origins: ['https://m.example', 'https://m.example'] }, { isElsewhere }), {
    title: 'Motors',
    origins: ['https://m.example'],
    uses: [{ kind: 'provider', key: 'default', elsewhere: true }],
  });
  t.strictSame(entryOf('partner', { keys: [HASH], sites: ['a', 'b'], defaultSite: 'a' }).uses, [
    { kind: 'site', key: 'a' },
    { kind: 'site', key: 'b' },
  ]);
});

t.test('secrets are taken out of the content, and are kept where a new content lacks them', async (t) => {
  const first = entryOf('site', { ...SITE, callbacks: [{ ...HOOK, previousSecret: OTHER }] });
  t.notMatch(first.content, /whsec_/);
  t.strictSame(first.secrets, { '/callbacks/0/secret': SECRET, '/callbacks/0/previousSecret': OTHER });
  const more = [{ url: 'https://new.example/', secret: OTHER }, { url: HOOK.url }];
  t.strictSame(entryOf('site', { ...SITE, callbacks: more }, {}, first).secrets, {
    '/callbacks/0/secret': OTHER,
    '/callbacks/1/secret': SECRET,
    '/callbacks/1/previousSecret': OTHER,
  });
  const rotated = entryOf('site', { ...SITE, callbacks: [{ url: HOOK.url, secret: OTHER }] }, {}, first);
  t.strictSame(rotated.secrets, { '/callbacks/0/secret': OTHER });
  const account = entryOf('provider', ACCOUNT);
  t.notMatch(account.content, /pa55/);
  const moved = entryOf('provider', { ...ACCOUNT, password: undefined, region: 'eu' }, {}, account);
  t.strictSame(moved.secrets, { '/password': 'pa55' });
});

t.test('an entry of the store becomes what the same entry of the file becomes', async (t) => {
  const file = soundFile() as { sites: object; partners: object; providers: object };
  const loaded = loadFile({
    ...file,
    sites: {
      motors: { ...SITE, provider: 'acc', callbacks: [HOOK], failurePatterns: { 'campaign is paused': 'not_sent' } },
    },
    partners: { motors: { keys: [HASH], sites: ['motors'], callbacks: [HOOK] } },
    providers: { acc: ACCOUNT },
  });
  const site = entryOf(
    'site',
    { ...SITE, provider: 'acc', callbacks: [HOOK], failurePatterns: { 'campaign is paused': 'not_sent' } },
    { accounts: new Set(['acc']) },
  );
  t.strictSame(buildStoredSite('motors', site.content, site.secrets), loaded.sites.get('motors'));
  const partner = entryOf('partner', { keys: [HASH], sites: ['motors'], callbacks: [HOOK] });
  t.strictSame(buildStoredPartner('motors', partner.content, partner.secrets), loaded.partners.get('motors'));
  const account = entryOf('provider', ACCOUNT);
  t.strictSame(buildStoredAccount('acc', account.content, account.secrets, loaded.wires), loaded.providers.get('acc'));
});
