import type { Test } from 'tap';
import type { Cap } from '../../src/domain/ports/lead-store.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { testProviderOf } from '../../src/domain/provider.ts';
import { capKeys } from '../../src/leads/hashing.ts';
import { lead } from '../support/lead.ts';
import { entry, hashing, leased, newLead, type OpenOutbox, queued } from '../support/outbox.ts';

const NOW = Date.UTC(2026, 10, 28, 12);
const PROVIDER = testProviderOf('default');
const TEST = { lead: lead({ provider: PROVIDER, partner: 'crm' }) };
const REAL = { lead: lead({ partner: 'crm' }) };

const idsOf = ({ items }: { readonly items: readonly { readonly id: string }[] }): string[] =>
  items.map(({ id }) => id);

/** One real and one test lead of each kind; gives the ids of the test leads, newest first. */
async function fill(outbox: Outbox): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const content of [REAL, TEST]) {
    const delivered = await leased(outbox, NOW, content);
    await outbox.settle(delivered, { status: 'delivered', attempted: true }, NOW);
    const refused = await leased(outbox, NOW + 1, content);
    const settlement = { status: 'parked', cause: 'refused', message: 'No such merchant', attempted: true } as const;
    await outbox.settle(refused, settlement, NOW + 1);
    ids.unshift(delivered.id);
    ids.unshift(refused.id, await queued(outbox, NOW - 500, content));
    ids.splice(0, 2, ids[1] as string, ids[0] as string);
  }
  return ids.slice(0, 3);
}

/** How every store keeps test leads apart from real ones. */
export function testLeadsContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('a conversation says that it is a test wherever it is given, and a real one says nothing', async (t) => {
    const outbox = await open(t)();
    const request = newLead(TEST);
    const accepted = await outbox.accept(request, NOW);
    if (accepted.kind !== 'stored' || !accepted.lease) throw new Error('not stored');
    t.equal(accepted.conversation.test, true);
    t.match(await outbox.lookup(request.request, NOW), { conversation: { test: true } });
    const settled = await outbox.settle(accepted.lease, { status: 'delivered', attempted: true }, NOW);
    t.equal(settled?.conversation.test, true);
    const { id } = accepted.conversation;
    t.match(await outbox.find(id), { test: true, partner: 'crm' });
    t.match(await outbox.show(id), { test: true, provider: PROVIDER, lead: { provider: PROVIDER } });
    const real = await leased(outbox, NOW, REAL);
    t.notOk('test' in ((await outbox.find(real.id)) ?? {}));
    t.notOk('test' in ((await outbox.show(real.id)) ?? {}));
    await outbox.close();
  });

  t.test('no count of real leads has a test lead in it, and test leads have a count of their own', async (t) => {
    const outbox = await open(t)();
    await fill(outbox);
    const one = { delivered: 1, parked: 1, queued: 1, held: 0, rejected: 0, unknown: 0 };
    t.match(await outbox.stats(), { byStatus: one, testLeads: 3, oldestQueuedAt: NOW - 500 });
    t.match(await outbox.openCounts(), { byStatus: { parked: 1, queued: 1 } });
    t.strictSame(
      (await outbox.waiting()).map(({ provider, count }) => [provider, count]),
      [
        ['default', 1],
        ['default', 1],
      ],
    );
    for (const by of ['provider', 'status', 'site'] as const) {
      const items = await outbox.tallies([by]);
      t.equal(
        items.reduce((sum, { count }) => sum + count, 0),
        3,
        by,
      );
      t.notMatch(JSON.stringify(items), /test:/);
    }
    await outbox.close();
  });

  t.test('lists of operators and partners have both kinds, or one of them', async (t) => {
    const outbox = await open(t)();
    const tests = await fill(outbox);
    const page = { limit: 9 };
    t.equal(idsOf(await outbox.list({}, page)).length, 6);
    const onlyTests = idsOf(await outbox.list({ test: true }, page));
    t.strictSame(onlyTests.toSorted(), tests.toSorted());
    t.equal(await outbox.count({ test: true }), 3);
    t.equal(await outbox.count({ test: false, status: ['parked'] }), 1);
    const real = idsOf(await outbox.list({ test: false }, page));
    t.equal(real.length, 3);
    t.notOk(real.some((id) => tests.includes(id)));

    t.equal(idsOf(await outbox.listOfPartner({ partner: 'crm' }, page)).length, 6);
    const ofPartner = await outbox.listOfPartner({ partner: 'crm', test: true }, page);
    t.strictSame(idsOf(ofPartner).toSorted(), tests.toSorted());
    t.ok(ofPartner.items.every(({ test }) => test === true));
    t.strictSame(idsOf(await outbox.listOfPartner({ partner: 'crm', test: false }, page)).toSorted(), real.toSorted());
    t.equal(idsOf(await outbox.listOfPartner({ partner: 'crm', test: true, status: 'parked' }, page)).length, 1);
    await outbox.close();
  });

  t.test('a callback about a test lead says so, and one about a real lead does not', async (t) => {
    const outbox = await open(t)();
    await outbox.subscribe([
      { destination: 'callback:crm', partner: 'crm' },
      { destination: 'callback:demo', site: 'demo' },
    ]);
    for (const { lead: content } of [TEST, REAL]) {
      const lease = await leased(outbox, NOW, { lead: { ...content, reference: 'order-1' } });
      await outbox.settle(lease, { status: 'delivered', attempted: true }, NOW);
    }
    for (const destination of ['callback:crm', 'callback:demo']) {
      const claims = await outbox.claimOutgoing(destination, 9, NOW * 2);
      const told = claims.map(({ body }) => (JSON.parse(body) as { data: Record<string, unknown> }).data);
      t.strictSame(
        told.map(({ test, reference }) => [test, reference]),
        [
          [true, 'order-1'],
          [undefined, 'order-1'],
        ],
      );
      t.equal('test' in (told[1] ?? {}), false);
    }
    await outbox.erase(hashing.phone(TEST.lead.phone.e164), { now: NOW + 9, audit: entry('suppress', NOW + 9) });
    await outbox.close();
  });

  t.test(
    'a released suspect counts as what it is: a test on the counters of tests, a real one on the others',
    async (t) => {
      const outbox = await open(t)();
      const phoneHash = hashing.phone(lead().phone.e164);
      const tests = capKeys(hashing, 'demo', phoneHash, true);
      const real = capKeys(hashing, 'demo', phoneHash);
      for (const kind of ['phone', 'phone_total', 'site'] as const) t.notSame(tests[kind], real[kind], kind);
      const caps: Cap[] = [{ kind: 'site', key: tests.site, max: 9 }];
      await outbox.accept(newLead({ ...TEST, caps, start: { kind: 'held' } }), NOW);
      await outbox.requeue({ test: true }, 9, { ...entry('suppress', NOW + 5), action: 'release' });
      t.equal(await outbox.counted(tests.site, NOW), 1);
      t.equal(await outbox.counted(real.site, NOW), 0);
      await outbox.close();
    },
  );
}
