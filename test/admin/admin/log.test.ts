import t from 'tap';
import { StorageUnavailable } from '../../../src/domain/ports/outbox.ts';
import { adminOver, METRICS_TOKEN, TOKEN } from './support.ts';

t.test('a request is one line with its route, and nothing that was sent', async (t) => {
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

t.test('a storage that does not answer is 503 and logged; an error of ours is 500 without its message', async (t) => {
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
