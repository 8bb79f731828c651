import t from 'tap';
import { adminOver } from './support.ts';

t.test('leads are listed by the filter of the address', async (t) => {
  const { ask, store } = adminOver(t);
  const id = await store('parked', { site: 'north' });
  await store('delivered');
  t.match(await ask('/leads?status=parked,held&site=north&limit=5'), { status: 200, body: { items: [{ id }] } });
  t.strictSame((await ask('/leads?status=held')).body, { items: [] });
});

t.test('a page says where the next begins', async (t) => {
  const { ask, store } = adminOver(t);
  const ids = [await store('queued'), await store('queued')];
  const first = await ask('/leads?limit=1');
  t.match(first.body, { items: [{ id: ids[1] }], next: String });
  const second = await ask(`/leads?limit=1&after=${encodeURIComponent(String(first.body.next))}`);
  t.match(second.body, { items: [{ id: ids[0] }], next: undefined });
});

t.test('a number is searched for in a body, never in an address', async (t) => {
  const { ask, store } = adminOver(t);
  const id = await store('queued');
  const found = await ask('/leads/search', { method: 'POST', body: { phone: '+1 404 555 1212', limit: 5 } });
  t.match(found, { status: 200, body: { items: [{ id }] } });
  t.match(await ask('/leads?phone=%2B14045551212'), { status: 422, body: { detail: /POST \/leads\/search/ } });
});

t.test('a lead is shown in outline, and in full only when asked', async (t) => {
  const { ask, store, operations } = adminOver(t);
  const id = await store('parked', { firstName: 'Ann' });
  t.match((await ask(`/leads/${id}`)).body, { revealed: false, lead: { firstName: 'A…' } });
  t.match((await ask(`/leads/${id}?reveal=true`)).body, { revealed: true, lead: { firstName: 'Ann' } });
  t.match((await operations.audit({ limit: 5 })).items, [{ actor: 'admin', action: 'reveal' }]);
  t.match(await ask('/leads/cnv_none'), { status: 404, body: { code: 'not_found' } });
});

t.test('a replay can be tried first', async (t) => {
  const { ask, store, statusOf } = adminOver(t);
  const id = await store('delivered');
  const body = { ids: [id] };
  t.strictSame((await ask('/leads/replay', { method: 'POST', body: { ...body, dryRun: true } })).body, {
    action: 'replay',
    dryRun: true,
    matched: 1,
    byStatus: { delivered: 1 },
    bySite: { demo: 1 },
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

t.test('a release lets waiting leads go', async (t) => {
  const { ask, store, statusOf } = adminOver(t);
  const id = await store('held');
  t.match(await ask('/leads/release', { method: 'POST', body: { status: ['held'] } }), {
    status: 200,
    body: { action: 'release', queued: 1 },
  });
  t.equal(await statusOf(id), 'queued');
});

t.test('a number is erased', async (t) => {
  const { ask, store, operations } = adminOver(t);
  await store('delivered');
  const answer = await ask('/leads/erase', { method: 'POST', body: { phone: '+14045551212', suppress: true } });
  t.match(answer, { status: 200, body: { erased: 1 } });
  t.equal((await operations.suppressions()).length, 1);
});

t.test('what is wrong with a request is said, and what was sent is not quoted', async (t) => {
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

t.test('a body that is no JSON is refused', async (t) => {
  const app = await adminOver(t).app;
  const inject = (type: string, payload: string) =>
    app.inject({
      method: 'POST',
      url: '/leads/replay',
      headers: { authorization: 'Bearer admin-token-of-thirty-two-letters', 'content-type': type },
      payload,
    });
  t.match(await inject('application/json', '{"phone": "6175551299"'), { statusCode: 400, body: /^(?!.*6175551299)/ });
  t.equal((await inject('application/json', '')).statusCode, 400);
  t.equal((await inject('text/plain', 'x')).statusCode, 415);
  t.equal((await inject('application/json', `"${'x'.repeat(70_000)}"`)).statusCode, 413);
});
