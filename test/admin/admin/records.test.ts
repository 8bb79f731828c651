import t from 'tap';
import { NOON } from '../support/operations.ts';
import { adminOver } from './support.ts';

const NUMBER = { phone: '+1 404 555 1212' };

t.test('numbers are put on the list and taken off again', async (t) => {
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

t.test('consents are exported page by page, with one audit entry', async (t) => {
  const { ask, store } = adminOver(t);
  for (const version of ['1', '2']) await store('delivered', { consent: { text: 'I agree', version } });
  await store('delivered');
  const first = await ask('/consents?limit=1&site=demo');
  t.match(first.body, { items: [{ site: 'demo', text: 'I agree', version: '1', at: '2026-11-24T12:00:00.000Z' }] });
  const second = await ask(`/consents?limit=1&site=demo&after=${encodeURIComponent(String(first.body.next))}`);
  t.match(second.body, { items: [{ version: '2' }] });
  const { items } = (await ask('/audit')).body as { items: { action: string; detail: string }[] };
  t.match(items, [{ actor: 'admin', action: 'consent_export', detail: 'site=demo' }]);
  t.equal(items.length, 1);
});

t.test('figures are told', async (t) => {
  const { ask, store } = adminOver(t);
  await store('queued', {}, NOON - 5_000);
  t.match((await ask('/stats')).body, { byStatus: { queued: 1, delivered: 0 }, oldestQueuedSeconds: 5 });
});

t.test('the state of providers and breakers is told', async (t) => {
  const { ask } = adminOver(t);
  t.strictSame((await ask('/state')).body, {
    providers: [
      { id: 'default', region: 'na', parked: false },
      {
        id: 'eu-main',
        region: 'eu',
        parked: true,
        parkedAt: '2026-11-24T12:00:00.000Z',
        probeAt: '2026-11-24T12:10:00.000Z',
      },
    ],
    breakers: [{ region: 'eu', state: 'open' }],
  });
});

t.test('a parked provider is released, one that is in use is left, an unknown one is not found', async (t) => {
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
