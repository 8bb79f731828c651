import type { Test } from 'tap';
import type { Account } from '../../src/domain/ports/delivery-queue.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { LEASE_MS, leased, newLead, type OpenOutbox, queued } from '../support/outbox.ts';

const ACCOUNT: Account = { credentials: 'credentials-1', target: 'a' };

async function refuse(outbox: Outbox, now: number, account = ACCOUNT) {
  const lease = await leased(outbox, now);
  return outbox.settle(lease, { status: 'queued', dueAt: now, attempted: true, credentials: 'refused', account }, now);
}

/** What every store has to know of providers that refuse our credentials. */
export function providerContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('three refusals in a row from different leads park the provider', async (t) => {
    const outbox = await open(t)();
    t.match(await refuse(outbox, 1_000), { parkedProvider: false, conversation: { status: 'queued' } });
    t.match(await refuse(outbox, 1_001), { parkedProvider: false });
    t.strictSame(await outbox.parked(), []);
    t.match(await refuse(outbox, 1_002), { parkedProvider: true, conversation: { status: 'parked' } });
    t.match(await outbox.parked(), [
      { id: 'default', parkedAt: 1_002, probeAt: 601_002, credentials: 'credentials-1' },
    ]);
    t.match(await refuse(outbox, 1_003), { parkedProvider: false, conversation: { status: 'parked' } }, 'told once');
    await outbox.close();
  });

  t.test('one lead that is refused repeatedly does not park the provider', async (t) => {
    const outbox = await open(t)();
    await queued(outbox, 1_000);
    for (let now = 1_000; now < 1_010; now += 1) {
      const [claim] = await outbox.claim({ providers: ['default'], limit: 1, now });
      t.ok(claim);
      if (claim)
        await outbox.settle(
          claim.lease,
          { status: 'queued', dueAt: now, attempted: true, credentials: 'refused', account: ACCOUNT },
          now,
        );
    }
    t.strictSame(await outbox.parked(), []);
    await outbox.close();
  });

  t.test('an answer that accepts the credentials ends the streak', async (t) => {
    const outbox = await open(t)();
    await refuse(outbox, 1_000);
    await refuse(outbox, 1_001);
    const lease = await leased(outbox, 1_002);
    await outbox.settle(
      lease,
      { status: 'rejected', reason: 'phone', attempted: true, credentials: 'accepted', account: ACCOUNT },
      1_002,
    );
    await refuse(outbox, 1_003);
    await refuse(outbox, 1_004);
    t.strictSame(await outbox.parked(), []);
    await outbox.close();
  });

  t.test('a streak counts refusals of the same credentials only', async (t) => {
    const outbox = await open(t)();
    const others: Account = { ...ACCOUNT, credentials: 'credentials-2' };
    await refuse(outbox, 1_000);
    await refuse(outbox, 1_001);
    await refuse(outbox, 1_002, others);
    await refuse(outbox, 1_003, others);
    t.strictSame(await outbox.parked(), []);
    await refuse(outbox, 1_004, others);
    t.match(await outbox.parked(), [{ credentials: 'credentials-2' }]);
    await outbox.close();
  });

  t.test('an answer to credentials that are no longer configured is ignored', async (t) => {
    const outbox = await open(t)();
    for (const credentials of ['refused', 'refused', 'refused', 'accepted'] as const) {
      const settlement = { status: 'queued', dueAt: 9_000, attempted: true, credentials } as const;
      t.match(await outbox.settle(await leased(outbox, 1_000), settlement, 1_000), { parkedProvider: false });
    }
    t.strictSame(await outbox.parked(), []);
    for (let n = 0; n < 2; n += 1) await refuse(outbox, 2_000);
    await outbox.settle(
      await leased(outbox, 2_000),
      { status: 'delivered', attempted: true, credentials: 'accepted' },
      2_000,
    );
    t.match(await refuse(outbox, 2_000), { parkedProvider: true });
    await outbox.close();
  });

  t.test(
    'a provider whose credentials were accepted for another target is not parked by a single target',
    async (t) => {
      const opening = open(t);
      const outbox = await opening();
      const accepted = { status: 'delivered', attempted: true, credentials: 'accepted' } as const;
      const b: Account = { ...ACCOUNT, target: 'b' };
      await outbox.settle(await leased(outbox, 1_000), { ...accepted, account: b }, 1_000);
      await outbox.close();
      const later = await opening();
      for (let n = 0; n < 30; n += 1) t.match(await refuse(later, 2_000), { parkedProvider: false });
      t.match(await refuse(later, 3_000, b), { parkedProvider: true }, 'until the other is refused too');
      await later.unpark('default', 4_000);
      for (let n = 0; n < 5; n += 1)
        t.match(await refuse(later, 5_000), { parkedProvider: false }, 'known over a release');
      const others: Account = { ...ACCOUNT, credentials: 'credentials-2' };
      for (let n = 0; n < 2; n += 1) await refuse(later, 6_000, others);
      t.match(await refuse(later, 6_000, others), { parkedProvider: true }, 'other credentials are not proven by it');
      await later.close();
    },
  );

  t.test(
    'a provider with a single target is parked by it, however often its credentials were accepted before',
    async (t) => {
      const outbox = await open(t)();
      const accepted = { status: 'delivered', attempted: true, credentials: 'accepted', account: ACCOUNT } as const;
      for (let n = 0; n < 5; n += 1) await outbox.settle(await leased(outbox, 1_000), accepted, 1_000);
      for (let n = 0; n < 2; n += 1) await refuse(outbox, 2_000);
      t.match(await refuse(outbox, 2_000), { parkedProvider: true });
      await outbox.close();
    },
  );

  t.test('queued leads of a parked provider are parked, and released together', async (t) => {
    const outbox = await open(t)();
    for (let n = 0; n < 3; n += 1) await refuse(outbox, 1_000 + n);
    const waiting = await queued(outbox, 2_000);
    const stored = await outbox.accept(newLead({ start: { kind: 'parked' } }), 2_000);
    t.equal(await outbox.parkQueued('default', 2, 3_000), 2, 'a chunk at a time');
    t.equal(await outbox.parkQueued('default', 10, 3_000), 1);
    t.match(await outbox.find(waiting), { status: 'parked' });
    await outbox.unpark('default', 4_000);
    t.strictSame(await outbox.parked(), []);
    t.equal(await outbox.releaseWaiting('default', 3, 5_000), 3);
    t.equal(await outbox.releaseWaiting('default', 10, 5_000), 2);
    t.match(stored.kind === 'stored' && (await outbox.find(stored.conversation.id)), {
      status: 'queued',
      dueAt: 5_000,
    });
    await outbox.close();
  });

  t.test('a leased lead is not parked with its provider, and is due again if its process dies', async (t) => {
    const outbox = await open(t)();
    for (let n = 0; n < 3; n += 1) await refuse(outbox, 1_000 + n);
    const [claim] = await outbox.claim({ providers: ['default'], limit: 1, now: 2_000 });
    const underWay = [claim?.lease.id, (await leased(outbox, 2_000)).id];
    t.equal(await outbox.parkQueued('default', 10, 3_000), 1, 'of the two that were refused, the one that waits');
    for (const id of underWay) t.match(await outbox.find(id ?? ''), { status: 'queued' });
    const overdue = await outbox.claim({ providers: ['default'], limit: 9, now: 2_000 + LEASE_MS });
    t.strictSame(overdue.map(({ lease }) => lease.id).sort(), underWay.sort());
    t.ok(overdue.every(({ expired }) => expired));
    await outbox.close();
  });

  t.test('a due probe is postponed by exactly one of all processes', async (t) => {
    const opening = open(t);
    const outbox = await opening();
    const other = await opening({ owner: 'process-2' });
    for (let n = 0; n < 3; n += 1) await refuse(outbox, 1_000);
    const due = 601_000;
    t.equal(await outbox.postponeProbe('default', due - 1, 9_000_000), false, 'not due yet');
    t.match(await other.parked(), [{ probeAt: due }]);
    const both = await Promise.all([outbox, other].map((one) => one.postponeProbe('default', due, 1_201_000)));
    t.strictSame(both.sort(), [false, true]);
    t.match(await other.parked(), [{ probeAt: 1_201_000 }]);
    t.equal(await other.postponeProbe('default', 1_201_000, 1_801_000), true, 'due again');
    await outbox.unpark('default', 1_300_000);
    t.equal(await other.postponeProbe('default', 1_801_000, 2_401_000), false, 'no longer parked');
    await other.close();
    await outbox.close();
  });

  t.test('one lead of a parked provider is leased as a probe', async (t) => {
    const outbox = await open(t)();
    for (let n = 0; n < 3; n += 1) await refuse(outbox, 1_000 + n);
    await outbox.parkQueued('default', 10, 2_000);
    const probe = await outbox.claimProbe('default', 3_000);
    t.ok(probe);
    t.notSame((await outbox.claimProbe('default', 3_000))?.lease.id, probe?.lease.id);
    if (!probe) throw new Error('no probe');
    const again = await outbox.settle(
      probe.lease,
      { status: 'queued', dueAt: 9_000, attempted: true, credentials: 'refused', account: ACCOUNT },
      4_000,
    );
    t.match(again, { conversation: { status: 'parked' }, parkedProvider: false });
    const ids = new Set<string | undefined>();
    for (let n = 0; n < 3; n += 1) {
      const next = await outbox.claimProbe('default', 100_000 + n);
      ids.add(next?.lease.id);
      if (next) {
        const refused = {
          status: 'queued',
          dueAt: 1,
          attempted: true,
          credentials: 'refused',
          account: ACCOUNT,
        } as const;
        await outbox.settle(next.lease, refused, 100_000 + n);
      }
    }
    t.equal(ids.size, 3, 'each probe is another lead: no odd one can keep all waiting');
    await outbox.close();
  });
}
