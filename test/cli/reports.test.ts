import t from 'tap';
import { terminalOver } from '../support/cli/terminal.ts';

const CONSENT = { consent: { text: 'Yes, "text" me', version: '=1+1' }, page: { url: 'https://dealer.example/1' } };

t.test('consents are exported as lines of JSON, oldest first', async (t) => {
  const { type, store } = terminalOver(t);
  const id = await store('delivered', { ...CONSENT, origin: 'https://dealer.example' });
  await store('delivered');
  const { code, out } = await type('consent export');
  t.equal(code, 0);
  const lines = out.trim().split('\n');
  t.equal(lines.length, 1, 'a lead without consent has none to show');
  t.strictSame(JSON.parse(lines[0] ?? ''), {
    id,
    site: 'demo',
    at: '2026-11-24T12:00:00.000Z',
    text: 'Yes, "text" me',
    version: '=1+1',
    pageUrl: 'https://dealer.example/1',
    origin: 'https://dealer.example',
  });
});

t.test('for spreadsheets they are CSV, in which no text is a formula', async (t) => {
  const { type, store } = terminalOver(t);
  const id = await store('delivered', CONSENT);
  const { out } = await type('consent export --format csv --site demo');
  const row = `"${id}","demo","2026-11-24T12:00:00.000Z","Yes, ""text"" me","'=1+1","https://dealer.example/1","","",""`;
  t.equal(out, `"id","site","at","text","version","pageUrl","origin","unreadable","test"\r\n${row}\r\n`);
});

t.test('an export of many pages is whole, and each page is an audit entry', async (t) => {
  const { type, store } = terminalOver(t);
  await Promise.all(Array.from({ length: 501 }, () => store('delivered', CONSENT)));
  const { out } = await type('consent export --since 7d --json');
  t.equal(new Set(out.trim().split('\n')).size, 501);
  const { items } = JSON.parse((await type('audit --json')).out);
  t.match(items, [
    { actor: 'cli:ann', action: 'consent_export', count: 1, detail: 'since=7d; continued' },
    { actor: 'cli:ann', action: 'consent_export', count: 500, detail: 'since=7d; 501 in all' },
  ]);
  t.equal(items.length, 2);
});

t.test('the audit says how many entries were exported, not how many leads matched', async (t) => {
  const { type, store } = terminalOver(t);
  await store('delivered');
  t.match(await type('consent export'), { code: 0, out: '' });
  t.match(JSON.parse((await type('audit --json')).out).items, [{ action: 'consent_export', count: 0 }]);
});

t.test('an unreadable lead is reported and makes the export fail', async (t) => {
  const { type, store, sql } = terminalOver(t);
  const id = await store('delivered', CONSENT);
  await sql("UPDATE leads SET lead = x'00'");
  const { code, out, err } = await type('consent export');
  t.equal(code, 1);
  t.match(JSON.parse(out), { id, unreadable: true });
  t.match(err, /^1 lead cannot be read: .*DATA_KEY_PREVIOUS/);
});

t.test('an unknown format is wrong usage', async (t) => {
  const { type } = terminalOver(t);
  t.match(await type('consent export --format xml'), { code: 2, out: '' });
  t.match(await type('consent export --format csv --json'), { code: 2, out: '' });
});

t.test('statistics are lines of name and value for people', async (t) => {
  const { type, store } = terminalOver(t);
  await store('queued');
  const { out } = await type('stats');
  t.match(out, /^queued +1\ndelivered +0\n/);
  t.match(out, /oldest queued +2026-11-24T12:00:00\.000Z \(0 s ago\)\n/);
  t.match(out, /parked providers +none\n$/);
});

t.test('leads are counted by what is asked for', async (t) => {
  const { type, store } = terminalOver(t);
  for (const status of ['delivered', 'delivered', 'parked'] as const) await store(status);
  const { out } = await type('stats --by status,site');
  t.match(out, /^LEADS +STATUS +SITE\n2 +delivered +demo\n1 +parked +demo\n$/);
  t.strictSame(JSON.parse((await type('stats --by status --json')).out), {
    items: [
      { status: 'delivered', count: 2 },
      { status: 'parked', count: 1 },
    ],
  });
  t.match(await type('stats --by colour'), { code: 2, err: /by: use provider, status, cause, message, site/ });
  t.match(await type('stats --by site --waiting'), { code: 2 });
});

t.test('what waits is told with its oldest lead', async (t) => {
  const { type, store } = terminalOver(t);
  t.match(await type('stats --waiting'), { code: 0, out: '', err: 'No lead waits.\n' });
  await store('parked');
  const { out } = await type('stats --waiting');
  t.match(out, /^LEADS +PROVIDER +STATUS +CAUSE +MESSAGE +OLDEST\n1 +default +parked/);
  t.match(JSON.parse((await type('stats --waiting --json')).out), {
    items: [{ status: 'parked', oldestAt: /^2026-11-24T/ }],
  });
});
