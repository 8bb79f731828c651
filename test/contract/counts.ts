import type { Test } from 'tap';
import { STATUSES } from '../../src/domain/lead.ts';
import type { Settlement } from '../../src/domain/ports/delivery-queue.ts';
import type { AuditEntry } from '../../src/domain/ports/lead-records.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { lead } from '../support/lead.ts';
import { entry, hashing, leased, newLead, type OpenOutbox, queued } from '../support/outbox.ts';

const AUDIT: AuditEntry = { at: 5_000, actor: 'cli:ann', action: 'erase', count: 1, detail: 'ids=one' };

/** What every store has to count, however many leads it holds. */
export function countsContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('counts show the open leads, the oldest queued one and the final ones', async (t) => {
    const outbox = await open(t)();
    const none = { queued: 0, held: 0, unknown: 0, parked: 0 };
    t.strictSame(await outbox.openCounts(), { byStatus: none, parkedProviders: [] });
    const lease = await leased(outbox, 1_000);
    await queued(outbox, 3_000);
    await queued(outbox, 2_000);
    await outbox.settle(lease, { status: 'delivered', attempted: true }, 4_000);
    await outbox.accept(newLead({ start: { kind: 'parked' } }), 500);
    await outbox.suppress(hashing.phone('+447700900123'), entry('suppress', 1_000));
    const byStatus = { ...none, queued: 2, parked: 1 };
    t.strictSame(await outbox.openCounts(), { byStatus, oldestQueuedAt: 2_000, parkedProviders: [] });
    t.strictSame(await outbox.stats(), {
      byStatus: { ...byStatus, delivered: 1, rejected: 0 },
      oldestQueuedAt: 2_000,
      parkedProviders: [],
      suppressions: 1,
      testLeads: 0,
    });
    await outbox.close();
  });

  t.test('counts stay exact through all that happens to leads', async (t) => {
    const outbox = await open(t)();
    const sites = ['a', 'b'];
    const statuses = [
      { status: 'delivered' },
      { status: 'rejected', reason: 'phone' },
      { status: 'parked', cause: 'refused', description: 'No such merchant' },
      { status: 'unknown', repeatable: true },
      { status: 'queued', dueAt: 3_000 },
    ] as const;
    const lease = (n: number) => leased(outbox, 1_000 + n, newLead({ lead: lead({ site: sites[n % 2] ?? 'a' }) }));
    const leases = await Promise.all(Array.from({ length: 20 }, (_, n) => lease(n)));
    await Promise.all(
      leases.map((one, n) => outbox.settle(one, { ...statuses[n % 5], attempted: true } as Settlement, 2_000)),
    );
    await exactCounts(t, outbox, 'settled');
    await outbox.parkQueued('default', 3, 3_000);
    await exactCounts(t, outbox, 'parked');
    await outbox.releaseWaiting('default', 2, 3_500);
    await outbox.claim({ providers: ['default'], limit: 9, now: 4_000 });
    await exactCounts(t, outbox, 'claimed');
    await outbox.requeue({ status: ['parked', 'delivered'] }, 5, { ...AUDIT, action: 'replay' });
    await exactCounts(t, outbox, 'replayed');
    await outbox.erase(hashing.phone(lead().phone.e164), { now: 9_000, audit: AUDIT });
    await exactCounts(t, outbox, 'erased');
    await outbox.purge(9_000, 100);
    await exactCounts(t, outbox, 'purged');
    await outbox.close();
  });

  t.test('the oldest queued lead is that of any provider, and not one whose first call is being made', async (t) => {
    const outbox = await open(t)();
    await leased(outbox, 500);
    t.equal((await outbox.openCounts()).oldestQueuedAt, undefined);
    await queued(outbox, 3_000);
    await queued(outbox, 2_000, newLead({ lead: lead({ provider: 'other' }), start: due(2_000) }));
    t.equal((await outbox.openCounts()).oldestQueuedAt, 2_000);
    const again = await leased(outbox, 1_000);
    await outbox.settle(again, { status: 'queued', dueAt: 9_000, attempted: true }, 1_500);
    t.equal((await outbox.openCounts()).oldestQueuedAt, 1_000);
    const [claim] = await outbox
      .claim({ providers: ['default'], limit: 9, now: 9_000 })
      .then((claims) => claims.filter(({ lease }) => lease.id === again.id));
    t.ok(claim);
    t.equal((await outbox.openCounts()).oldestQueuedAt, 1_000, 'nor is it forgotten during a later call');
    await outbox.close();
  });

  t.test('counts name the parked providers', async (t) => {
    const outbox = await open(t)();
    for (let n = 0; n < 3; n += 1) {
      const lease = await leased(outbox, 1_000 + n);
      await outbox.settle(
        lease,
        {
          status: 'queued',
          dueAt: 9_000,
          attempted: true,
          credentials: 'refused',
          account: { credentials: 'credentials-1', target: 'a' },
        },
        2_000 + n,
      );
    }
    t.match(await outbox.openCounts(), { byStatus: { queued: 2, parked: 1 }, parkedProviders: ['default'] });
    await outbox.close();
  });

  t.test('consents are counted over all pages', async (t) => {
    const outbox = await open(t)();
    const consent = { text: 'Text me.' };
    for (const site of ['a', 'a', 'b'])
      await queued(outbox, 1_000, newLead({ lead: lead({ site, consent }), start: due(1) }));
    await queued(outbox, 1_000);
    t.equal(await outbox.countConsents({}), 3);
    t.equal(await outbox.countConsents({ site: 'b' }), 1);
    await outbox.erase(hashing.phone(lead().phone.e164), { now: 9_000, audit: AUDIT });
    t.equal(await outbox.countConsents({}), 0);
    await outbox.close();
  });
}

function due(at: number) {
  return { kind: 'due', at } as const;
}

/** Compares the counts that the store keeps with those of the leads themselves. */
async function exactCounts(t: Test, outbox: Outbox, name: string): Promise<void> {
  const { byStatus } = await outbox.stats();
  const real = Object.fromEntries(
    await Promise.all(STATUSES.map(async (status) => [status, await outbox.count({ status: [status] })])),
  );
  t.strictSame(byStatus, real, name);
  const { queued, held, unknown, parked } = byStatus;
  t.strictSame((await outbox.openCounts()).byStatus, { queued, held, unknown, parked }, name);
}
