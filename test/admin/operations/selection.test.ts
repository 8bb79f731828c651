import t from 'tap';
import { NOON, operationsOver } from '../../support/admin/operations.ts';

const ANN = { actor: 'cli:ann' };

t.test('a preview of a replay counts the leads to send and skips those already queued', async (t) => {
  const { operations, store } = operationsOver(t);
  await store('delivered');
  await store('parked', { site: 'north' });
  await store('parked');
  await store('queued');
  const selection = await operations.selectLeads('replay', { since: '24h' }, { actor: 'cli:ann' });
  t.match(selection, {
    byStatus: { parked: 2, delivered: 1 },
    bySite: { demo: 2, north: 1 },
    skipped: 1,
    missing: 0,
    more: false,
  });
  t.equal(selection.ids.length, 3);
});

t.test('a preview counts leads that may have arrived, whatever the cause of their parking', async (t) => {
  const { outbox, operations, store } = operationsOver(t);
  await store('parked');
  await store('unknown');
  const id = await store('queued');
  for (const end of [{ status: 'queued', dueAt: NOON, repeatable: true }, { status: 'parked' }] as const) {
    const [claim] = await outbox.claim({ providers: ['default'], limit: 1, now: NOON });
    if (claim) await outbox.settle(claim.lease, { ...end, attempted: true }, NOON);
  }
  t.match(await operations.showLead(id, { ...ANN, reveal: false }), { status: 'parked', mayHaveArrived: true });
  t.match(await operations.selectLeads('release', { since: '24h' }, { actor: 'cli:ann' }), {
    mayHaveArrived: 2,
    byStatus: { parked: 2 },
  });
});

t.test('selected leads are queued, the worker is woken, and the audit names actor and query', async (t) => {
  const { operations, store, statusOf, kicks } = operationsOver(t);
  const ids = [await store('delivered'), await store('rejected'), await store('unknown')];
  const progress: number[] = [];
  const selection = await operations.selectLeads('replay', { site: 'demo' }, { actor: 'cli:ann' });
  const queued = await operations.sendLeads(selection, { ...ANN, onProgress: (done) => progress.push(done) });
  t.equal(queued, 3);
  t.strictSame(await Promise.all(ids.map(statusOf)), ['queued', 'queued', 'queued']);
  t.strictSame(progress, [3]);
  t.equal(kicks(), 1);
  t.match((await operations.audit({ limit: 10 })).items, [
    { actor: 'cli:ann', action: 'replay', count: 3, detail: 'site=demo' },
  ]);
});

t.test('a lead stored between preview and confirmation is not sent', async (t) => {
  const { operations, store, statusOf } = operationsOver(t);
  await store('parked');
  const selection = await operations.selectLeads('release', { status: ['parked'] }, { actor: 'cli:ann' });
  const later = await store('parked');
  t.equal(await operations.sendLeads(selection, ANN), 1);
  t.equal(await statusOf(later), 'parked');
});

t.test('a lead that another operator released meanwhile is not sent twice', async (t) => {
  const { outbox, operations, store, statusOf } = operationsOver(t);
  const id = await store('parked');
  const selection = await operations.selectLeads('release', { ids: [id] }, { actor: 'cli:ann' });
  await operations.sendLeads(await operations.selectLeads('release', { ids: [id] }, { actor: 'cli:ann' }), ANN);
  const [claim] = await outbox.claim({ providers: ['default'], limit: 1, now: Date.parse('2026-11-24T12:00:00Z') });
  if (!claim) throw new Error('nothing to claim');
  await outbox.settle(claim.lease, { status: 'delivered', attempted: true }, Date.parse('2026-11-24T12:00:01Z'));
  t.equal(await operations.sendLeads(selection, ANN), 0);
  t.equal(await statusOf(id), 'delivered');
});

t.test('a release sends only leads that wait for an operator', async (t) => {
  const { operations, store, statusOf } = operationsOver(t);
  const waiting = [await store('held'), await store('unknown'), await store('parked')];
  const final = [await store('delivered'), await store('rejected')];
  const selection = await operations.selectLeads('release', { ids: [...waiting, ...final] }, { actor: 'cli:ann' });
  t.equal(selection.skipped, 2);
  t.equal(await operations.sendLeads(selection, ANN), 3);
  t.strictSame(await Promise.all(final.map(statusOf)), ['delivered', 'rejected']);
  await t.rejects(operations.selectLeads('release', { status: ['delivered'] }, { actor: 'cli:ann' }), {
    code: 'invalid',
    message: /^status: /,
  });
});

t.test('an empty filter is refused, because it would send every lead', async (t) => {
  const { operations } = operationsOver(t);
  await t.rejects(operations.selectLeads('replay', {}, { actor: 'cli:ann' }), { code: 'invalid' });
});

t.test('unknown ids are counted as missing, and if no id is known the selection fails', async (t) => {
  const { operations, store } = operationsOver(t);
  const id = await store('parked');
  t.match(await operations.selectLeads('replay', { ids: [id, 'cnv_none'] }, { actor: 'cli:ann' }), {
    ids: [id],
    missing: 1,
  });
  await t.rejects(operations.selectLeads('replay', { ids: ['cnv_none', 'cnv_nil'] }, { actor: 'cli:ann' }), {
    code: 'not_found',
  });
});

t.test('a selection stops at its maximum and reports that more leads match', async (t) => {
  const { operations, store } = operationsOver(t);
  for (let n = 0; n < 3; n += 1) await store('parked');
  t.match(await operations.selectLeads('replay', { site: 'demo' }, { actor: 'cli:ann', max: 2 }), {
    ids: { length: 2 },
    more: true,
  });
  t.match(await operations.selectLeads('replay', { site: 'demo' }, { actor: 'cli:ann', max: 3 }), {
    ids: { length: 3 },
    more: false,
  });
});

t.test('many leads are queued in several transactions, and each reports progress', async (t) => {
  const { operations, store } = operationsOver(t);
  await Promise.all(Array.from({ length: 1_050 }, () => store('parked')));
  const progress: number[] = [];
  const selection = await operations.selectLeads('replay', { site: 'demo' }, { actor: 'cli:ann' });
  t.equal(await operations.sendLeads(selection, { ...ANN, onProgress: (done) => progress.push(done) }), 1_050);
  t.strictSame(progress, [200, 400, 600, 800, 1_000, 1_050]);
});
