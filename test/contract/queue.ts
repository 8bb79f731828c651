import type { Test } from 'tap';
import type { Lease, Settlement } from '../../src/domain/ports/delivery-queue.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { createVault } from '../../src/store/vault.ts';
import { lead } from '../support/lead.ts';
import { LEASE_MS, leased, newLead, type OpenOutbox, queued } from '../support/outbox.ts';

const DELIVERED: Settlement = { status: 'delivered', attempted: true };
const claimAll = (outbox: Outbox, now: number, limit = 100) => outbox.claim({ providers: ['default'], limit, now });

/** What every store has to do with leases, attempts and their ends. */
export function queueContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('settling records the outcome once and counts the attempt', async (t) => {
    const outbox = await open(t)();
    const lease = await leased(outbox, 1_000);
    const settled = await outbox.settle(lease, { status: 'rejected', reason: 'phone', attempted: true }, 2_000);
    const expected = {
      id: lease.id,
      status: 'rejected',
      attempts: 1,
      reason: 'phone',
      createdAt: 1_000,
      updatedAt: 2_000,
    };
    t.strictSame(settled?.conversation, expected);
    t.equal(await outbox.settle(lease, DELIVERED, 3_000), undefined, 'the lease is over');
    t.strictSame(await outbox.find(lease.id), expected);
    await outbox.close();
  });

  t.test('a lease carries the fields that only its holder changes', async (t) => {
    const outbox = await open(t)();
    const first = await leased(outbox, 1_000);
    t.match(first, { provider: 'default', attempts: 0, createdAt: 1_000 });
    await outbox.settle(first, { status: 'queued', dueAt: 3_000, attempted: true }, 2_000);
    const [claim] = await claimAll(outbox, 3_000);
    t.match(claim?.lease, { id: first.id, provider: 'default', attempts: 1, createdAt: 1_000 });
    if (!claim) return;
    const settled = await outbox.settle(claim.lease, { status: 'queued', dueAt: 9_000, attempted: false }, 4_000);
    t.strictSame(settled?.conversation, await outbox.find(first.id));
    await outbox.close();
  });

  t.test('a fencing token that was never given settles nothing', async (t) => {
    const outbox = await open(t)();
    const lease = await leased(outbox, 1_000);
    t.equal(await outbox.settle({ ...lease, fence: lease.fence + 1 }, DELIVERED, 2_000), undefined);
    t.match(await outbox.find(lease.id), { status: 'queued', attempts: 0 });
    await outbox.close();
  });

  t.test('due conversations are claimed once, longest due first, with their leads as they came in', async (t) => {
    const outbox = await open(t)();
    const content = lead({ firstName: 'Zoë', question: '🚗?' });
    const late = await queued(outbox, 3_000);
    const early = await queued(outbox, 2_000, newLead({ lead: content, start: { kind: 'due', at: 2_000 } }));
    await queued(outbox, 9_000);
    const claims = await claimAll(outbox, 5_000);
    t.strictSame(
      claims.map(({ lease }) => lease.id),
      [early, late],
    );
    t.strictSame(claims[0]?.lead, content);
    t.match(claims[0], { tries: 0, unknowns: 0, mayHaveArrived: false, expired: false, suppressed: false });
    t.strictSame(await claimAll(outbox, 5_000), []);
    t.equal(await outbox.nextDue(['default']), 9_000);
    await outbox.close();
  });

  t.test('a claim takes a thousand due leads at once, and no more than its limit', async (t) => {
    const outbox = await open(t)();
    await Promise.all(Array.from({ length: 1_200 }, () => queued(outbox, 1_000)));
    t.equal((await claimAll(outbox, 2_000, 1_000)).length, 1_000);
    t.equal((await claimAll(outbox, 2_000, 1_000)).length, 200);
    await outbox.close();
  });

  t.test('each requested provider gets its share of a claim', async (t) => {
    const outbox = await open(t)();
    for (let n = 0; n < 20; n += 1)
      await queued(
        outbox,
        1_000 + n,
        newLead({ lead: lead({ provider: 'a' }), start: { kind: 'due', at: 1_000 + n } }),
      );
    await queued(outbox, 5_000, newLead({ lead: lead({ provider: 'b' }), start: { kind: 'due', at: 5_000 } }));
    const claims = await outbox.claim({ providers: ['a', 'b'], limit: 4, now: 9_000 });
    t.strictSame(claims.map((claim) => claim.lead.provider).sort(), ['a', 'a', 'b']);
    t.strictSame(await outbox.claim({ providers: ['b'], limit: 4, now: 9_000 }), []);
    await outbox.close();
  });

  t.test('calls and unknown outcomes are counted; an attempt without a call is not', async (t) => {
    const outbox = await open(t)();
    await queued(outbox, 1_000);
    const settle = async (lease: Lease | undefined, settlement: Omit<Settlement, 'status' | 'dueAt'>, now: number) =>
      lease &&
      (await outbox.settle(lease, { status: 'queued', dueAt: now, ...settlement }, now))?.conversation.attempts;
    const first = (await claimAll(outbox, 1_000))[0];
    t.equal(await settle(first?.lease, { attempted: true, repeatable: true }, 2_000), 1);
    const second = (await claimAll(outbox, 2_000))[0];
    t.match(second, { tries: 1, unknowns: 1, mayHaveArrived: true });
    t.equal(await settle(second?.lease, { attempted: false }, 3_000), 1);
    t.match((await claimAll(outbox, 3_000))[0], { tries: 1, unknowns: 1, expired: false });
    await outbox.close();
  });

  t.test('a probing claim takes the lead with the fewest unknown outcomes first', async (t) => {
    const outbox = await open(t)();
    await queued(outbox, 1_000);
    const [odd] = await claimAll(outbox, 1_000);
    const again = { status: 'queued', dueAt: 1_500, attempted: true, repeatable: true } as const;
    if (odd) await outbox.settle(odd.lease, again, 1_500);
    const good = await queued(outbox, 2_000);
    const [probe] = await outbox.claim({ providers: ['default'], limit: 1, now: 3_000, probing: true });
    t.equal(probe?.lease.id, good);
    await outbox.close();
  });

  t.test('a lease that ran out is taken over, and its old fencing token settles nothing', async (t) => {
    const opening = open(t);
    const dead = await opening({ owner: 'dead' });
    const alive = await opening({ owner: 'alive' });
    const lease = await leased(dead, 1_000);
    t.strictSame(await claimAll(alive, 1_000 + LEASE_MS - 1), [], 'not before its end');
    const [claim] = await claimAll(alive, 1_000 + LEASE_MS);
    t.match(claim, { expired: true, lease: { id: lease.id, fence: lease.fence + 1 } });
    t.equal(await dead.settle(lease, DELIVERED, 70_000), undefined);
    t.match(await alive.find(lease.id), { status: 'queued' });
    t.ok(claim && (await alive.settle(claim.lease, DELIVERED, 70_000)));
    await dead.close();
    await alive.close();
  });

  t.test('a process that takes over its own expired lease can neither settle nor renew the old one', async (t) => {
    const outbox = await open(t)();
    const old = await leased(outbox, 1_000);
    const [claim] = await claimAll(outbox, 1_000 + LEASE_MS);
    t.equal(claim?.lease.fence, old.fence + 1);
    t.equal(await outbox.settle(old, DELIVERED, 62_000), undefined);
    t.match(await outbox.find(old.id), { status: 'queued', attempts: 0 });
    await outbox.renew([old], 90_000);
    t.equal(await outbox.nextDue(['default']), 1_000 + 2 * LEASE_MS, 'the end of the new lease');
    t.ok(claim && (await outbox.settle(claim.lease, DELIVERED, 63_000)));
    await outbox.close();
  });

  t.test('a renewed lease lasts longer, and a lost lease cannot be renewed', async (t) => {
    const opening = open(t);
    const owner = await opening({ owner: 'owner' });
    const other = await opening({ owner: 'other' });
    const lease = await leased(owner, 1_000);
    await owner.renew([lease], 31_000);
    t.strictSame(await claimAll(other, 1_000 + LEASE_MS), []);
    t.equal((await claimAll(other, 31_000 + LEASE_MS)).length, 1);
    await owner.renew([lease], 92_000);
    t.equal(await owner.nextDue(['default']), 31_000 + 2 * LEASE_MS, "the new owner's end stands");
    await owner.close();
    await other.close();
  });

  t.test('a lead that no key opens is parked and reported by its id', async (t) => {
    const opening = open(t);
    const outbox = await opening();
    const ids = [await queued(outbox, 1_000), await queued(outbox, 1_000)];
    await outbox.close();
    const told: unknown[] = [];
    const vault = createVault([Buffer.alloc(32, 1)]);
    const other = await opening({ vault, onUnreadable: (lead) => told.push(lead) });
    t.strictSame(await claimAll(other, 2_000), []);
    t.same(
      told,
      ids.map((id) => ({ id, provider: 'default' })),
    );
    for (const id of ids) t.match(await other.show(id), { status: 'parked', cause: 'unreadable' });
    await other.close();
  });

  t.test('two processes never hold live leases on one lead', async (t) => {
    const opening = open(t);
    const processes = await Promise.all(['a', 'b', 'c'].map((owner) => opening({ owner })));
    const [first] = processes;
    for (let n = 0; first && n < 60; n += 1) await queued(first, 1_000);
    const claims = (await Promise.all(processes.map((outbox) => claimAll(outbox, 2_000, 40)))).flat();
    t.equal(claims.length, 60);
    t.equal(new Set(claims.map(({ lease }) => lease.id)).size, 60);
    for (const outbox of processes) await outbox.close();
  });
}
