import type { Test } from 'tap';
import type { Settlement } from '../../src/domain/ports/delivery-queue.ts';
import type { NewLead } from '../../src/domain/ports/lead-store.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { lead } from '../support/lead.ts';
import { entry, hashing, leased, newLead, type OpenOutbox, queued } from '../support/outbox.ts';

const NOW = Date.UTC(2026, 10, 28, 12, 0, 0, 7);

const ofPartner = (changes: Partial<NewLead> = {}): Partial<NewLead> => ({
  lead: lead({ partner: 'crm' }),
  ...changes,
});

type Told = { readonly type: string; readonly data: Readonly<Record<string, unknown>> };

/** Takes all messages of a destination, in their order. */
async function told(outbox: Outbox, destination = 'callback:crm'): Promise<Told[]> {
  const all: Told[] = [];
  for (;;) {
    const claims = await outbox.claimOutgoing(destination, 100, NOW * 2);
    if (claims.length === 0) return all;
    for (const claim of claims) {
      all.push(JSON.parse(claim.body));
      await outbox.settleOutgoing(claim, { kind: 'delivered' }, NOW * 2);
    }
  }
}

const events = (all: readonly Told[]): string[] => all.map(({ type }) => type.replace('conversation.', ''));

/** What every store has to tell subscribers of the leads of a partner or a site. */
export function callbackContract(t: Test, open: (t: Test) => OpenOutbox): void {
  const subscribed = async (t: Test): Promise<Outbox> => {
    const outbox = await open(t)();
    await outbox.subscribe([{ destination: 'callback:crm', partner: 'crm' }]);
    return outbox;
  };
  const settle = async (outbox: Outbox, settlement: Settlement, changes = ofPartner()): Promise<string> => {
    const lease = await leased(outbox, NOW, changes);
    await outbox.settle(lease, settlement, NOW + 1_500);
    return lease.id;
  };

  t.test('each outcome is told with the state that it leaves, and nothing of the lead', async (t) => {
    const outbox = await subscribed(t);
    const id = await settle(outbox, { status: 'delivered', attempted: true });
    t.strictSame(await told(outbox), [
      {
        type: 'conversation.delivered',
        timestamp: '2026-11-28T12:00:01.507Z',
        data: {
          id,
          status: 'delivered',
          attempts: 1,
          createdAt: '2026-11-28T12:00:00.007Z',
          updatedAt: '2026-11-28T12:00:01.507Z',
        },
      },
    ]);
    await settle(outbox, { status: 'rejected', reason: 'phone', attempted: true, description: 'secret words' });
    await settle(outbox, { status: 'unknown', attempted: true });
    await settle(outbox, { status: 'parked', cause: 'schedule', attempted: true });
    const others = await told(outbox);
    t.strictSame(events(others), ['rejected', 'unknown', 'parked']);
    t.match(others[0], { data: { status: 'rejected', reason: 'phone' } });
    t.notMatch(JSON.stringify(others), /secret|schedule|\+|404/);
    await outbox.close();
  });

  t.test('a try that fails and is repeated is not told', async (t) => {
    const outbox = await subscribed(t);
    await settle(outbox, { status: 'queued', dueAt: NOW + 5_000, attempted: true });
    await queued(outbox, NOW, ofPartner());
    t.strictSame(await told(outbox), []);
    await outbox.close();
  });

  t.test('a lead that starts held is told, and so is its release, in this order', async (t) => {
    const outbox = await subscribed(t);
    const stored = await outbox.accept(newLead(ofPartner({ start: { kind: 'held' } })), NOW);
    if (stored.kind !== 'stored') throw new Error('not stored');
    const { id } = stored.conversation;
    await outbox.requeue({ ids: [id] }, 1, { ...entry('suppress', NOW + 10), action: 'release' });
    const [claim] = await outbox.claim({ providers: ['default'], limit: 1, now: NOW + 20 });
    if (claim) await outbox.settle(claim.lease, { status: 'delivered', attempted: true }, NOW + 30);
    const all = await told(outbox);
    t.strictSame(events(all), ['held', 'released', 'delivered']);
    t.ok(all.every(({ data }) => data.id === id));
    await outbox.close();
  });

  t.test('every message has the reference of the partner, where there is one', async (t) => {
    const outbox = await subscribed(t);
    const content = lead({ partner: 'crm', reference: 'order-1' });
    const held = await outbox.accept(newLead({ lead: content, start: { kind: 'held' } }), NOW);
    await settle(outbox, { status: 'delivered', attempted: true }, { lead: content });
    await outbox.erase(hashing.phone(content.phone.e164), {
      now: NOW + 60_000,
      audit: { ...entry('suppress', NOW), action: 'erase' },
    });
    const all = await told(outbox);
    t.strictSame(events(all), ['held', 'delivered', 'erased', 'erased']);
    for (const { data } of all) t.equal(data.reference, 'order-1');
    t.equal(all[0]?.data.id, held.kind === 'stored' && held.conversation.id);
    await outbox.close();
  });

  t.test('leads that are parked and released with their account are told', async (t) => {
    const outbox = await subscribed(t);
    await queued(outbox, NOW, ofPartner());
    await outbox.parkQueued('default', 10, NOW + 1);
    await outbox.releaseWaiting('default', 10, NOW + 2);
    t.strictSame(events(await told(outbox)), ['parked', 'released']);
    await outbox.close();
  });

  t.test('an erasure is told once for each lead, whether it was final or not', async (t) => {
    const outbox = await subscribed(t);
    const content = lead({ partner: 'crm' });
    await settle(outbox, { status: 'delivered', attempted: true });
    await queued(outbox, NOW, ofPartner());
    await told(outbox);
    const audit = { ...entry('suppress', NOW), action: 'erase' } as const;
    await outbox.erase(hashing.phone(content.phone.e164), { now: NOW + 60_000, audit });
    const all = await told(outbox);
    t.strictSame(events(all), ['erased', 'erased']);
    t.strictSame(all.map(({ data }) => data.status).sort(), ['delivered', 'rejected']);
    await outbox.expire(NOW * 2, 10);
    t.strictSame(await told(outbox), [], 'the end of the retention is no erasure on request');
    await outbox.close();
  });

  t.test('a settlement that is stale or rolled back is not told', async (t) => {
    const outbox = await subscribed(t);
    const lease = await leased(outbox, NOW, ofPartner());
    await outbox.settle({ ...lease, fence: 9 }, { status: 'delivered', attempted: true }, NOW);
    t.strictSame(await told(outbox), []);
    await outbox.close();
  });

  t.test('subscribers are told of the leads of their partner or site only, from when they subscribe', async (t) => {
    const outbox = await open(t)();
    const both = [
      { destination: 'callback:crm', partner: 'crm' },
      { destination: 'callback:site', site: lead().site },
    ];
    await settle(outbox, { status: 'delivered', attempted: true });
    await outbox.subscribe(both);
    await outbox.subscribe(both);
    await settle(outbox, { status: 'delivered', attempted: true });
    await settle(
      outbox,
      { status: 'unknown', attempted: true },
      { lead: lead({ partner: 'other', site: 'elsewhere' }) },
    );
    await settle(outbox, { status: 'parked', attempted: true }, {});
    t.strictSame(events(await told(outbox, 'callback:crm')), ['delivered']);
    t.strictSame(events(await told(outbox, 'callback:site')), ['delivered', 'parked']);
    await outbox.subscribe([]);
    await settle(outbox, { status: 'delivered', attempted: true });
    t.strictSame(await outbox.dueDestinations(), []);
    await outbox.close();
  });

  t.test('processes that subscribe the same at once do not disturb each other', async (t) => {
    const opening = open(t);
    const all = [await opening(), await opening({ owner: 'process-2' })];
    const wanted = Array.from({ length: 5 }, (_, n) => ({ destination: `callback:${n}`, partner: `p${n}` }));
    await Promise.all(all.map((one) => one.subscribe(wanted)));
    for (const one of all) await one.close();
    t.pass('neither of them failed');
  });
}
