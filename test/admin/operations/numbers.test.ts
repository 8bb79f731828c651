import t from 'tap';
import { hashing, newLead } from '../../support/outbox.ts';
import { NOON, operationsOver } from '../support/operations.ts';

const NUMBER = { phone: '+1 (404) 555-1212' };

t.test('a suppressed number is rejected on its next lead, and sent again once it is off the list', async (t) => {
  const { operations, outbox, store, statusOf } = operationsOver(t);
  t.equal(await operations.suppress(NUMBER, 'cli:ann'), true);
  t.equal(await operations.suppress(NUMBER, 'cli:ann'), false, 'it was on the list');
  const accepted = await outbox.accept(newLead(), NOON);
  t.match(accepted, { kind: 'stored', conversation: { status: 'rejected', reason: 'phone' } });
  t.equal(await operations.unsuppress(NUMBER, 'cli:ann'), true);
  t.equal(await operations.unsuppress(NUMBER, 'cli:ann'), false);
  t.equal(await statusOf(await store('queued')), 'queued');
});

t.test('changes of the list are audited without the number or its hash, and only changes', async (t) => {
  const { operations } = operationsOver(t);
  await operations.suppress(NUMBER, 'cli:ann');
  await operations.suppress(NUMBER, 'cli:bob');
  await operations.unsuppress(NUMBER, 'admin');
  await operations.unsuppress(NUMBER, 'admin');
  t.match((await operations.audit({ limit: 10 })).items, [
    { actor: 'admin', action: 'unsuppress', count: 1, detail: 'one number' },
    { actor: 'cli:ann', action: 'suppress', count: 1, detail: 'one number' },
  ]);
});

t.test('the list tells hashes and times', async (t) => {
  const { operations } = operationsOver(t);
  await operations.suppress(NUMBER, 'cli:ann');
  t.strictSame(await operations.suppressions(), [
    { hash: hashing.phone('+14045551212').toString('hex'), createdAt: '2026-11-24T12:00:00.000Z' },
  ]);
});

t.test('erasing a number takes the data of all its leads, whatever their state', async (t) => {
  const { operations, store, statusOf } = operationsOver(t);
  const queued = await store('queued', { firstName: 'Ann' });
  const delivered = await store('delivered', { site: 'north' });
  const other = await store('queued', { phone: { e164: '+14165550100', callingCode: '1', national: '4165550100' } });
  t.equal(await operations.countLeads(NUMBER), 2);
  t.strictSame(await operations.erase(NUMBER, { actor: 'cli:ann', suppress: false }), { erased: 2 });
  t.match(await operations.showLead(queued, { actor: 'cli:ann', reveal: false }), { erased: true, lead: undefined });
  t.equal(await statusOf(queued), 'rejected');
  t.equal(await statusOf(delivered), 'delivered');
  t.match(await operations.showLead(other, { actor: 'cli:ann', reveal: false }), { erased: false });
  t.equal(await operations.countLeads(NUMBER), 0);
  t.strictSame(await operations.suppressions(), []);
});

t.test('erasing and suppressing keeps the number out from then on', async (t) => {
  const { operations, store } = operationsOver(t);
  await store('queued');
  t.strictSame(await operations.erase(NUMBER, { actor: 'cli:ann', suppress: true }), { erased: 1 });
  t.equal((await operations.suppressions()).length, 1);
  t.match((await operations.audit({ limit: 10 })).items, [
    { action: 'erase', count: 1, detail: 'one number, suppressed from now on' },
    { action: 'suppress' },
  ]);
});

t.test('an erased lead is never sent again', async (t) => {
  const { operations, store } = operationsOver(t);
  const id = await store('delivered');
  await operations.erase(NUMBER, { actor: 'cli:ann', suppress: false });
  t.match(await operations.selectLeads('replay', { ids: [id] }), { ids: [], skipped: 1, missing: 0 });
});
