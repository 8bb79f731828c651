import t from 'tap';
import { TOKEN, tokenOf } from '../../support/admin/admin.ts';
import { consoleOver } from '../../support/admin/console.ts';

const SITE = { name: 'Motors', origins: ['https://m.example'], country: 'US', targets: { advertiserIds: ['1659'] } };
const ACCOUNT = { providerId: 1002, username: 'gateway', password: 'pa55-canary' };
const PARTNER = { keys: [`sha256:${'1'.repeat(64)}`], sites: ['motors'] };

const text = (content: object): string => JSON.stringify(content, null, 2);

t.test(
  'a site, a partner and an account are created, changed and deleted by forms, and their history stays',
  async (t) => {
    const { logIn, entries } = consoleOver(t);
    const { open, send } = await logIn(TOKEN);
    const kinds = [
      ['/sites', 'site', 'motors', SITE, { ...SITE, name: 'Better Motors' }],
      ['/partners', 'partner', 'crm', PARTNER, { ...PARTNER, defaultSite: 'motors' }],
      ['/accounts', 'provider', 'eu', ACCOUNT, { ...ACCOUNT, username: 'other' }],
    ] as const;
    for (const [path, kind, key, content, changed] of kinds) {
      const created = await send(`${path}.new`, { key, content: text(content) });
      t.strictSame([created.status, created.headers.location], [303, `/console${path}/${key}`]);
      t.match((await open(path)).text, new RegExp(`href="/console${path}/${key}"`), 'it is in the list');
      const { text: form } = await open(`${path}/${key}/edit`);
      t.match(form, 'name="version" value="1"');
      t.equal((await send(`${path}/${key}/edit`, { version: '1', content: text(changed) })).status, 303);
      t.match(await entries.show(kind, key), { version: 2, changedBy: 'admin' });
    }
    for (const [path, kind, key] of kinds.toReversed()) {
      t.equal((await send(`${path}/${key}/delete`, { version: '2' })).headers.location, `/console${path}`);
      t.notMatch((await open(path)).text, new RegExp(`${path}/${key}"`));
      t.match((await open(`${path}/${key}`)).text, /It is deleted\..*3<.*deleted.*2<.*Content/s);
      await t.rejects(entries.show(kind, key), { code: 'not_found' });
    }
    t.equal((await open('/sites/never')).status, 404);
  },
);

t.test('a change of a version that somebody else has replaced is refused, and what was typed stays', async (t) => {
  const { logIn, entries } = consoleOver(t);
  const { send } = await logIn(TOKEN);
  await entries.put('site', 'motors', text(SITE), { actor: 'ann' });
  await entries.put('site', 'motors', text({ ...SITE, name: 'By Ann' }), { actor: 'ann' });
  const mine = text({ ...SITE, name: 'By me' });
  const refused = await send('/sites/motors/edit', { version: '1', content: mine });
  t.equal(refused.status, 412);
  t.match(refused.text, /role="alert".*site motors has version 2 now; read it again/s);
  t.match(refused.text, /href="\/console\/sites\/motors">What is stored now/);
  t.match(refused.text, 'By me');
  t.equal((await send('/sites/motors/edit', { version: '1', content: mine })).status, 412, 'also the second time');
  t.equal((await send('/sites/motors/delete', { version: '1' })).status, 422);
  t.equal((await send('/sites.new', { key: 'motors', content: mine })).status, 412, 'a new one replaces none');
  t.match(await entries.show('site', 'motors'), { version: 2, content: { name: 'By Ann' } });
});

t.test('the mistakes of an entry are those that the file would have, beside the field', async (t) => {
  const { logIn, entries } = consoleOver(t);
  const { send } = await logIn(TOKEN);
  const wrong: readonly (readonly [path: string, kind: 'site' | 'partner' | 'provider', content: string])[] = [
    ['/sites', 'site', '{ "name": "M", "country": "usa", "origins": ["m.example"], "colour": 1 }'],
    ['/sites', 'site', '{ "name": '],
    ['/partners', 'partner', '{ "name": "CRM", "keys": ["plain"] }'],
    ['/accounts', 'provider', '{ "providerId": "x" }'],
  ];
  for (const [path, kind, content] of wrong) {
    const error = await entries.put(kind, 'k', content, { actor: 'ann' }).then(
      () => undefined,
      (reason: Error) => reason,
    );
    const { status, text: page } = await send(`${path}.new`, { key: 'k', content });
    t.equal(status, 422, content);
    t.match(page, 'aria-invalid="true" aria-describedby="problems"');
    const shown = [...page.matchAll(/<li>(\/[^<]*|[^<]*\(\d+:\d+\)[^<]*)<\/li>/g)].map(([, line]) => line);
    const lines = (error?.message ?? '').split('\n');
    t.strictSame(
      shown.map((line) => plain(line ?? '')),
      lines,
      content,
    );
    t.match(plain(page), content, 'what was typed stays');
  }
  t.equal((await send('/sites.new', { key: '', content: text(SITE) })).status, 422, 'a key is needed');
});

t.test('a sealed secret is on no page, and stays when a change leaves it out', async (t) => {
  const { logIn, entries } = consoleOver(t);
  const { open, send } = await logIn(TOKEN);
  await send('/accounts.new', { key: 'eu', content: text(ACCOUNT) });
  const { password: _, ...rest } = ACCOUNT;
  await send('/accounts/eu/edit', { version: '1', content: text({ ...rest, username: 'other' }) });
  t.match(await entries.show('provider', 'eu'), { version: 2, sealed: ['/password'] });
  for (const path of ['/accounts', '/accounts/eu', '/accounts/eu/edit', '/audit', '/configuration']) {
    const { status, text: page } = await open(path);
    t.equal(status, 200, path);
    t.notMatch(page, 'pa55-canary', path);
  }
  t.match((await open('/accounts/eu')).text, 'Sealed, and not shown: /password');
});

t.test('an entry that others need is not deleted', async (t) => {
  const { logIn, entries } = consoleOver(t);
  const { send } = await logIn(TOKEN);
  await entries.put('provider', 'eu', text(ACCOUNT), { actor: 'ann' });
  await entries.put('site', 'motors', text({ ...SITE, provider: 'eu' }), { actor: 'ann' });
  const { status, text: page } = await send('/accounts/eu/delete', { version: '1' });
  t.equal(status, 422);
  t.match(page, /in use by site motors/);
});

t.test('a viewer sees lists, an operator contents, and an admin alone is offered changes and makes them', async (t) => {
  const { ask, logIn, entries } = consoleOver(t);
  await entries.put('site', 'motors', text(SITE), { actor: 'ann' });
  const [viewer, operator, admin] = [await logIn(tokenOf('vera')), await logIn(tokenOf('olaf')), await logIn(TOKEN)];
  const statuses = async (path: string) =>
    Promise.all([viewer, operator, admin].map(async ({ open }) => (await open(path)).status));
  t.strictSame(await statuses('/sites'), [200, 200, 200]);
  t.strictSame(await statuses('/sites/motors'), [403, 200, 200]);
  t.strictSame(await statuses('/sites/motors/edit'), [403, 403, 200]);
  t.strictSame(await statuses('/sites.new'), [403, 403, 200]);
  t.notMatch((await operator.open('/sites/motors')).text, />Change<|Delete/);
  t.notMatch((await operator.open('/sites')).text, 'sites.new');
  t.match((await admin.open('/sites/motors')).text, />Change<.*Delete/s);
  const change = { version: '1', content: text({ ...SITE, name: 'Other' }) };
  for (const { send } of [viewer, operator]) {
    t.equal((await send('/sites/motors/edit', change)).status, 403);
    t.equal((await send('/sites/motors/delete', { version: '1' })).status, 403);
    t.equal((await send('/sites.new', { key: 'x', content: text(SITE) })).status, 403);
  }
  for (const form of [change, { ...change, formToken: operator.formToken }])
    t.equal((await ask('POST', '/sites/motors/edit', { cookie: admin.cookie, form })).status, 403, 'no form of theirs');
  t.match(await entries.show('site', 'motors'), { version: 1 });
});

/** The text of a page without its entities. */
function plain(html: string): string {
  return html.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}
