import t from 'tap';
import { NOON, operationsOver } from '../support/operations.ts';

const HOUR = 3_600_000;

t.test('leads are listed newest first, page by page, each once', async (t) => {
  const { operations, store } = operationsOver(t);
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) ids.unshift(await store('queued', {}, NOON + n));
  const first = await operations.listLeads({}, { limit: 3 });
  const second = await operations.listLeads({}, { limit: 3, ...(first.next !== undefined && { after: first.next }) });
  t.strictSame(
    [...first.items, ...second.items].map(({ id }) => id),
    ids,
  );
  t.equal(second.next, undefined);
});

t.test('every part of a query narrows the list', async (t) => {
  const { operations, store } = operationsOver(t);
  const parked = await store('parked', { site: 'north', partner: 'acme', provider: 'eu' }, NOON - HOUR);
  const delivered = await store('delivered', {
    phone: { e164: '+14165550100', callingCode: '1', national: '4165550100' },
  });
  const found = async (query: Parameters<typeof operations.listLeads>[0]) =>
    (await operations.listLeads(query, { limit: 10 })).items.map(({ id }) => id);
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

t.test('a lead is listed with its state and times, and nothing of who sent it', async (t) => {
  const { operations, store } = operationsOver(t);
  const id = await store('parked', { partner: 'acme', firstName: 'Ann' });
  t.strictSame((await operations.listLeads({}, { limit: 1 })).items, [
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

t.test('a lead is shown in outline, without an audit entry', async (t) => {
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

t.test('revealing shows all of it and leaves an audit entry', async (t) => {
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

t.test('a lead that is not there is not found, revealed or not', async (t) => {
  const { operations } = operationsOver(t);
  for (const reveal of [false, true]) {
    await t.rejects(operations.showLead('cnv_none', { actor: 'cli:ann', reveal }), { code: 'not_found' });
  }
  t.strictSame((await operations.audit({ limit: 10 })).items, [], 'nothing was looked at');
});

t.test('figures say how many leads are in each status and how old the oldest queued one is', async (t) => {
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
  });
});
