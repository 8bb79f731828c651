import t from 'tap';
import { StorageUnavailable } from '../../../src/domain/ports/outbox.ts';
import { adminOver, METRICS_TOKEN, TOKEN } from '../../support/admin/admin.ts';
import { NOON } from '../../support/admin/operations.ts';

const NUMBER = { phone: '+1 404 555 1212' };

t.test('leads are listed by the filter in the query string', async (t) => {
  const { ask, store } = adminOver(t);
  const id = await store('parked', { site: 'north' });
  await store('delivered');
  t.match(await ask('/leads?status=parked,held&site=north&limit=5'), { status: 200, body: { items: [{ id }] } });
  t.strictSame((await ask('/leads?status=held')).body, { items: [] });
});

t.test('a page returns the cursor of the next page', async (t) => {
  const { ask, store } = adminOver(t);
  const ids = [await store('queued'), await store('queued')];
  const first = await ask('/leads?limit=1');
  t.match(first.body, { items: [{ id: ids[1] }], next: String });
  const second = await ask(`/leads?limit=1&after=${encodeURIComponent(String(first.body.next))}`);
  t.match(second.body, { items: [{ id: ids[0] }], next: undefined });
});

t.test('a cursor that was changed is refused, and the answer says which one is right', async (t) => {
  const { ask, store } = adminOver(t);
  for (let n = 0; n < 3; n += 1) await store('queued');
  const { next } = (await ask('/leads?limit=1')).body;
  const refused = { status: 422, body: { code: 'invalid_request', detail: /^after: use the cursor .* unchanged$/ } };
  const forged = `${Buffer.from('1').toString('base64url')}.${String(next).split('.')[1]}`;
  for (const after of ['x', 'MQ', `${next}x`, forged])
    t.match(await ask(`/leads?limit=1&after=${after}`), refused, after);
  t.match(await ask(`/audit?after=${next}`), refused, 'of another list');
  t.match(await ask('/leads/search', { method: 'POST', body: { after: forged } }), refused);
});

t.test('a phone number is searched for by a body and refused in a query string', async (t) => {
  const { ask, store } = adminOver(t);
  const id = await store('queued');
  const found = await ask('/leads/search', { method: 'POST', body: { phone: '+1 404 555 1212', limit: 5 } });
  t.match(found, { status: 200, body: { items: [{ id }] } });
  t.match((await ask('/audit')).body, {
    items: [{ actor: 'admin', action: 'look_up', count: 1, detail: 'phone=given' }],
  });
  t.match(await ask('/leads?phone=%2B14045551212'), { status: 422, body: { detail: /POST \/leads\/search/ } });
});

t.test('a lead is shown masked, and in full only with reveal=true', async (t) => {
  const { ask, store, operations } = adminOver(t);
  const id = await store('parked', { firstName: 'Ann' });
  t.match((await ask(`/leads/${id}`)).body, {
    revealed: false,
    lead: { firstName: 'A…' },
    history: [
      { event: 'stored' },
      { event: 'attempt', outcome: 'not_sent', description: '(16 characters)' },
      { event: 'state', status: 'parked' },
    ],
  });
  t.match((await ask(`/leads/${id}?reveal=true`)).body, { revealed: true, lead: { firstName: 'Ann' } });
  t.match((await operations.audit({ limit: 5 })).items, [{ actor: 'admin', action: 'reveal' }]);
  t.match(await ask('/leads/cnv_none'), { status: 404, body: { code: 'not_found' } });
});

t.test('a dry run shows what a replay would send', async (t) => {
  const { ask, store, statusOf } = adminOver(t);
  const id = await store('delivered');
  const body = { ids: [id] };
  t.strictSame((await ask('/leads/replay', { method: 'POST', body: { ...body, dryRun: true } })).body, {
    action: 'replay',
    dryRun: true,
    matched: 1,
    byStatus: { delivered: 1 },
    bySite: { demo: 1 },
    byProvider: { default: 1 },
    waiting: [],
    mayHaveArrived: 0,
    skipped: 0,
    missing: 0,
    more: false,
    queued: 0,
  });
  t.equal(await statusOf(id), 'delivered');
  t.match((await ask('/leads/replay', { method: 'POST', body })).body, { dryRun: false, queued: 1 });
  t.equal(await statusOf(id), 'queued');
});

t.test('a release queues waiting leads', async (t) => {
  const { ask, store, statusOf } = adminOver(t);
  const id = await store('held');
  t.match(await ask('/leads/release', { method: 'POST', body: { status: ['held'] } }), {
    status: 200,
    body: { action: 'release', queued: 1 },
  });
  t.equal(await statusOf(id), 'queued');
});

t.test('a retry makes queued leads due at once and wakes the worker', async (t) => {
  const { ask, waiting, outbox, kicks } = adminOver(t);
  const id = await waiting();
  const body = { cause: ['schedule'] };
  t.match((await ask('/leads/retry', { method: 'POST', body })).body, { matched: 0 });
  t.match(await ask('/leads/retry', { method: 'POST', body: { site: 'demo', until: '0m' } }), { body: { matched: 0 } });
  t.equal(kicks(), 0);
  t.match(await ask('/leads/retry', { method: 'POST', body: { provider: 'default' } }), {
    status: 200,
    body: { action: 'retry', matched: 1, queued: 1, waiting: [] },
  });
  t.equal(kicks(), 1);
  t.match(await outbox.find(id), { status: 'queued', dueAt: NOON });
});

t.test('a number is erased and suppressed', async (t) => {
  const { ask, store, operations } = adminOver(t);
  await store('delivered');
  const answer = await ask('/leads/erase', { method: 'POST', body: { phone: '+14045551212', suppress: true } });
  t.match(answer, { status: 200, body: { erased: 1 } });
  t.equal((await operations.suppressions({ limit: 9 })).items.length, 1);
});

t.test('a refusal names the fault of a request and does not quote its values', async (t) => {
  const { ask } = adminOver(t);
  const post = (path: string, body: unknown) => ask(path, { method: 'POST', body });
  const cases = [
    [await ask('/leads?limit=501'), 422, /limit/],
    [await ask('/leads?limit=0'), 422, /limit/],
    [await ask('/leads?limit=1e2'), 422, /limit/],
    [await ask('/leads?status=open'), 422, /^status: use/],
    [await ask('/leads?colour=red'), 422, /colour is not known/],
    [await ask('/leads/..%2Fstats'), 422, /id/],
    [await ask('/leads/cnv_x?reveal=1'), 422, /reveal/],
    [await post('/leads/replay', {}), 422, /say which leads/],
    [await post('/leads/replay', { ids: [] }), 422, /ids/],
    [await post('/leads/replay', { ids: Array(1_001).fill('cnv_x') }), 422, /ids/],
    [await post('/leads/replay', { site: 'demo', limit: 5_000 }), 422, /limit/],
    [await post('/leads/replay', { site: 'demo', dryRun: 'true' }), 422, /dryRun/],
    [await post('/leads/release', { status: ['delivered'] }), 422, /^status: release takes/],
    [await post('/leads/erase', { phone: '6175551299' }), 422, /^phone: write the number with its country code/],
    [await post('/leads/erase', { phone: 16175551299 }), 422, /phone must be string/],
    [await post('/leads/erase', {}), 422, /phone/],
  ] as const;
  for (const [{ status, body, text }, expected, detail] of cases) {
    t.equal(status, expected);
    t.match(body.detail, detail);
    t.notMatch(text, /6175551299/);
  }
});

t.test('a body that is not JSON, or is too large, is refused', async (t) => {
  const app = await adminOver(t).app;
  const inject = (type: string, payload: string) =>
    app.inject({
      method: 'POST',
      url: '/leads/replay',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': type },
      payload,
    });
  t.match(await inject('application/json', '{"phone": "6175551299"'), { statusCode: 400, body: /^(?!.*6175551299)/ });
  t.equal((await inject('application/json', '')).statusCode, 400);
  t.equal((await inject('text/plain', 'x')).statusCode, 415);
  t.equal((await inject('application/json', `"${'x'.repeat(70_000)}"`)).statusCode, 413);
});

t.test('numbers are added to the suppression list and removed from it', async (t) => {
  const { ask } = adminOver(t);
  t.strictSame((await ask('/suppressions', { method: 'POST', body: NUMBER })).body, {
    suppressed: true,
    changed: true,
  });
  t.strictSame((await ask('/suppressions', { method: 'POST', body: NUMBER })).body, {
    suppressed: true,
    changed: false,
  });
  t.match((await ask('/suppressions')).body, { items: [{ hash: /^[0-9a-f]{32}$/ }] });
  t.strictSame((await ask('/suppressions', { method: 'DELETE', body: NUMBER })).body, {
    suppressed: false,
    changed: true,
  });
  t.strictSame((await ask('/suppressions')).body, { items: [] });
});

t.test('consents are exported page by page, each page with an audit entry', async (t) => {
  const { ask, store } = adminOver(t);
  for (const version of ['1', '2']) await store('delivered', { consent: { text: 'I agree', version } });
  await store('delivered');
  const first = await ask('/consents?limit=1&site=demo');
  t.match(first.body, { items: [{ site: 'demo', text: 'I agree', version: '1', at: '2026-11-24T12:00:00.000Z' }] });
  const second = await ask(`/consents?limit=1&site=demo&after=${encodeURIComponent(String(first.body.next))}`);
  t.match(second.body, { items: [{ version: '2' }] });
  const { items } = (await ask('/audit')).body as { items: { action: string; detail: string }[] };
  t.strictSame(
    items.map(({ action, detail }) => [action, detail]),
    [
      ['consent_export', 'site=demo; continued'],
      ['consent_export', 'site=demo; 2 in all'],
    ],
  );
});

t.test('statistics count the leads of each status', async (t) => {
  const { ask, store } = adminOver(t);
  await store('queued', {}, NOON - 5_000);
  t.match((await ask('/stats')).body, { byStatus: { queued: 1, delivered: 0 }, oldestQueuedSeconds: 5 });
  t.strictSame((await ask('/stats?by=site,status')).body, { items: [{ status: 'queued', site: 'demo', count: 1 }] });
  t.match(await ask('/stats?by=colour'), { status: 422 });
  t.match((await ask('/stats/waiting')).body, { items: [{ status: 'queued', count: 1, oldestSeconds: 5 }] });
});

t.test('the state shows provider accounts, circuit breakers and targets of notifications', async (t) => {
  const { ask } = adminOver(t);
  t.strictSame((await ask('/state')).body, {
    providers: [
      { id: 'default', region: 'na', endpoint: 'https://na.example', refusedInARow: 0, parked: false },
      {
        id: 'eu-main',
        region: 'eu',
        endpoint: 'https://eu.example',
        refusedInARow: 7,
        parked: true,
        parkedAt: '2026-11-24T12:00:00.000Z',
        probeAt: '2026-11-24T12:10:00.000Z',
      },
    ],
    settings: { refused: false },
    breakers: [{ endpoint: 'https://eu.example', state: 'open' }],
    replicas: [
      {
        owner: 'host:1:ab',
        version: '1.2.3',
        startedAt: '2026-11-24T12:00:00.000Z',
        seenAt: '2026-11-24T12:00:10.000Z',
        breakers: { 'https://eu.example': 'open' },
        settingsRefused: false,
      },
    ],
    notifications: [
      { target: 'chat', kind: 'webhook', waiting: 0 },
      {
        target: 'night',
        kind: 'mail',
        waiting: 2,
        deliveredAt: '2026-11-24T12:00:00.000Z',
        failedAt: '2026-11-24T12:00:01.000Z',
        failure: 'smtp_550',
      },
    ],
    callbacks: [{ destination: 'callback:partner:crm:1', waiting: 3, deliveredAt: '2026-11-24T12:00:00.000Z' }],
  });
});

t.test('a parked provider account is released, one in use is unchanged, an unknown one is 404', async (t) => {
  const { ask, released, operations } = adminOver(t);
  const release = (id: string) => ask(`/providers/${id}/release`, { method: 'POST' });
  t.strictSame((await release('eu-main')).body, { id: 'eu-main', released: true });
  t.strictSame((await release('default')).body, { id: 'default', released: false });
  t.equal((await release('none')).status, 404);
  t.strictSame(released, ['eu-main']);
  const { items } = await operations.audit({ limit: 5 });
  t.match(items, [{ actor: 'admin', action: 'release', detail: /^provider=eu-main,/ }]);
  t.equal(items.length, 1);
});

t.test('the log has one line for each request with its route and no value of the request', async (t) => {
  const { ask, store, lines } = adminOver(t);
  const id = await store('parked', { firstName: 'Canary' });
  await ask(`/leads/${id}?reveal=true`);
  await ask('/leads/search', { method: 'POST', body: { phone: '+14045551212' } });
  await ask('/leads?phone=%2B14045551212');
  await ask('/metrics', { token: METRICS_TOKEN });
  t.match(
    lines.map((line) => JSON.parse(line)),
    [
      { event: 'admin', method: 'GET', route: '/leads/:id', status: 200 },
      { event: 'admin', method: 'POST', route: '/leads/search', status: 200 },
      { event: 'admin', method: 'GET', route: '/leads', status: 422 },
      { event: 'admin', method: 'GET', route: '/metrics', status: 200 },
    ],
  );
  const text = lines.join('');
  for (const canary of [id, '4045551212', 'Canary', TOKEN, METRICS_TOKEN]) t.notOk(text.includes(canary), canary);
});

t.test('a storage fault is 503, any other error is 500 without its message, and both are logged', async (t) => {
  const { ask, operations, lines } = adminOver(t);
  const fail = (error: Error) => Object.assign(operations, { stats: () => Promise.reject(error) });
  fail(new StorageUnavailable('The storage did not answer a read.'));
  t.match(await ask('/stats'), { status: 503, body: { code: 'storage_unavailable' }, headers: { 'retry-after': '5' } });
  fail(new TypeError('secret +14045551212'));
  const { status, text } = await ask('/stats');
  t.equal(status, 500);
  t.notMatch(text, /secret/);
  const faults = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'admin_fault');
  t.equal(faults.length, 2);
});
