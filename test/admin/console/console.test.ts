import t from 'tap';
import { createSessions } from '../../../src/admin/console/session.ts';
import { METRICS_TOKEN, TOKEN, tokenOf } from '../../support/admin/admin.ts';
import { consoleOver } from '../../support/admin/console.ts';
import { NOON } from '../../support/admin/operations.ts';

t.test('a token opens a session for eight hours, in a cookie that no script and no other site gets', async (t) => {
  const { ask } = consoleOver(t);
  const { status, headers, cookies } = await ask('POST', '/login', { form: { token: TOKEN } });
  t.equal(status, 303);
  t.equal(headers.location, '/console');
  t.match(cookies, [{ name: 'tcg_console', path: '/console', httpOnly: true, sameSite: 'Strict', maxAge: 28_800 }]);
  t.notMatch(cookies[0]?.value, TOKEN);
});

t.test('without a session every page leads to the log-in, whether it exists or not', async (t) => {
  const { ask } = consoleOver(t);
  for (const path of ['', '/leads', '/audit', '/events', '/nothing', '/leads/cnv_1']) {
    const { status, headers, text } = await ask('GET', path);
    t.strictSame([status, headers.location, text], [303, '/console/login', ''], path);
  }
  t.equal((await ask('POST', '/leads/run', { form: { action: 'replay' } })).status, 303);
  t.equal((await ask('GET', '/login')).status, 200);
});

t.test('a wrong token, an expired one and the metrics token open nothing, and guesses are limited', async (t) => {
  const { ask } = consoleOver(t);
  for (const [token, status] of [
    [tokenOf('eve'), 401],
    [METRICS_TOKEN, 403],
  ] as const) {
    const answer = await ask('POST', '/login', { form: { token } });
    t.equal(answer.status, status);
    t.strictSame(answer.cookies, []);
    t.notMatch(answer.text, token);
  }
  const statuses: number[] = [];
  for (let n = 0; n < 6; n += 1) statuses.push((await ask('POST', '/login', { form: { token: `wrong-${n}` } })).status);
  t.strictSame(statuses, [401, 401, 401, 401, 401, 429]);
});

t.test('a session that is forged, altered, over, or of a changed token is none', async (t) => {
  const { ask, logIn } = consoleOver(t);
  const { cookie } = await logIn(tokenOf('olaf'));
  t.equal((await ask('GET', '', { cookie })).status, 200);
  const payload = Buffer.from(JSON.stringify({ name: 'olaf', token: 'x', expiresAt: NOON + 1_000 })).toString(
    'base64url',
  );
  const own = createSessions(Buffer.alloc(16, 3), () => NOON);
  for (const value of [
    `${payload}.`,
    `${payload}.${cookie.split('.')[1]}`,
    cookie.replace('tcg_console=', '').replace(/.$/, 'A'),
    own.seal({ name: 'olaf', token: 'of another token', expiresAt: NOON + 1_000 }),
    own.seal({ name: 'nobody', token: 'x', expiresAt: NOON + 1_000 }),
    own.seal({ name: 'olaf', token: 'x', expiresAt: NOON }),
    'not-base64.%%%',
    '',
  ])
    t.equal((await ask('GET', '', { cookie: `tcg_console=${value}` })).status, 303, value);
});

t.test('a form without the token of the session, or from another site, changes nothing', async (t) => {
  const { ask, logIn, store, statusOf } = consoleOver(t);
  const id = await store('held');
  const { cookie, send } = await logIn(TOKEN);
  const other = await logIn(tokenOf('olaf'));
  const form = { action: 'release', id };
  t.equal((await ask('POST', '/leads/run', { cookie, form })).status, 403);
  t.equal((await ask('POST', '/leads/run', { cookie, form: { ...form, formToken: other.formToken } })).status, 403);
  t.equal((await send('/leads/run', form, { 'sec-fetch-site': 'cross-site' })).status, 403);
  t.equal(await statusOf(id), 'held');
});

t.test('each role sees and does what it may', async (t) => {
  const { logIn, store } = consoleOver(t);
  const id = await store('parked');
  const pages: [path: string, viewer: number, operator: number, admin: number][] = [
    ['', 200, 200, 200],
    ['/leads', 200, 200, 200],
    [`/leads/${id}`, 200, 200, 200],
    ['/providers', 200, 200, 200],
    ['/suppressions', 200, 200, 200],
    ['/configuration', 200, 200, 200],
    ['/runbook', 200, 200, 200],
    ['/audit', 403, 403, 200],
  ];
  const [viewer, operator, admin] = [await logIn(tokenOf('vera')), await logIn(tokenOf('olaf')), await logIn(TOKEN)];
  for (const [path, ...statuses] of pages) {
    const got = [await viewer.open(path), await operator.open(path), await admin.open(path)].map(
      ({ status }) => status,
    );
    t.strictSame(got, statuses, path);
  }
  for (const path of [
    `/leads/${id}/reveal`,
    '/leads/preview',
    '/leads/run',
    '/leads/search',
    '/suppressions/add',
    '/suppressions/remove',
    '/suppressions/erase',
    '/providers/eu-main/release',
  ])
    t.equal((await viewer.send(path, { action: 'release', phone: '+14045551212' })).status, 403, path);
});

t.test('personal data is masked until an operator reveals it, which the audit records', async (t) => {
  const { logIn, store } = consoleOver(t);
  const id = await store('parked', { question: 'Is the red one still there?' });
  const { open, send } = await logIn(tokenOf('olaf'));
  t.notMatch((await open(`/leads/${id}`)).text, /red one/);
  const revealed = await send(`/leads/${id}/reveal`);
  t.match(revealed.text, /Is the red one still there\?/);
  t.match(revealed.text, /Document that would be sent.*&lt;Phone|Document that would be sent.*&#60;Phone/s);
  t.notMatch((await open(`/leads/${id}`)).text, /Document that would be sent/);
  t.match(revealed.headers, { 'cache-control': 'no-store' });
  const admin = await logIn(TOKEN);
  t.match((await admin.open('/audit')).text, new RegExp(`olaf.*reveal.*${id}`, 's'));
});

t.test(
  'the page of a lead tells its history, with the words of the provider as text and only when revealed',
  async (t) => {
    const { logIn, outbox, store } = consoleOver(t);
    const id = await store('queued', {}, NOON);
    const [claim] = await outbox.claim({ providers: ['default'], limit: 1, now: NOON });
    if (!claim) throw new Error('nothing is due');
    const facts = { outcome: 'refused', cause: 'failure', httpStatus: 200, durationMs: 75 } as const;
    const refused = {
      status: 'parked',
      cause: 'refused',
      attempted: true,
      description: '<b>No</b> merchant',
      facts,
    } as const;
    await outbox.settle(claim.lease, refused, NOON);
    const { open, send } = await logIn(tokenOf('olaf'));
    const shown = (await open(`/leads/${id}`)).text;
    t.match(shown, /attempt 1<.*refused: failure<.*200<.*75 ms<.*\(18 characters\)/s);
    t.notMatch(shown, /merchant/);
    const revealed = (await send(`/leads/${id}/reveal`)).text;
    t.match(revealed, /reveal<.*olaf</s);
    t.match(revealed, '&#60;b&#62;No&#60;');
    t.notMatch(revealed, '<b>No</b>');
  },
);

t.test('an action on many leads shows what it would do, and then does it', async (t) => {
  const { logIn, store, statusOf, app } = consoleOver(t);
  const ids = [await store('held'), await store('held'), await store('delivered')];
  const { open, send } = await logIn(tokenOf('olaf'));
  const shown = await send('/leads/preview', { action: 'release', status: 'held' });
  t.match(shown.text, /Send 2 leads/);
  t.equal(await statusOf(ids[0] ?? ''), 'held', 'the preview changes nothing');
  const started = await send('/leads/run', { action: 'release', status: 'held' });
  t.equal(started.status, 303);
  const job = String(started.headers.location).replace('/console', '');
  const vera = await logIn(tokenOf('vera'));
  t.equal((await vera.open(job)).status, 404, 'a job is shown to its operator only');
  await (await app).close();
  t.strictSame(await Promise.all(ids.map(statusOf)).catch(() => 'closed'), ['queued', 'queued', 'delivered']);
  t.match(open, Function);
});

t.test('a number is suppressed, found and erased by forms, and is in no address', async (t) => {
  const { logIn, store } = consoleOver(t);
  const id = await store('delivered');
  const { send, open } = await logIn(tokenOf('olaf'));
  const number = { phone: '+14045551212' };
  t.match((await send('/leads/search', number)).text, new RegExp(id));
  t.match((await send('/suppressions/add', number)).text, /The number is suppressed\./);
  t.match((await send('/suppressions/remove', number)).text, /no longer suppressed/);
  t.match((await send('/suppressions/erase', number)).text, /<strong>1<\/strong> lead/);
  t.match((await send('/suppressions/erase', { ...number, confirmed: 'true' })).text, /of 1 leads is erased/);
  t.match((await open(`/leads/${id}`)).text, /personal data of this lead is erased/);
  const wrong = await send('/suppressions/add', { phone: 'canary' });
  t.equal(wrong.status, 422);
  t.notMatch(wrong.text, /canary/);
});

t.test('text of leads and requests is shown as text, under a policy that runs nothing else', async (t) => {
  const { logIn, store } = consoleOver(t);
  const script = '<script>alert(1)</script>';
  const id = await store('parked', { question: script });
  const { open, send } = await logIn(TOKEN);
  const shown = await send(`/leads/${id}/reveal`);
  t.notMatch(shown.text, script);
  t.match(shown.text, /&(lt|#60|#x3c);script/i);
  t.notMatch((await open(`/leads?site=${encodeURIComponent(`"><img src=x onerror=1>`)}`)).text, '<img src=x');
  t.match(shown.headers['content-security-policy'], /default-src 'none'; style-src 'self'; script-src 'self'/);
});

t.test('mistakes in an address are told in a page, without a fault', async (t) => {
  const { logIn } = consoleOver(t);
  const { open, send } = await logIn(TOKEN);
  for (const path of ['/leads?status=nope', '/leads?since=yesterday', '/leads?after=%00', '/audit?after=x'])
    t.equal((await open(path)).status, 422, path);
  for (const path of ['/leads/cnv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', '/jobs/1', '/nothing', '/assets/..%2fstyle.css'])
    t.equal((await open(path)).status, 404, path);
  for (const name of ['__proto__', 'constructor', 'toString'])
    t.equal((await open(`/assets/${name}`)).status, 404, `${name}, which every object has`);
  t.equal((await send('/leads/preview', { action: 'drop' })).status, 422);
});

t.test('in the demo the console is open, to pages of a loopback name only', async (t) => {
  const { ask } = consoleOver(t, { open: { name: 'demo', role: 'admin' } });
  t.equal((await ask('GET', '')).status, 200);
  t.equal((await ask('GET', '', { headers: { host: 'localhost:9090' } })).status, 200);
  t.equal((await ask('GET', '', { headers: { host: 'rebound.example' } })).status, 303);
});

t.test(
  'the overview shows parked accounts, breakers, processes and what waits with its button, and every page has one heading',
  async (t) => {
    const { logIn, store } = consoleOver(t);
    const { open, send } = await logIn(TOKEN);
    const { text } = await open('');
    t.match(text, /refuses the credentials of the account eu-main/);
    t.match(text, /The provider at https:\/\/eu\.example takes no leads/);
    t.match(text, /host:1/);
    const id = await store('parked');
    const shown = (await open('')).text;
    t.match(shown, /1 lead of the account default waits for an operator \(schedule/);
    const form = Object.fromEntries(
      [...shown.matchAll(/name="(status|cause|provider|action)" value="([^"]+)"/g)].map(([, name, value]) => [
        name,
        value,
      ]),
    );
    t.strictSame(form, { status: 'parked', cause: 'schedule', provider: 'default', action: 'release' });
    t.match((await send('/leads/preview', form)).text, /Send 1 leads?</, 'its button shows what it would send');
    t.match((await open('/leads?status=parked&cause=schedule&provider=default')).text, new RegExp(id.slice(-8)));
    for (const path of ['', '/leads', '/providers', '/suppressions', '/audit', '/configuration'])
      t.equal((await open(path)).text.match(/<h1/g)?.length, 1, path);
  },
);
