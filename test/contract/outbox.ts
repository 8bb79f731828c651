import type { Test } from 'tap';
import type { Outbox } from '../../src/outbox/port.ts';
import { lead } from '../support/lead.ts';

/** What every store has to do, whatever it is made of. `open` gives the same store each time it is called in one test. */
export function outboxContract(t: Test, open: (t: Test) => Promise<() => Promise<Outbox>>): void {
  t.test('an accepted lead is found, also after the store was opened anew', async (t) => {
    const opening = await open(t);
    const first = await opening();
    const { conversation, lease } = await first.accept(lead(), 1_000);
    t.match(conversation.id, /^cnv_[\w-]{22}$/);
    t.strictSame(conversation, { id: lease.id, status: 'queued', attempts: 0, createdAt: 1_000, updatedAt: 1_000 });
    await first.close();
    const second = await opening();
    t.strictSame(await second.find(lease.id), conversation);
    await second.close();
  });

  t.test('settling records the outcome once and counts the attempt', async (t) => {
    const outbox = await (await open(t))();
    const { lease } = await outbox.accept(lead(), 1_000);
    const settled = await outbox.settle(lease, { status: 'rejected', reason: 'phone' }, 2_000);
    const expected = {
      id: lease.id,
      status: 'rejected',
      attempts: 1,
      reason: 'phone',
      createdAt: 1_000,
      updatedAt: 2_000,
    };
    t.strictSame(settled, expected);
    t.equal(await outbox.settle(lease, { status: 'delivered' }, 3_000), undefined, 'the lease is over');
    t.strictSame(await outbox.find(lease.id), expected);
    await outbox.close();
  });

  t.test('a fence that was never handed out settles nothing', async (t) => {
    const outbox = await (await open(t))();
    const { lease } = await outbox.accept(lead(), 1_000);
    t.equal(await outbox.settle({ ...lease, fence: lease.fence + 1 }, { status: 'delivered' }, 2_000), undefined);
    t.match(await outbox.find(lease.id), { status: 'queued', attempts: 0 });
    await outbox.close();
  });

  t.test('a queued lead says when it is due', async (t) => {
    const outbox = await (await open(t))();
    const { lease } = await outbox.accept(lead(), 1_000);
    t.match(await outbox.settle(lease, { status: 'queued', dueAt: 9_000 }, 2_000), { status: 'queued', dueAt: 9_000 });
    await outbox.close();
  });

  t.test('an id that was never given finds nothing', async (t) => {
    const outbox = await (await open(t))();
    t.equal(await outbox.find('cnv_AAAAAAAAAAAAAAAAAAAAAA'), undefined);
    await outbox.close();
  });

  t.test('leads accepted at the same time are all there, each under its own id', async (t) => {
    const outbox = await (await open(t))();
    const accepted = await Promise.all(Array.from({ length: 200 }, () => outbox.accept(lead(), 1_000)));
    t.equal(new Set(accepted.map(({ lease }) => lease.id)).size, 200);
    const found = await Promise.all(accepted.map(({ lease }) => outbox.find(lease.id)));
    t.ok(found.every((conversation) => conversation?.status === 'queued'));
    await outbox.close();
  });
}
