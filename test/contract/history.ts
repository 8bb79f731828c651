import type { Test } from 'tap';
import type { AttemptFacts, Lease, Settlement } from '../../src/domain/ports/delivery-queue.ts';
import { ATTEMPTS_KEPT, AUDITED_SHOWN, type AuditEntry } from '../../src/domain/ports/lead-records.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { createVault } from '../../src/store/vault.ts';
import { lead } from '../support/lead.ts';
import { entry, hashing, leased, type OpenOutbox } from '../support/outbox.ts';

const NUMBER = hashing.phone(lead().phone.e164);
const REFUSED: AttemptFacts = { outcome: 'refused', cause: 'failure', httpStatus: 200, durationMs: 120 };
const BUSY: AttemptFacts = { outcome: 'not_sent', cause: 'http_503', httpStatus: 503, durationMs: 80 };
const PARKED = { status: 'parked', cause: 'refused', attempted: true, facts: REFUSED } as const;
const DELIVERED = { status: 'delivered', attempted: true, facts: { outcome: 'delivered', durationMs: 90 } } as const;
const later = (dueAt: number): Settlement => ({ status: 'queued', dueAt, attempted: true, facts: BUSY });

const audit = (action: AuditEntry['action'], at: number): AuditEntry => ({
  at,
  actor: 'cli:ann',
  action,
  count: 1,
  detail: 'status=parked',
});

async function claimed(outbox: Outbox, now: number): Promise<Lease> {
  const [claim] = await outbox.claim({ providers: ['default'], limit: 1, now });
  if (!claim) throw new Error('nothing is due');
  return claim.lease;
}

/** What a lead's history tells, and for how long, in every store. */
export function historyContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('every attempt is told with its time, outcome, next try and the words of the provider', async (t) => {
    const outbox = await open(t)();
    const first = await leased(outbox, 1_000);
    await outbox.settle(first, later(3_000), 2_000);
    await outbox.settle(await claimed(outbox, 3_000), { ...PARKED, description: 'No such merchant, Zoë' }, 4_000);
    t.strictSame((await outbox.show(first.id))?.pastAttempts, [
      { number: 1, at: 2_000, ...BUSY, dueAt: 3_000 },
      { number: 2, at: 4_000, ...REFUSED, description: 'No such merchant, Zoë' },
    ]);
    await outbox.close();
  });

  t.test('a delivery by the first call is no row, a later delivery is one', async (t) => {
    const outbox = await open(t)();
    const first = await leased(outbox, 1_000);
    await outbox.settle(first, DELIVERED, 2_000);
    t.match(await outbox.show(first.id), { status: 'delivered', pastAttempts: [], audited: [] });
    const second = await leased(outbox, 1_000);
    await outbox.settle(second, later(3_000), 2_000);
    await outbox.settle(await claimed(outbox, 3_000), DELIVERED, 4_000);
    t.match((await outbox.show(second.id))?.pastAttempts, [
      { number: 1, outcome: 'not_sent' },
      { number: 2, at: 4_000, outcome: 'delivered', durationMs: 90 },
    ]);
    await outbox.close();
  });

  t.test('a lease that ends without a call or was lost adds nothing', async (t) => {
    const outbox = await open(t)();
    const lease = await leased(outbox, 1_000);
    await outbox.settle(lease, { status: 'queued', dueAt: 2_000, attempted: false }, 2_000);
    t.equal(await outbox.settle(lease, PARKED, 3_000), undefined);
    t.strictSame((await outbox.show(lease.id))?.pastAttempts, []);
    await outbox.close();
  });

  t.test('an attempt that parks its provider has no next try', async (t) => {
    const outbox = await open(t)();
    const refused = { ...later(9_000), credentials: 'refused', facts: { outcome: 'credentials', cause: 'http_401' } };
    const ids: string[] = [];
    for (const target of ['a', 'b', 'c']) {
      const lease = await leased(outbox, 1_000);
      await outbox.settle(lease, { ...refused, account: { credentials: 'x', target } } as Settlement, 2_000);
      ids.push(lease.id);
    }
    const told = await Promise.all(ids.map(async (id) => (await outbox.show(id))?.pastAttempts[0]?.dueAt));
    t.strictSame(told, [9_000, 9_000, undefined]);
    await outbox.close();
  });

  t.test('what operators did with a lead is told of that lead and of no other', async (t) => {
    const outbox = await open(t)();
    const [one, other] = [await leased(outbox, 1_000), await leased(outbox, 1_000)];
    await outbox.settle(one, PARKED, 2_000);
    await outbox.settle(other, { ...PARKED, cause: 'schedule' }, 2_000);
    await outbox.requeue({ cause: ['refused'] }, 9, audit('release', 3_000));
    await outbox.settle(await claimed(outbox, 3_000), later(9_000), 4_000);
    await outbox.retry([one.id, other.id], audit('retry', 5_000));
    await outbox.settle(await claimed(outbox, 5_000), DELIVERED, 6_000);
    await outbox.requeue({ ids: [one.id], status: ['delivered'] }, 9, audit('replay', 7_000));
    const revealed = await outbox.reveal(one.id, audit('reveal', 8_000));
    t.strictSame(
      revealed?.audited,
      [audit('release', 3_000), audit('retry', 5_000), audit('replay', 7_000), audit('reveal', 8_000)],
      'also the reveal itself',
    );
    t.strictSame((await outbox.show(one.id))?.audited, revealed?.audited);
    t.strictSame((await outbox.show(other.id))?.audited, []);
    t.equal((await outbox.audit({ limit: 9 })).items.length, 4);
    await outbox.close();
  });

  t.test('a lead keeps its most recent attempts, and shows the most recent audit entries', async (t) => {
    const outbox = await open(t)();
    let lease = await leased(outbox, 0);
    const last = ATTEMPTS_KEPT + 3;
    for (let n = 1; n <= last; n += 1) {
      await outbox.settle(lease, { ...later(n), description: `words ${n}` }, n);
      lease = await claimed(outbox, n);
    }
    const numbers = (await outbox.show(lease.id))?.pastAttempts.map(({ number }) => number);
    t.strictSame([numbers?.length, numbers?.[0], numbers?.at(-1)], [ATTEMPTS_KEPT, 4, last]);
    t.equal((await outbox.sealedCounts()).current, 2 + ATTEMPTS_KEPT, 'no words of older ones are left');
    for (let at = 1; at <= AUDITED_SHOWN + 2; at += 1) await outbox.reveal(lease.id, audit('reveal', at));
    const audited = (await outbox.show(lease.id))?.audited.map(({ at }) => at);
    t.strictSame([audited?.length, audited?.[0], audited?.at(-1)], [AUDITED_SHOWN, 3, AUDITED_SHOWN + 2]);
    await outbox.close();
  });

  t.test('an erasure removes the attempts of its number, and no others', async (t) => {
    const outbox = await open(t)();
    const phone = { e164: '+447700900123', callingCode: '44', national: '7700900123' };
    const [gone, kept] = [
      await leased(outbox, 1_000),
      await leased(outbox, 1_000, { lead: lead({ phone }), phoneHash: hashing.phone(phone.e164) }),
    ];
    for (const lease of [gone, kept]) await outbox.settle(lease, { ...PARKED, description: 'No, Zoë' }, 2_000);
    await outbox.requeue({ ids: [gone.id] }, 9, audit('release', 3_000));
    await outbox.erase(NUMBER, { now: 5_000, audit: entry('suppress', 5_000) });
    t.match(await outbox.show(gone.id), { erased: true, pastAttempts: [], audited: [{ action: 'release' }] });
    t.match(await outbox.show(kept.id), { pastAttempts: [{ number: 1, description: 'No, Zoë' }] });
    t.equal((await outbox.sealedCounts()).current, 3, 'the lead that is kept, its description and its attempt');
    await outbox.close();
  });

  t.test('retention removes the attempts together with the data of a lead', async (t) => {
    const outbox = await open(t)();
    const lease = await leased(outbox, 1_000);
    await outbox.settle(lease, { ...PARKED, status: 'rejected', description: 'No, Zoë' }, 2_000);
    await outbox.expire(2_000, 9);
    t.match(await outbox.show(lease.id), { pastAttempts: [{ description: 'No, Zoë' }] }, 'not before its time');
    await outbox.expire(2_001, 9);
    t.match(await outbox.show(lease.id), { erased: true, pastAttempts: [] });
    t.equal((await outbox.sealedCounts()).current, 0);
    await outbox.close();
  });

  t.test('an attempt for a suppressed number whose data was never stored leaves no row', async (t) => {
    const outbox = await open(t)();
    await outbox.suppress(NUMBER, entry('suppress', 500));
    const lease = await leased(outbox, 1_000);
    const rejected = { status: 'rejected', reason: 'phone', cause: 'suppressed', attempted: true } as const;
    await outbox.settle(lease, { ...rejected, facts: { outcome: 'rejected', cause: 'suppressed' } }, 2_000);
    t.match(await outbox.show(lease.id), { status: 'rejected', erased: true, pastAttempts: [] });
    await outbox.close();
  });

  t.test('words of an attempt that were copied from another lead or column are refused', async (t) => {
    const opening = open(t);
    const outbox = await opening();
    const leases = [await leased(outbox, 1_000), await leased(outbox, 1_000)] as const;
    for (const lease of leases) await outbox.settle(lease, { ...PARKED, description: `No, ${lease.id}` }, 2_000);
    const [from, to] = leases.map(({ id }) => `(SELECT seq FROM conversations WHERE id = '${id}')`);
    const words = async () => (await outbox.show(leases[1].id))?.pastAttempts[0]?.description;
    t.equal(await words(), `No, ${leases[1].id}`);
    for (const source of [`attempts AS a WHERE a.seq = ${from}`, `descriptions AS a WHERE a.seq = ${to}`]) {
      await opening.sql(`UPDATE attempts SET description = (SELECT a.description FROM ${source}) WHERE seq = ${to}`);
      t.equal(await words(), undefined, source);
    }
    await outbox.close();
  });

  t.test('words of attempts are wrapped anew with the current key', async (t) => {
    const opening = open(t);
    const [old, current] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const before = await opening({ vault: createVault([old]) });
    const lease = await leased(before, 1_000);
    await before.settle(lease, { ...PARKED, description: 'No, Zoë' }, 2_000);
    await before.close();
    const rotating = await opening({ vault: createVault([current, old]) });
    t.strictSame(await rotating.rewrap('attempt', 0, 9), { changed: 1, refused: 0 });
    await rotating.close();
    const outbox = await opening({ vault: createVault([current]) });
    t.match((await outbox.show(lease.id))?.pastAttempts, [{ description: 'No, Zoë' }]);
    await outbox.close();
  });
}
