import t, { type Test } from 'tap';
import { adminOver, TOKEN } from '../../support/admin/admin.ts';

const SITE = { name: 'Motors', origins: ['https://m.example'], country: 'US', targets: { advertiserIds: ['1659'] } };
const ACCOUNT = { providerId: 1002, username: 'gateway', password: 'pa55' };
const KEY = `sha256:${'1'.repeat(64)}`;

type Sent = { readonly content?: unknown; readonly headers?: Readonly<Record<string, string>>; readonly as?: string };

function api(t: Test) {
  const parts = adminOver(t);
  const send = async (
    method: 'GET' | 'PUT' | 'DELETE' | 'POST',
    url: string,
    { content, headers, as = TOKEN }: Sent = {},
  ) => {
    const payload = typeof content === 'string' ? content : JSON.stringify(content);
    const answer = await (await parts.app).inject({
      method,
      url,
      headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json', ...headers },
      ...(content !== undefined && { payload }),
    });
    const isJson = String(answer.headers['content-type']).includes('json') && !url.endsWith('.jsonl');
    return {
      status: answer.statusCode,
      etag: answer.headers.etag,
      text: answer.body,
      body: isJson && answer.body !== '' ? answer.json() : undefined,
    };
  };
  return { ...parts, send };
}

t.test('an entry is stored, read, changed by its version and deleted', async (t) => {
  const { send } = api(t);
  t.match(await send('PUT', '/sites/motors', { content: SITE }), { status: 201, etag: '"1"', body: SITE });
  t.match(await send('GET', '/sites/motors'), { status: 200, etag: '"1"', body: SITE });
  const renamed = { ...SITE, name: 'Better Motors' };
  const first = { 'if-match': '"1"' };
  t.match(await send('PUT', '/sites/motors', { content: renamed, headers: first }), { status: 200, etag: '"2"' });
  t.match(await send('PUT', '/sites/motors', { content: SITE, headers: first }), {
    status: 412,
    body: { code: 'version_conflict', detail: /has version 2 now/ },
  });
  t.match(await send('PUT', '/sites/motors', { content: SITE, headers: { 'if-none-match': '*' } }), { status: 412 });
  t.match(await send('PUT', '/sites/other', { content: SITE, headers: { 'if-match': '*' } }), { status: 412 });
  t.match(await send('PUT', '/sites/motors', { content: renamed, headers: { 'if-match': 'W/"2"' } }), { status: 400 });
  t.match(await send('GET', '/sites?search=BETTER'), {
    body: { items: [{ key: 'motors', title: 'Better Motors', version: 2, changedBy: 'admin' }] },
  });
  t.match(await send('GET', '/sites/motors/history?limit=1'), {
    body: { items: [{ version: 2, content: renamed }], next: '2' },
  });
  t.match(await send('DELETE', '/sites/motors', { headers: first }), { status: 412 });
  t.match(await send('DELETE', '/sites/motors'), { status: 204, text: '' });
  t.match(await send('DELETE', '/sites/motors'), { status: 404 });
  t.match(await send('GET', '/sites/motors'), { status: 404 });
  t.match(await send('GET', '/sites/motors/history'), {
    body: { items: [{ version: 3 }, { version: 2 }, { version: 1 }] },
  });
  t.match(await send('GET', '/audit'), {
    body: { items: [{ action: 'configure', detail: 'site=motors, removed' }, {}, {}] },
  });
});

t.test('a wrong entry is refused with every mistake, its place and what would be right', async (t) => {
  const { send } = api(t);
  const wrong = '{\n  "name": "Motors",\n  "origins": ["m.example"],\n  "contry": "US"\n}';
  const { status, body } = await send('PUT', '/sites/motors', { content: wrong });
  t.equal(status, 422);
  t.equal(body.code, 'invalid_entry');
  t.match(body.detail, /\/origins\/0 \(3:15\)/);
  t.match(body.detail, /\/contry \(4:\d+\) is not a known name; did you mean country\?/);
  t.match(await send('PUT', '/sites/demo', { content: SITE }), { status: 422, body: { detail: /CONFIG_FILE/ } });
  t.match(await send('PUT', '/sites/a.b', { content: SITE }), {
    status: 422,
    body: { detail: /is not a usable name/ },
  });
  t.match(await send('GET', '/sites'), { body: { items: [] } });
});

t.test('an account is never shown with its password, keeps it, and stays while a site needs it', async (t) => {
  const { send, outbox } = api(t);
  t.match(await send('PUT', '/sites/motors', { content: { ...SITE, provider: 'eu' } }), {
    status: 422,
    body: { detail: /names no provider account: eu/ },
  });
  const stored = await send('PUT', '/providers/eu', { content: ACCOUNT });
  t.match(stored, { status: 201, body: { providerId: 1002 } });
  t.notMatch(stored.text, /pa55/);
  t.match(await send('PUT', '/providers/eu', { content: { providerId: 1003, username: 'gateway' } }), { status: 200 });
  t.match(await outbox.readEntries('provider', ['eu']), [{ secrets: { '/password': 'pa55' } }]);
  t.match(await send('PUT', '/sites/motors', { content: { ...SITE, provider: 'eu' } }), { status: 201 });
  t.match(await send('DELETE', '/providers/eu'), {
    status: 409,
    body: { code: 'entry_in_use', detail: /in use by site motors/ },
  });
  for (const url of ['/providers', '/providers/eu', '/providers/eu/history', '/providers.jsonl', '/audit'])
    t.notMatch((await send('GET', url)).text, /pa55/, url);
});

t.test('entries are imported and exported as lines, all of them or none', async (t) => {
  const { send } = api(t);
  const lines = (...sites: readonly (readonly [key: string, content: object])[]) =>
    sites.map(([key, content]) => `${JSON.stringify({ kind: 'site', key, content })}\n`).join('');
  const headers = { 'content-type': 'application/x-ndjson' };
  const good = lines(['a', SITE], ['b', { ...SITE, name: 'B' }]);
  t.match(await send('POST', '/sites.jsonl?dryRun=true', { content: good, headers }), { status: 200 });
  t.match(await send('GET', '/sites'), { body: { items: [] } });
  const wrong = await send('POST', '/sites.jsonl', {
    content: `${good}{"key":"a","content":{}}\nx\n${lines(['c', {}])}`,
    headers,
  });
  t.equal(wrong.status, 422);
  for (const line of [/line 3: a is in line 1 already/, /line 4: is not JSON/, /line 5: \/name .*is missing/])
    t.match(JSON.parse(wrong.text).detail, line);
  t.match(await send('GET', '/sites'), { body: { items: [] } });
  t.match(JSON.parse((await send('POST', '/sites.jsonl', { content: good, headers })).text), { created: 2 });
  t.equal((await send('GET', '/sites.jsonl')).text, good);
  t.match(JSON.parse((await send('POST', '/sites.jsonl', { content: good, headers })).text), {
    created: 0,
    unchanged: 2,
  });
  const partners = JSON.stringify({ key: 'crm', content: { keys: [KEY], sites: ['a', 'z'] } });
  t.match(JSON.parse((await send('POST', '/partners.jsonl', { content: partners, headers })).text), {
    detail: /line 1: names no site: z/,
  });
});

t.test('a viewer sees lists, an operator contents, and an admin alone changes entries', async (t) => {
  const { send } = api(t);
  await send('PUT', '/sites/motors', { content: SITE });
  const needed = async (method: 'GET' | 'PUT' | 'DELETE' | 'POST', url: string): Promise<string> => {
    for (const name of ['vera', 'olaf'])
      if (
        (await send(method, url, { content: method === 'GET' ? undefined : SITE, as: `token-of-${name}` })).status !==
        403
      )
        return name;
    return 'ada';
  };
  t.equal(await needed('GET', '/sites'), 'vera');
  t.equal(await needed('GET', '/sites/motors'), 'olaf');
  t.equal(await needed('GET', '/sites/motors/history'), 'olaf');
  t.equal(await needed('GET', '/sites.jsonl'), 'olaf');
  t.equal(await needed('PUT', '/sites/motors'), 'ada');
  t.equal(await needed('DELETE', '/sites/motors'), 'ada');
  t.equal(await needed('POST', '/sites.jsonl'), 'ada');
});
