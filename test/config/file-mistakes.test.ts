import { createHash } from 'node:crypto';
import t from 'tap';
import { fileWith, loadFile, mistakes } from '../support/config/load.ts';

/** A value of the file that is wrong, where it is reported, and what the message has to say of the fix. */
type Case = [pointer: string, value: unknown, at: string, fix: RegExp];

const SITE = '/sites/motors';
const PARTNER = '/partners/crm';
const PROVIDER = '/providers/main';

const sites: Case[] = [
  ['/sites', [], '/sites', /use an object of sites/],
  ['/sites/a b', {}, '/sites/a b', /use 1 to 64 letters, digits, - and _/],
  ['/sites/_x', {}, '/sites/_x', /beginning with a letter or digit/],
  ['/sites/a~1b', {}, '/sites/a~01b', /use 1 to 64 letters/],
  [SITE, 'motors', SITE, /use an object with name, origins/],
  [`${SITE}/name`, undefined, `${SITE}/name`, /use a text of 1 to 128 characters/],
  [`${SITE}/name`, ' ', `${SITE}/name`, /use a text of 1 to 128 characters/],
  [`${SITE}/nmae`, 'x', `${SITE}/nmae`, /did you mean name\?/],
  [`${SITE}/colour`, 'x', `${SITE}/colour`, /known are name, origins/],
  [`${SITE}/origins`, undefined, `${SITE}/origins`, /use a list such as \["https:/],
  [`${SITE}/origins`, 'https://a.example', `${SITE}/origins`, /use a list such as/],
  [`${SITE}/origins`, [7], `${SITE}/origins/0`, /use an origin such as https:/],
  [`${SITE}/origins`, ['https://a.example/'], `${SITE}/origins/0`, /write https:\/\/a\.example$/],
  [`${SITE}/origins`, ['https://a.example/shop'], `${SITE}/origins/0`, /write https:\/\/a\.example$/],
  [`${SITE}/origins`, ['https://A.example'], `${SITE}/origins/0`, /write https:\/\/a\.example$/],
  [`${SITE}/origins`, ['https://a.example:443'], `${SITE}/origins/0`, /write https:\/\/a\.example$/],
  [`${SITE}/origins`, ['http://a.example:80'], `${SITE}/origins/0`, /write http:\/\/a\.example$/],
  [`${SITE}/origins`, ['https://u:canary@a.example'], `${SITE}/origins/0`, /write https:\/\/a\.example$/],
  [`${SITE}/origins`, ['https://münchen.example'], `${SITE}/origins/0`, /write https:\/\/xn--mnchen-3ya\.example$/],
  [`${SITE}/origins`, ['a.example'], `${SITE}/origins/0`, /write https:\/\/a\.example$/],
  [`${SITE}/origins`, ['https://*.a.example'], `${SITE}/origins/0`, /list the origin of each host/],
  [`${SITE}/origins`, ['ftp://a.example'], `${SITE}/origins/0`, /use an origin such as/],
  [`${SITE}/origins`, ['null'], `${SITE}/origins/0`, /write https:\/\/null/],
  [`${SITE}/origins`, ['*', 'https://a.example'], `${SITE}/origins`, /leave "\*" alone/],
  [`${SITE}/allowAnyOrigin`, 'yes', `${SITE}/allowAnyOrigin`, /use true or false/],
  [`${SITE}/targets/advertiserIds`, 'all', `${SITE}/targets/advertiserIds`, /a list of texts such as .*, or "\*"/],
  [`${SITE}/targets/advertiserIds`, ['1659', 1660], `${SITE}/targets/advertiserIds/1`, /in quotes/],
  [`${SITE}/targets/merchantIds`, ['20418'], `${SITE}/targets/merchantIds/0`, /use an integer from 1/],
  [`${SITE}/targets/merchantIds`, [0], `${SITE}/targets/merchantIds/0`, /use an integer from 1/],
  [`${SITE}/targets/merchantIds`, 5, `${SITE}/targets/merchantIds`, /a list of integers such as .*, or "\*"/],
  [`${SITE}/targets/advertiserId`, ['1'], `${SITE}/targets/advertiserId`, /did you mean advertiserIds\?/],
  [`${SITE}/defaultTarget`, {}, `${SITE}/defaultTarget`, /use one of \{ "advertiserId"/],
  [`${SITE}/defaultTarget/merchantId`, 20418, `${SITE}/defaultTarget`, /use one of \{ "advertiserId"/],
  [`${SITE}/defaultTarget`, { advertiserId: '9' }, `${SITE}/defaultTarget`, /add it to targets\/advertiserIds/],
  [`${SITE}/defaultTarget`, { merchantId: 9 }, `${SITE}/defaultTarget`, /add it to targets\/merchantIds/],
  [`${SITE}/placementId`, 0, `${SITE}/placementId`, /use an integer from 1 to 2147483647/],
  [`${SITE}/country`, undefined, `${SITE}/country`, /use two capital letters such as US/],
  [`${SITE}/country`, 'us', `${SITE}/country`, /write US/],
  [`${SITE}/country`, 'UK', `${SITE}/country`, /write GB/],
  [`${SITE}/country`, 'XX', `${SITE}/country`, /two capital letters of ISO 3166-1/],
  [`${SITE}/countries`, [], `${SITE}/countries`, /use a list such as \["US", "CA"\]/],
  [`${SITE}/countries`, ['US', 'Canada'], `${SITE}/countries/1`, /two capital letters/],
  [`${SITE}/consent`, true, `${SITE}/consent`, /use an object such as \{ "required": true \}/],
  [`${SITE}/consent/required`, 'true', `${SITE}/consent/required`, /use true or false/],
  [`${SITE}/dailyMax`, 5, `${SITE}/dailyMax`, /use an object such as \{ "phone": 5, "site": 2000 \}/],
  [`${SITE}/dailyMax/phone`, 0, `${SITE}/dailyMax/phone`, /use an integer from 1 to 1000000/],
  [`${SITE}/dailyMax/visitor`, 9, `${SITE}/dailyMax/visitor`, /known are phone, site/],
  [`${SITE}/unknownOutcome`, 'resent', `${SITE}/unknownOutcome`, /did you mean resend\?/],
  [`${SITE}/failurePatterns`, ['paused'], `${SITE}/failurePatterns`, /use an object of classes by text/],
  [`${SITE}/failurePatterns`, { paused: 'delivered' }, `${SITE}/failurePatterns/paused`, /only the provider's Success/],
  [`${SITE}/failurePatterns`, { paused: 'not-sent' }, `${SITE}/failurePatterns/paused`, /use one of rejected, cred/],
  [`${SITE}/failurePatterns`, { '-- a1': 'refused' }, `${SITE}/failurePatterns/-- a1`, /at least 3 letters or digits/],
  [`${SITE}/failurePatterns`, { 'a\nb c': 'refused' }, `${SITE}/failurePatterns/a\nb c`, /on one line/],
  [
    `${SITE}/failurePatterns`,
    { ['x'.repeat(201)]: 'refused' },
    `${SITE}/failurePatterns/${'x'.repeat(201)}`,
    /up to 200 characters/,
  ],
  [
    `${SITE}/failurePatterns`,
    Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`text ${n}`, 'refused'])),
    `${SITE}/failurePatterns`,
    /100 at most/,
  ],
  [
    `${SITE}/failurePatterns`,
    { 'is paused': 'refused', ' Is  PAUSED.': 'refused' },
    `${SITE}/failurePatterns/ Is  PAUSED.`,
    /keep one of the two/,
  ],
  [`${SITE}/failurePatterns/paused`, {}, `${SITE}/failurePatterns/paused`, /an object such as \{ "class"/],
  [
    `${SITE}/failurePatterns/paused`,
    { class: 'refused', reason: 'phone' },
    `${SITE}/failurePatterns/paused/reason`,
    /use the class rejected/,
  ],
  [
    `${SITE}/failurePatterns/paused`,
    { class: 'rejected', reason: 'fone' },
    `${SITE}/failurePatterns/paused/reason`,
    /use one of phone, target, other/,
  ],
  [`${SITE}/provider`, 'mian', `${SITE}/provider`, /did you mean main\?/],
  [`${SITE}/provider`, 'elsewhere', `${SITE}/provider`, /use one of main, or define it/],
];

const partners: Case[] = [
  ['/partners', [], '/partners', /use an object of partners, by id/],
  [`${PARTNER}/keys`, undefined, `${PARTNER}/keys`, /use a list of hashes/],
  [`${PARTNER}/keys`, [], `${PARTNER}/keys`, /use a list of hashes/],
  [`${PARTNER}/keys`, ['canary-key'], `${PARTNER}/keys/0`, /use sha256: and 64 hexadecimal digits/],
  [`${PARTNER}/keys`, [`sha256:${'a'.repeat(63)}`], `${PARTNER}/keys/0`, /use sha256: and 64 hexadecimal digits/],
  [
    `${PARTNER}/keys`,
    ['sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    `${PARTNER}/keys/0`,
    /set KEY before hashing it/,
  ],
  [
    `${PARTNER}/keys`,
    [`sha256:${'cd'.repeat(32)}`, `sha256:${'CD'.repeat(32)}`],
    `${PARTNER}/keys/1`,
    /keys of its own/,
  ],
  [
    '/partners/other',
    { keys: [`sha256:${'AB'.repeat(32)}`], sites: '*' },
    '/partners/other/keys/0',
    /give each partner keys of its own/,
  ],
  [`${PARTNER}/sites`, 'motors', `${PARTNER}/sites`, /use a list of keys of sites, or "\*"/],
  [`${PARTNER}/sites`, ['motors', 'motor'], `${PARTNER}/sites/1`, /did you mean motors\?/],
  ['/partners/other', { keys: [`sha256:${'cd'.repeat(32)}`] }, '/partners/other/sites', /add sites, a list/],
  [`${PARTNER}/defaultSite`, 'homes', `${PARTNER}/defaultSite`, /use one of motors, or define it/],
  [`${PARTNER}/targets`, {}, `${PARTNER}/targets`, /list advertiserIds or merchantIds/],
  [`${PARTNER}/rate/max`, 0, `${PARTNER}/rate/max`, /use an integer from 1 to 1000000/],
  [`${PARTNER}/rate/window`, 60, `${PARTNER}/rate/window`, /did you mean windowS\?/],
];

const providers: Case[] = [
  [`${PROVIDER}/region`, 'us', `${PROVIDER}/region`, /use one of na, au, eu/],
  [`${PROVIDER}/url`, 'http://services.example/', `${PROVIDER}/url`, /use https; http is for loopback/],
  [`${PROVIDER}/url`, 'https://u:canary@services.example/', `${PROVIDER}/url`, /take them out of the URL/],
  [`${PROVIDER}/providerId`, '1002', `${PROVIDER}/providerId`, /use an integer from 1/],
  [`${PROVIDER}/providerId`, undefined, `${PROVIDER}/providerId`, /use an integer from 1/],
  [`${PROVIDER}/username`, undefined, `${PROVIDER}/username`, /add usernameFile/],
  [`${PROVIDER}/password`, undefined, `${PROVIDER}/password`, /add passwordFile/],
  [`${PROVIDER}/password`, '', `${PROVIDER}/password`, /use a text of 1 to 256 characters/],
  [`${PROVIDER}/password`, 'canary\n', `${PROVIDER}/password`, /remove it/],
  [`${PROVIDER}/passwordFile`, 'password', `${PROVIDER}/password`, /set one of the two/],
  [`${PROVIDER}/xml/root`, 'a b', `${PROVIDER}/xml/root`, /use an element name/],
  [`${PROVIDER}/xml/order`, 'random', `${PROVIDER}/xml/order`, /use one of documented, alphabetical/],
  [`${PROVIDER}/xml/contentType`, 'xml', `${PROVIDER}/xml/contentType`, /use a media type/],
  [`${PROVIDER}/listingFormat`, 'yaml', `${PROVIDER}/listingFormat`, /use one of text, json, urlencoded/],
  [
    `${PROVIDER}/failurePatterns`,
    { paused: 'success' },
    `${PROVIDER}/failurePatterns/paused`,
    /use one of rejected, credentials/,
  ],
  ['/providers/default', { failurePatterns: {} }, '/providers/default/providerId', /use an integer from 1/],
  ['/sits', {}, '/sits', /did you mean sites\?/],
];

const HASH = `sha256:${'cd'.repeat(32)}`;
const ann = (changes: object) => ({ ann: { tokenHash: HASH, role: 'operator', ...changes } });

const operators: Case[] = [
  ['/operators', [], '/operators', /use an object of operators, by name/],
  ['/operators', { 'ann b': { tokenHash: HASH, role: 'viewer' } }, '/operators/ann b', /use 1 to 64 letters/],
  ['/operators', ann({ role: 'root' }), '/operators/ann/role', /use one of viewer, operator, admin/],
  ['/operators', ann({ role: undefined }), '/operators/ann/role', /use one of viewer, operator, admin/],
  ['/operators', ann({ tokenHash: 'canary' }), '/operators/ann/tokenHash', /use sha256: and 64 hexadecimal digits/],
  ['/operators', ann({ tokenHash: undefined }), '/operators/ann/tokenHash', /use sha256: and 64 hexadecimal digits/],
  ['/operators', ann({ token: 'canary' }), '/operators/ann/token', /tokenHash/],
  ['/operators', ann({ expires: 'tomorrow' }), '/operators/ann/expires', /use a date such as 2027-06-30/],
  ['/operators', ann({ expires: '2027-02-30' }), '/operators/ann/expires', /use a date such as 2027-06-30/],
  ['/operators', ann({ expires: '2027-06-30T18:00' }), '/operators/ann/expires', /2027-06-30T18:00Z/],
  ['/operators', { admin: { tokenHash: HASH, role: 'admin' } }, '/operators/admin', /use the operator's own name/],
  [
    '/operators',
    { ...ann({}), bob: { tokenHash: HASH.toUpperCase().replace('SHA', 'sha'), role: 'viewer' } },
    '/operators/bob/tokenHash',
    /make a token of its own with keys new --operator/,
  ],
];

t.test('the token of an operator cannot be ADMIN_TOKEN', async (t) => {
  const token = 'kQ4vT9xW2mZ7bN1rL6sD3fG8hJ5pC0yA';
  const tokenHash = `sha256:${createHash('sha256').update(token).digest('hex')}`;
  const env = { ADMIN_PORT: '0', ADMIN_TOKEN: token };
  t.match(
    mistakes(t, () => loadFile(fileWith('/operators', ann({ tokenHash })), env)),
    [{ setting: 'CONFIG_FILE: /operators/ann/tokenHash', problem: 'is the hash of ADMIN_TOKEN' }],
  );
});

for (const [pointer, value, at, fix] of [...sites, ...partners, ...operators, ...providers]) {
  const shown = value === undefined ? 'missing' : JSON.stringify(value).slice(0, 60);
  t.test(`${pointer} of ${shown} is refused at ${at} with a fix`, async (t) => {
    const problems = mistakes(t, () => loadFile(fileWith(pointer, value)));
    const problem = problems.find(({ setting }) => setting === `CONFIG_FILE: ${at}`);
    t.ok(problem, JSON.stringify(problems));
    t.match(problem?.fix, fix);
    t.match(problem?.at, /^1:\d+$/);
    t.notMatch(JSON.stringify(problems), /canary/, 'the value is not quoted');
  });
}

const FORM = '/sites/motors/form';
const formOf = (form: unknown) => loadFile(fileWith(FORM, form)).sites.get('motors')?.form;

t.test('a form has the values of the file, and defaults for the rest', async (t) => {
  t.match(formOf({ token: 'required', proof: 'adaptive', fields: { lastName: 'hidden' } }), {
    token: 'required',
    minFillS: 2,
    proof: 'adaptive',
    adaptiveAfter: 3,
    fields: { firstName: 'shown', lastName: 'hidden', question: 'shown' },
  });
  t.match(formOf({ minFillS: 0, proof: 'always', adaptiveAfter: 0 }), {
    minFillS: 0,
    proof: 'always',
    adaptiveAfter: 0,
  });
});

t.test('a form has the options of the file: a whole name, and hours in minutes of the day', async (t) => {
  const week = { tue: ['13:00-24:00', '09:00-12:00'] };
  const form = formOf({ fields: { name: 'required' }, hours: { timeZone: 'UTC', week }, textingNotice: true });
  t.match(form, {
    name: 'required',
    fields: { firstName: 'required', lastName: 'shown' },
    textingNotice: true,
    hours: {
      week: [
        [],
        [],
        [
          [540, 720],
          [780, 1440],
        ],
        [],
        [],
        [],
        [],
      ],
    },
  });
  t.notOk('name' in (formOf({ fields: { name: 'hidden' } }) ?? {}));
});

t.test('texts are found by language in any letter case', async (t) => {
  const form = formOf({ texts: { en: { heading: 'Ask us' }, 'pt-BR': { heading: 'Escreva' } } });
  t.strictSame(
    [...(form?.texts ?? [])],
    [
      ['en', { heading: 'Ask us' }],
      ['pt-br', { heading: 'Escreva' }],
    ],
  );
});

const wrong: [name: string, value: unknown, at: string, fix: RegExp][] = [
  ['', 'on', '', /use an object such as/],
  ['/token', true, '/token', /use one of required, optional/],
  ['/tokens', 'required', '/tokens', /did you mean token\?/],
  ['/minFillS', -1, '/minFillS', /use an integer from 0 to 60/],
  ['/minFillS', '2', '/minFillS', /use an integer from 0 to 60/],
  ['/proof', 'allways', '/proof', /did you mean always\?/],
  ['/adaptiveAfter', 1.5, '/adaptiveAfter', /use an integer from 0/],
  ['/fields', ['question'], '/fields', /use an object such as/],
  ['/fields', { phone: 'hidden' }, '/fields/phone', /known are firstName, lastName, question/],
  ['/fields', { question: 'optional' }, '/fields/question', /use one of shown, hidden, required/],
  ['/texts', { english: { heading: 'x' } }, '/texts/english', /use a language such as en/],
  ['/texts', { en: 'Text us' }, '/texts/en', /use an object of texts by name/],
  ['/texts', { en: { 'a b': 'x' } }, '/texts/en/a b', /use the name of a text/],
  ['/texts', { en: { button: 'Text us' } }, '/texts/en/button', /the words of "button" are given by the page/],
  ['/texts', { en: { heading: 7 } }, '/texts/en/heading', /use a text of up to 1,000/],
  ['/texts', { en: { heading: 'x'.repeat(1001) } }, '/texts/en/heading', /use a text of up to 1,000/],
  ['/texts', { 'pt-BR': {}, 'pt-br': {} }, '/texts/pt-br', /keep one of the two/],
  ['/fields', { name: 'shown', lastName: 'shown' }, '/fields/lastName', /take out lastName/],
  ['/hours', { timeZone: 'EST5', week: { mon: ['09:00-18:00'] } }, '/hours/timeZone', /IANA name/],
  ['/hours', { timeZone: 'UTC', week: { mon: ['9-18'] } }, '/hours/week/mon/0', /use spans such as/],
  ['/hours', { timeZone: 'UTC', week: { mon: ['18:00-09:00'] } }, '/hours/week/mon/0', /the rest to the next day/],
  ['/hours', { timeZone: 'UTC', week: { mon: ['09:00-13:00', '12:00-18:00'] } }, '/hours/week/mon/1', /join the two/],
  ['/hours', { timeZone: 'UTC', week: { mon: [] } }, '/hours/week', /add a span/],
  [
    '/hours',
    { timeZone: 'UTC', week: { mon: ['09:00-18:00'] }, closedOn: ['2026-02-30'] },
    '/hours/closedOn/0',
    /a date/,
  ],
  ['/links', { privacy: 'javascript:alert(1)' }, '/links/privacy', /absolute https URL/],
  ['/answerMinutes', 0, '/answerMinutes', /use an integer from 1/],
];
for (const [pointer, value, at, fix] of wrong) {
  t.test(`form${pointer} ${JSON.stringify(value).slice(0, 50)} is refused at its place`, async (t) => {
    const problems = mistakes(t, () => loadFile(fileWith(`${FORM}${pointer}`, value)));
    t.match(problems, [{ setting: `CONFIG_FILE: ${FORM}${at}`, fix }]);
  });
}

t.test('a consent text and version of a site are one line each', async (t) => {
  for (const [name, value] of [
    ['text', ' '],
    ['text', 'I\nagree'],
    ['text', 'x'.repeat(1001)],
    ['version', 7],
    ['version', ''],
  ] as const) {
    const problems = mistakes(t, () => loadFile(fileWith('/sites/motors/consent', { [name]: value })));
    t.match(problems, [{ setting: `CONFIG_FILE: /sites/motors/consent/${name}` }], `${name} ${value}`.slice(0, 20));
  }
});
