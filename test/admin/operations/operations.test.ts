import t from 'tap';
import { maskLead, maskPhone } from '../../../src/admin/operations/mask.ts';
import { createOperations } from '../../../src/admin/operations/operations.ts';
import { StorageUnavailable } from '../../../src/domain/ports/outbox.ts';
import { createHashing } from '../../../src/leads/hashing.ts';
import { defined } from '../../../src/lib/values.ts';
import { NOON, operationsOver } from '../../support/admin/operations.ts';
import { lead } from '../../support/lead.ts';
import { hashing, newLead } from '../../support/outbox.ts';

const HOUR = 3_600_000;
const NUMBER = { phone: '+1 (404) 555-1212' };

t.test('leads are listed newest first, page by page, each once', async (t) => {
  const { operations, store } = operationsOver(t);
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.unshift(await store('queued', {}, NOON + n));
  const first = await operations.listLeads({}, { limit: 3 }, 'cli:ann');
  const second = await operations.listLeads(
    {},
    { limit: 3, ...(first.next !== undefined && { after: first.next }) },
    'cli:ann',
  );
  t.strictSame(
    [...first.items, ...second.items].map(({ id }) => id),
    ids,
  );
  t.equal(second.next, undefined);
});

t.test('every field of a query narrows the list', async (t) => {
  const { operations, store } = operationsOver(t);
  const parked = await store('parked', { site: 'north', partner: 'acme', provider: 'eu' }, NOON - HOUR);
  const delivered = await store('delivered', {
    phone: { e164: '+14165550100', callingCode: '1', national: '4165550100' },
  });
  const found = async (query: Parameters<typeof operations.listLeads>[0]) =>
    (await operations.listLeads(query, { limit: 10 }, 'cli:ann')).items.map(({ id }) => id);
  t.strictSame(await found({ status: ['parked', 'held'] }), [parked]);
  t.strictSame(await found({ cause: ['schedule'] }), [parked]);
  t.strictSame(await found({ site: 'north' }), [parked]);
  t.strictSame(await found({ partner: 'acme' }), [parked]);
  t.strictSame(await found({ provider: 'eu' }), [parked]);
  t.strictSame(await found({ until: '30m' }), [parked]);
  t.strictSame(await found({ since: '30m' }), [delivered]);
  t.strictSame(await found({ phone: '+1 416 555 0100' }), [delivered]);
  t.strictSame(await found({ ids: [delivered] }), [delivered]);
  t.strictSame(await found({ site: 'north', status: ['delivered'] }), []);
});

t.test('a lead is listed with its state and times, and without personal data', async (t) => {
  const { operations, store } = operationsOver(t);
  const id = await store('parked', { partner: 'acme', firstName: 'Ann' });
  t.strictSame((await operations.listLeads({}, { limit: 1 }, 'cli:ann')).items, [
    {
      id,
      status: 'parked',
      cause: 'schedule',
      site: 'demo',
      partner: 'acme',
      provider: 'default',
      attempts: 1,
      createdAt: '2026-11-24T12:00:00.000Z',
      updatedAt: '2026-11-24T12:00:00.000Z',
      mayHaveArrived: false,
      leased: false,
      erased: false,
    },
  ]);
});

t.test('a lead is shown masked, without an audit entry', async (t) => {
  const { operations, store } = operationsOver(t);
  const id = await store('parked', { firstName: 'Ann', question: 'Is it red?' });
  const shown = await operations.showLead(id, { actor: 'cli:ann', reveal: false });
  t.match(shown, {
    id,
    revealed: false,
    lead: { phone: '+1******1212', firstName: 'A…', question: '(10 characters)' },
    description: '(16 characters)',
  });
  t.strictSame((await operations.audit({ limit: 10 })).items, []);
});

t.test('revealing shows the whole lead and writes an audit entry', async (t) => {
  const { operations, store } = operationsOver(t);
  const id = await store('parked', { firstName: 'Ann', listing: { vin: 'X1' } });
  const shown = await operations.showLead(id, { actor: 'cli:ann', reveal: true });
  t.match(shown, {
    revealed: true,
    lead: { phone: '+14045551212', firstName: 'Ann', listing: { vin: 'X1' } },
    description: 'No such merchant',
  });
  t.strictSame((await operations.audit({ limit: 10 })).items, [
    { at: '2026-11-24T12:00:00.000Z', actor: 'cli:ann', action: 'reveal', count: 1, detail: `ids=${id}` },
  ]);
});

t.test('the history of a lead tells what became of it, and masks the words of the provider', async (t) => {
  const { operations, outbox, store } = operationsOver(t);
  const id = await store('parked', {}, NOON - 9_000);
  await store('parked', {}, NOON - 9_000);
  const selection = await operations.selectLeads('release', { ids: [id] }, { actor: 'cli:ann' });
  await operations.sendLeads(selection, { actor: 'cli:ann' });
  const [claim] = await outbox.claim({ providers: ['default'], limit: 1, now: NOON });
  if (!claim) throw new Error('nothing is due');
  const facts = { outcome: 'rejected', cause: 'failure', httpStatus: 200, durationMs: 80.4 } as const;
  const rejected = { status: 'rejected', reason: 'phone', attempted: true, description: 'Bad number', facts } as const;
  await outbox.settle(claim.lease, rejected, NOON + 1_000);
  const { history } = await operations.showLead(id, { actor: 'cli:ann', reveal: false });
  const attempt = {
    event: 'attempt',
    at: '2026-11-24T12:00:01.000Z',
    attempt: 2,
    outcome: 'rejected',
    cause: 'failure',
    httpStatus: 200,
    durationMs: 80,
  };
  const state = { event: 'state', at: '2026-11-24T12:00:01.000Z', status: 'rejected', reason: 'phone' };
  const before = [
    { event: 'stored', at: '2026-11-24T11:59:51.000Z' },
    {
      event: 'attempt',
      at: '2026-11-24T11:59:51.000Z',
      attempt: 1,
      outcome: 'not_sent',
      cause: 'http_503',
      httpStatus: 503,
      durationMs: 12,
      description: '(16 characters)',
    },
    { event: 'release', at: '2026-11-24T12:00:00.000Z', actor: 'cli:ann' },
  ];
  t.strictSame(history, [...before, { ...attempt, description: '(10 characters)' }, state]);
  const revealed = await operations.showLead(id, { actor: 'bea', reveal: true });
  t.match(revealed.history, [
    { event: 'stored' },
    { event: 'attempt', description: 'No such merchant' },
    { event: 'release' },
    { event: 'reveal', actor: 'bea' },
    { ...attempt, description: 'Bad number' },
    state,
  ]);
});

t.test('an unknown id is not found, with or without reveal', async (t) => {
  const { operations } = operationsOver(t);
  for (const reveal of [false, true]) {
    await t.rejects(operations.showLead('cnv_none', { actor: 'cli:ann', reveal }), { code: 'not_found' });
  }
  t.strictSame((await operations.audit({ limit: 10 })).items, [], 'a failed reveal writes no audit entry');
});

t.test('statistics count the leads of each status and give the age of the oldest queued one', async (t) => {
  const { operations, store } = operationsOver(t);
  await store('queued', {}, NOON - 90_000);
  await store('queued');
  await store('delivered');
  await operations.suppress({ phone: '+14165550100' }, 'cli:ann');
  t.strictSame(await operations.stats(), {
    byStatus: { queued: 2, delivered: 1, rejected: 0, held: 0, unknown: 0, parked: 0 },
    oldestQueuedAt: '2026-11-24T11:58:30.000Z',
    oldestQueuedSeconds: 90,
    suppressions: 1,
    parkedProviders: [],
    testLeads: 0,
  });
});

t.test('leads of a suppressed number are recognised until the number is removed from the list', async (t) => {
  const { operations, outbox, store, statusOf } = operationsOver(t);
  t.equal(await operations.suppress(NUMBER, 'cli:ann'), true);
  t.equal(await operations.suppress(NUMBER, 'cli:ann'), false, 'it is already on the list');
  const accepted = await outbox.accept(newLead(), NOON);
  t.match(accepted, { kind: 'stored', suppressed: true });
  t.equal(await operations.unsuppress(NUMBER, 'cli:ann'), true);
  t.equal(await operations.unsuppress(NUMBER, 'cli:ann'), false);
  t.equal(await statusOf(await store('queued')), 'queued');
});

t.test('only changes of the list are audited, without the number or its hash', async (t) => {
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

t.test('the list shows hashes and times', async (t) => {
  const { operations } = operationsOver(t);
  await operations.suppress(NUMBER, 'cli:ann');
  t.strictSame((await operations.suppressions({ limit: 9 })).items, [
    { hash: hashing.phone('+14045551212').toString('hex'), createdAt: '2026-11-24T12:00:00.000Z' },
  ]);
});

t.test('erasing a number removes the personal data of all its leads, whatever their status', async (t) => {
  const { operations, store, statusOf } = operationsOver(t);
  const queued = await store('queued', { firstName: 'Ann' });
  const delivered = await store('delivered', { site: 'north' });
  const other = await store('queued', { phone: { e164: '+14165550100', callingCode: '1', national: '4165550100' } });
  t.equal(await operations.countLeads(NUMBER, 'cli:ann'), 2);
  t.strictSame(await operations.erase(NUMBER, { actor: 'cli:ann', suppress: false }), { erased: 2 });
  t.match(await operations.showLead(queued, { actor: 'cli:ann', reveal: false }), { erased: true, lead: undefined });
  t.equal(await statusOf(queued), 'rejected');
  t.equal(await statusOf(delivered), 'delivered');
  t.match(await operations.showLead(other, { actor: 'cli:ann', reveal: false }), { erased: false });
  t.equal(await operations.countLeads(NUMBER, 'cli:ann'), 0);
  t.strictSame((await operations.suppressions({ limit: 9 })).items, []);
});

t.test('erasing with suppress also puts the number on the suppression list', async (t) => {
  const { operations, store } = operationsOver(t);
  await store('queued');
  t.strictSame(await operations.erase(NUMBER, { actor: 'cli:ann', suppress: true }), { erased: 1 });
  t.equal((await operations.suppressions({ limit: 9 })).items.length, 1);
  t.match((await operations.audit({ limit: 10 })).items, [
    { action: 'erase', count: 1, detail: 'one number, suppressed from now on' },
    { action: 'suppress' },
  ]);
});

t.test('an erased lead cannot be sent again', async (t) => {
  const { operations, store } = operationsOver(t);
  const id = await store('delivered');
  await operations.erase(NUMBER, { actor: 'cli:ann', suppress: false });
  t.match(await operations.selectLeads('replay', { ids: [id] }, { actor: 'cli:ann' }), {
    ids: [],
    skipped: 1,
    missing: 0,
  });
});

t.test('a masked number keeps its country code and its last four digits', async (t) => {
  t.equal(maskPhone({ e164: '+14045551212', callingCode: '1', national: '4045551212' }), '+1******1212');
  t.equal(maskPhone({ e164: '+442079460018', callingCode: '44', national: '2079460018' }), '+44******0018');
});

t.test('a short number keeps fewer digits', async (t) => {
  t.equal(maskPhone({ e164: '+29012345', callingCode: '290', national: '12345' }), '+290***45');
});

t.test('masked texts keep their length only, masked names their first letter', async (t) => {
  const masked = maskLead(
    lead({
      firstName: 'Zoë',
      lastName: '𝒳u',
      question: 'Is it red? 🚗',
      listing: { vin: '2HGFC2F59KH500000' },
      consent: { text: 'I agree', version: '2026-11' },
      page: { url: 'https://dealer.example/cars/1?email=ann@example.com#top', title: 'Hello Ann' },
      origin: 'https://dealer.example',
    }),
  );
  t.strictSame(masked, {
    target: { advertiserId: '1659' },
    targetFrom: 'caller',
    phone: '+1******1212',
    firstName: 'Z…',
    lastName: '𝒳…',
    question: '(12 characters)',
    listing: '(1 value)',
    consent: { text: '(7 characters)', version: '2026-11' },
    page: { url: 'https://dealer.example/cars/1', title: '(9 characters)' },
    origin: 'https://dealer.example',
  });
});

t.test('every look-up by number is audited with its actor and its count, and without the number', async (t) => {
  const { operations, store } = operationsOver(t);
  await store('parked');
  await store('delivered');
  await operations.listLeads({ ...NUMBER, status: ['parked'] }, { limit: 1 }, 'ann');
  await operations.listLeads({ phone: '+1 617 555 0100' }, { limit: 1 }, 'ann');
  await operations.countLeads(NUMBER, 'bob');
  await operations.selectLeads('release', NUMBER, { actor: 'cy', max: 1 });
  await operations.listLeads({ status: ['parked'] }, { limit: 1 }, 'ann');
  const { items } = await operations.audit({ limit: 9 });
  t.strictSame(
    items.map(({ actor, action, count, detail }) => [actor, action, count, detail]),
    [
      ['cy', 'look_up', 2, 'phone=given'],
      ['bob', 'look_up', 2, 'phone=given'],
      ['ann', 'look_up', 0, 'phone=given'],
      ['ann', 'look_up', 1, 'status=parked phone=given'],
    ],
  );
});

t.test('what a look-up found is not given when its audit entry cannot be written', async (t) => {
  const { outbox, store } = operationsOver(t);
  await store('parked', { consent: { version: '1' } });
  const fail = () => Promise.reject(new StorageUnavailable('The storage did not take the write.'));
  const operations = createOperations({ store: { ...outbox, record: fail }, hashing, now: () => NOON });
  const unavailable = { name: 'StorageUnavailable' };
  await t.rejects(operations.listLeads(NUMBER, { limit: 1 }, 'ann'), unavailable);
  await t.rejects(operations.countLeads(NUMBER, 'ann'), unavailable);
  await t.rejects(operations.selectLeads('release', NUMBER, { actor: 'ann' }), unavailable);
  await t.rejects(operations.consents({}, { limit: 1 }, 'ann'), unavailable);
});

t.test('a cursor that was changed, made up, or comes from another list is refused', async (t) => {
  const { operations, store } = operationsOver(t);
  for (let n = 0; n < 3; n += 1) await store('delivered', { consent: { version: '1' } });
  for (let n = 0; n < 3; n += 1) await operations.suppress({ phone: `+1416555010${n}` }, 'ann');
  const list = (after?: string) => operations.listLeads({}, defined({ limit: 1, after }), 'ann');
  const consents = (after?: string) => operations.consents({}, defined({ limit: 1, after }), 'ann');
  const audit = (after?: string) => operations.audit(defined({ limit: 1, after }));
  const { next = '' } = await list();
  t.equal((await list(next)).items.length, 1);
  const { next: ofAudit = '' } = await audit();
  const { next: ofConsents = '' } = await consents();
  const [place = '', signature = ''] = next.split('.');
  const other = Buffer.from('1').toString('base64url');
  const wrong = [
    '',
    '.',
    place,
    `${other}.${signature}`,
    `${place}.`,
    `${next}x`,
    next.slice(0, -1),
    ofAudit,
    ofConsents,
  ];
  for (const cursor of wrong) {
    await t.rejects(list(cursor), { code: 'invalid', message: /^after: use the cursor .* unchanged$/ }, cursor);
  }
  await t.rejects(audit(next), { code: 'invalid' });
  await t.rejects(consents(next), { code: 'invalid' });
  const another = createOperations({
    store: operationsOver(t).outbox,
    hashing: createHashing(Buffer.alloc(32, 8)),
    now: () => NOON,
  });
  await t.rejects(another.listLeads({}, { limit: 1, after: next }, 'ann'), { code: 'invalid' }, 'of another HASH_KEY');
});
