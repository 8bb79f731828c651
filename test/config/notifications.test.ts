import t from 'tap';
import { CONDITION_KINDS } from '../../src/domain/notification.ts';
import { fileWith, loadFile, mistakes, soundFile } from '../support/config/load.ts';

const SECRET = `whsec_${Buffer.from('0123456789abcdefghijklmnop').toString('base64')}`;
const OTHER = `whsec_${Buffer.from('ponmlkjihgfedcba9876543210').toString('base64')}`;
const SMTP = { host: 'smtp.example', from: 'gateway@example.com' };

const withNotifications = (notifications: object, more: object = {}) => ({ ...soundFile(), ...more, notifications });

t.test('targets are built with their secrets, from the file and from files of their own', async (t) => {
  const file = withNotifications({
    targets: {
      chat: { urlFile: 'chat-url', secretFile: '/run/secrets/now', previousSecret: OTHER },
      night: {
        email: ['ann@example.com', 'bob@example.com'],
        conditions: ['provider_parked'],
        quiet: { from: '22:30', to: '07:00', timeZone: 'Europe/Berlin' },
      },
    },
    smtp: { ...SMTP, user: 'gateway', passwordFile: 'smtp-password' },
    waiting: { held: 10 },
    remindHours: 4,
    consoleUrl: 'https://gateway.internal/console/',
  });
  const files = {
    '/etc/gateway/chat-url': 'https://hooks.example/x?y=1\n',
    '/run/secrets/now': SECRET,
    '/etc/gateway/smtp-password': 'word\n',
  };
  const settings = loadFile(file, {}, files);
  t.strictSame(settings.notifications, {
    name: 'Text Connect Gateway',
    breakerMinutes: 5,
    waitMinutes: 15,
    waiting: { parked: 1, unknown: 1, held: 10 },
    capPercent: 80,
    remindHours: 4,
    consoleUrl: 'https://gateway.internal/console',
    targets: new Map<string, object>([
      [
        'chat',
        {
          name: 'chat',
          receiver: { kind: 'webhook', url: 'https://hooks.example/x?y=1', secrets: [SECRET, OTHER] },
          conditions: new Set(CONDITION_KINDS),
        },
      ],
      [
        'night',
        {
          name: 'night',
          receiver: {
            kind: 'mail',
            to: ['ann@example.com', 'bob@example.com'],
            from: 'gateway@example.com',
            server: { host: 'smtp.example', port: 587, tls: 'starttls', user: 'gateway', password: 'word' },
          },
          conditions: new Set(['provider_parked']),
          quiet: { from: 22 * 60 + 30, to: 7 * 60, timeZone: 'Europe/Berlin', urgentPasses: true },
        },
      ],
    ]),
  });
  for (const path of Object.keys(files)) t.ok(settings.files.includes(path), `${path} is watched`);
});

t.test('without notifications nobody is told', async (t) => {
  const settings = loadFile(soundFile());
  t.notOk('notifications' in settings);
  t.strictSame(settings.privateHosts, new Set());
});

t.test('plain http and a mail server without encryption are for hosts that may be private', async (t) => {
  const notifications = {
    targets: { chat: { url: 'http://Alerts.internal:9000/hook' }, mail: { email: ['ann@example.com'] } },
    smtp: { ...SMTP, host: '10.0.0.7', tls: 'none' },
  };
  const settings = loadFile(withNotifications(notifications, { allowPrivateHosts: ['ALERTS.internal', '10.0.0.7'] }));
  t.strictSame(settings.privateHosts, new Set(['alerts.internal', '10.0.0.7']));
  const problems = mistakes(t, () => loadFile(withNotifications(notifications)));
  t.strictSame(
    problems.map(({ setting, problem }) => [setting.replace('CONFIG_FILE: /notifications/', ''), problem]),
    [
      ['targets/chat/url', 'is http, and others could read and change what is sent'],
      ['smtp/tls', 'is none, and others could read the password and the e-mails'],
    ],
  );
});

const chat = (changes: object) => ({ targets: { chat: { url: 'https://hooks.example/', ...changes } } });

const WRONG: [why: string, notifications: object, at: string, fix: RegExp][] = [
  ['a target without a way', { targets: { chat: {} } }, 'targets/chat', /use url, urlFile or email/],
  ['a target with two ways', { ...chat({ email: ['ann@example.com'] }), smtp: SMTP }, 'targets/chat', /second target/],
  ['no target', { targets: {} }, 'targets', /at least one target/],
  ['a URL beside its file', chat({ urlFile: 'x' }), 'targets/chat/url', /set one of the two/],
  ['a URL with a password', chat({ url: 'https://u:p@hooks.example/' }), 'targets/chat/url', /take them out/],
  ['a URL of another kind', chat({ url: 'ftp://hooks.example/' }), 'targets/chat/url', /https:/],
  ['a secret without its prefix', chat({ secret: 'abc' }), 'targets/chat/secret', /openssl rand/],
  ['a secret that is too short', chat({ secret: 'whsec_YWJj' }), 'targets/chat/secret', /24 to 64/],
  ['a secret that is not random', chat({ secret: `whsec_${'A'.repeat(40)}` }), 'targets/chat/secret', /openssl rand/],
  ['a previous secret alone', chat({ previousSecret: OTHER }), 'targets/chat/previousSecret', /set secret too/],
  ['an unknown condition', chat({ conditions: ['parked'] }), 'targets/chat/conditions/0', /provider_parked/],
  [
    'a wrong time',
    chat({ quiet: { from: '24:00', to: '07:00', timeZone: 'UTC' } }),
    'targets/chat/quiet/from',
    /23:59/,
  ],
  [
    'a wrong zone',
    chat({ quiet: { from: '22:00', to: '07:00', timeZone: 'Berlin' } }),
    'targets/chat/quiet/timeZone',
    /IANA/,
  ],
  ['e-mail without a server', { targets: { mail: { email: ['ann@example.com'] } } }, 'targets/mail/email', /add smtp/],
  [
    'a wrong address',
    { targets: { mail: { email: ['Ann <ann@example.com>'] } }, smtp: SMTP },
    'targets/mail/email/0',
    /without a name/,
  ],
  ['a user without a password', { ...chat({}), smtp: { ...SMTP, user: 'u' } }, 'smtp/password', /passwordFile/],
  [
    'a password without a user',
    { ...chat({}), smtp: { ...SMTP, password: 'p' } },
    'smtp/user',
    /leave out the password/,
  ],
  ['a missing file', chat({ secretFile: 'missing' }), 'targets/chat/secretFile', /exists/],
];

for (const [why, notifications, at, fix] of WRONG) {
  t.test(`${why} is refused with its place and what would be right`, async (t) => {
    const problems = mistakes(t, () => loadFile(withNotifications(notifications)));
    t.strictSame(
      problems.map(({ setting }) => setting),
      [`CONFIG_FILE: /notifications/${at}`],
    );
    t.match(problems[0]?.fix, fix);
  });
}

t.test('a file whose text is wrong is named, and its text is not shown', async (t) => {
  const file = withNotifications(chat({ secretFile: 'secret' }));
  const [problem, ...more] = mistakes(t, () => loadFile(file, {}, { '/etc/gateway/secret': 'canary-secret' }));
  t.match(problem, {
    setting: 'CONFIG_FILE: /notifications/targets/chat/secretFile',
    problem: /^names a file whose text/,
  });
  t.notMatch(JSON.stringify(problem), /canary/);
  t.strictSame(more, []);
});

t.test('hosts that may be private are names or addresses without scheme and port', async (t) => {
  const problems = mistakes(t, () => loadFile(fileWith('/allowPrivateHosts', ['http://alerts.internal'])));
  t.match(problems, [{ setting: 'CONFIG_FILE: /allowPrivateHosts/0' }]);
});

const CALLBACK = { url: 'https://crm.example/hook', secretFile: 'callback-secret' };

t.test('callbacks of partners and sites are built with their secrets', async (t) => {
  const file = soundFile();
  const settings = loadFile(
    {
      ...file,
      sites: { motors: { ...file.sites.motors, callbacks: [{ ...CALLBACK, previousSecret: OTHER }] } },
      partners: { crm: { ...file.partners.crm, callbacks: [CALLBACK] } },
    },
    {},
    { '/etc/gateway/callback-secret': SECRET },
  );
  const built = { kind: 'webhook', url: CALLBACK.url, secrets: [SECRET] };
  t.strictSame(settings.partners.get('crm')?.callbacks, [built]);
  t.strictSame(settings.sites.get('motors')?.callbacks, [{ ...built, secrets: [SECRET, OTHER] }]);
});

for (const [why, callback, at, fix] of [
  ['a callback without a secret', { url: CALLBACK.url }, 'secret', /add secretFile/],
  ['a callback without a URL', { secret: SECRET }, 'url', /add urlFile/],
  ['a callback over http', { url: 'http://crm.example/', secret: SECRET }, 'url', /use https/],
  ['an unknown name', { url: CALLBACK.url, secret: SECRET, events: [] }, 'events', /known are url/],
] as const) {
  t.test(`${why} is refused with its place and what would be right`, async (t) => {
    const problems = mistakes(t, () => loadFile(fileWith('/partners/crm/callbacks', [callback])));
    t.strictSame(
      problems.map(({ setting }) => setting),
      [`CONFIG_FILE: /partners/crm/callbacks/0/${at}`],
    );
    t.match(problems[0]?.fix, fix);
  });
}
