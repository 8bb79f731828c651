import type { Test } from 'tap';
import type { Status } from '../../src/domain/lead.ts';
import type { Settlement } from '../../src/domain/ports/delivery-queue.ts';
import type { AuditEntry } from '../../src/domain/ports/lead-records.ts';
import type { Cap } from '../../src/domain/ports/lead-store.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { capKeys } from '../../src/leads/hashing.ts';
import { DAY_MS } from '../../src/lib/clock.ts';
import { lead } from '../support/lead.ts';
import { entry, hashing, leased, newLead, type OpenOutbox, queued } from '../support/outbox.ts';

const RELEASE: AuditEntry = { at: 9_000, actor: 'admin', action: 'release', count: 0, detail: 'all' };

async function settled(outbox: Outbox, settlement: Omit<Settlement, 'attempted'>, now = 1_000): Promise<string> {
  const lease = await leased(outbox, now);
  await outbox.settle(lease, { ...settlement, attempted: true }, now);
  return lease.id;
}

/** What every store has to do when an operator sends leads (again). */
export function requeueContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('a released lead is due at once, with a fresh schedule; its calls stay counted', async (t) => {
    const outbox = await open(t)();
    const lease = await leased(outbox, 1_000);
    const unknown = { status: 'unknown', cause: 'repeats', attempted: true, repeatable: true } as const;
    await outbox.settle(lease, unknown, 2_000);
    t.strictSame(await outbox.requeue({}, 10, RELEASE), [lease.id]);
    const { status, attempts, dueAt, updatedAt, cause } = { cause: 'none', ...(await outbox.show(lease.id)) };
    t.strictSame(
      { status, attempts, dueAt, updatedAt, cause },
      { status: 'queued', attempts: 1, dueAt: 9_000, updatedAt: 9_000, cause: 'none' },
    );
    const [claim] = await outbox.claim({ providers: ['default'], limit: 1, now: 9_000 });
    t.match(claim, { lease: { id: lease.id }, tries: 0, unknowns: 0, expired: false });
    await outbox.close();
  });

  t.test('a release keeps the fact that a lead may have arrived', async (t) => {
    const outbox = await open(t)();
    const ended: Record<string, Omit<Settlement, 'attempted'>> = {
      unknown: { status: 'unknown', repeatable: true },
      delivered: { status: 'delivered' },
      parked: { status: 'parked', cause: 'schedule' },
    };
    for (const [name, settlement] of Object.entries(ended)) {
      const arrived = name !== 'parked';
      const id = await settled(outbox, settlement);
      t.match(await outbox.show(id), { mayHaveArrived: name === 'unknown' }, name);
      for (const at of [9_000, 10_000]) {
        await outbox.requeue({ ids: [id], status: ['unknown', 'delivered', 'parked'] }, 1, { ...RELEASE, at });
        const [claim] = await outbox.claim({ providers: ['default'], limit: 1, now: at });
        t.match(claim, { lease: { id }, unknowns: 0, mayHaveArrived: arrived }, `${name}, claimed`);
        if (claim) await outbox.settle(claim.lease, { status: 'parked', cause: 'schedule', attempted: true }, at);
        t.match(await outbox.show(id), { mayHaveArrived: arrived }, `${name}, parked`);
      }
    }
    await outbox.close();
  });

  t.test(
    'a filter without a status selects what waits for a person, a filter with one selects that status',
    async (t) => {
      const outbox = await open(t)();
      const ids = new Map<Status, string>();
      ids.set('delivered', await settled(outbox, { status: 'delivered' }));
      ids.set('rejected', await settled(outbox, { status: 'rejected', reason: 'phone' }));
      ids.set('unknown', await settled(outbox, { status: 'unknown', cause: 'repeats' }));
      ids.set('parked', await settled(outbox, { status: 'parked', cause: 'refused' }));
      ids.set('held', await held(outbox));
      const of = (...statuses: Status[]) => statuses.map((status) => ids.get(status));
      t.strictSame(await outbox.requeue({}, 10, RELEASE), of('unknown', 'parked', 'held'));
      t.strictSame(await outbox.requeue({}, 10, RELEASE), []);
      t.strictSame(await outbox.requeue({ status: ['queued'] }, 10, RELEASE), [], 'queued already');
      t.strictSame(await outbox.requeue({ status: ['delivered', 'held'] }, 10, RELEASE), of('delivered'));
      t.strictSame(await outbox.requeue({ status: ['rejected'] }, 10, RELEASE), of('rejected'));
      t.notOk('reason' in ((await outbox.find(ids.get('rejected') ?? '')) ?? {}), 'no longer rejected for a reason');
      await outbox.close();
    },
  );

  t.test('a requeue takes the oldest leads of the filter, up to the limit', async (t) => {
    const outbox = await open(t)();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await settled(outbox, { status: 'parked', cause: 'refused' }, 1_000 + n));
    const later = { since: 1_001 };
    t.strictSame(await outbox.requeue(later, 2, RELEASE), ids.slice(1, 3));
    t.strictSame(await outbox.requeue({ ...later, ids: [ids[0] ?? '', ids[4] ?? ''] }, 9, RELEASE), ids.slice(4));
    t.strictSame(await outbox.requeue({ cause: ['schedule'] }, 9, RELEASE), []);
    await outbox.close();
  });

  t.test('a retried lead is due at once and keeps its place in the retry schedule', async (t) => {
    const outbox = await open(t)();
    const later = await settled(outbox, { status: 'queued', dueAt: 90_000 });
    const due = await settled(outbox, { status: 'queued', dueAt: 2_000 });
    const parked = await settled(outbox, { status: 'parked', cause: 'schedule' });
    const leasedOne = (await leased(outbox, 1_000)).id;
    const audit: AuditEntry = { ...RELEASE, action: 'retry' };
    t.strictSame(await outbox.retry([later, due, parked, leasedOne, 'cnv_none'], audit), [later]);
    t.match(await outbox.show(later), { status: 'queued', attempts: 1, dueAt: 9_000, updatedAt: 1_000 });
    t.match(await outbox.show(parked), { status: 'parked', cause: 'schedule' });
    t.match((await outbox.audit({ limit: 5 })).items, [{ action: 'retry', count: 1 }]);
    t.strictSame(await outbox.retry([later], { ...audit, at: 9_001 }), [], 'due already');
    t.equal((await outbox.audit({ limit: 5 })).items.length, 1, 'nothing changed, so there is no entry');
    const claims = await outbox.claim({ providers: ['default'], limit: 5, now: 9_000 });
    t.strictSame(
      claims.map(({ lease, tries }) => [lease.id, tries]).sort(),
      [
        [later, 1],
        [due, 1],
      ].sort(),
    );
    await outbox.close();
  });

  t.test('a leased lead is not requeued', async (t) => {
    const outbox = await open(t)();
    const { conversation } = (await outbox.accept(newLead({ start: { kind: 'parked' } }), 1_000)) as {
      conversation: { id: string };
    };
    const probe = await outbox.claimProbe('default', 2_000);
    t.equal(probe?.lease.id, conversation.id);
    t.strictSame(await outbox.requeue({}, 10, RELEASE), []);
    await outbox.close();
  });

  t.test('a lead whose personal data is gone cannot be sent', async (t) => {
    const outbox = await open(t)();
    const id = await settled(outbox, { status: 'delivered' });
    await outbox.erase(hashing.phone(lead().phone.e164), { now: 2_000, audit: { ...RELEASE, action: 'erase' } });
    await outbox.suppress(hashing.phone(lead().phone.e164), entry('suppress', 3_000));
    const suppressed = await outbox.accept(newLead(), 4_000);
    const waiting = await held(outbox);
    t.match(suppressed, { suppressed: true });
    const everything = { status: ['held', 'unknown', 'parked', 'rejected', 'delivered'] } as const;
    t.strictSame(await outbox.requeue(everything, 10, RELEASE), []);
    for (const one of [id, waiting]) t.match(await outbox.show(one), { erased: true });
    await outbox.close();
  });

  t.test('a suspect counts for its site and number from its release on, on the day of the release', async (t) => {
    const outbox = await open(t)();
    const content = lead();
    const keys = capKeys(hashing, content.site, hashing.phone(content.phone.e164));
    const caps: Cap[] = [
      { kind: 'phone', key: keys.phone, max: 2 },
      { kind: 'phone_total', key: keys.phone_total, max: 9 },
      { kind: 'site', key: keys.site, max: 9 },
    ];
    const suspect = (at: number) => outbox.accept(newLead({ lead: content, caps, start: { kind: 'held' } }), at);
    await suspect(1_000);
    await suspect(DAY_MS + 1_000);
    const genuine = await held(outbox);
    const at = DAY_MS + 5_000;
    // Leads of the same site that come in the same transaction share its counter.
    const [released] = await Promise.all([
      outbox.requeue({}, 10, { ...RELEASE, at }),
      outbox.accept(newLead({ caps: caps.slice(2) }), at),
    ]);
    t.equal(released.length, 3);
    t.ok(released.includes(genuine));
    t.equal(await outbox.counted(keys.site, at), 3, 'both suspects, and not the lead that was held for its cap');
    t.equal(await outbox.counted(keys.site, 1_000), 0, 'nothing is counted on the day on which the suspect came');
    const third = async (cap: Cap | undefined) =>
      cap && (await outbox.accept(newLead({ lead: content, caps: [{ ...cap, max: 2 }] }), at));
    for (const cap of caps.slice(0, 2)) t.match(await third(cap), { conversation: { status: 'held' } }, cap.kind);
    for (let n = 0; n < 20; n += 1) t.match(await suspect(at), { kind: 'stored' }, 'no released suspect counts as one');
    t.match(await suspect(at), { kind: 'over' });
    await outbox.erase(hashing.phone(content.phone.e164), { now: at, audit: { ...RELEASE, action: 'erase' } });
    for (const cap of caps.slice(0, 2)) t.match(await third(cap), { conversation: { status: 'queued' } }, 'erased');
    await outbox.close();
  });

  t.test('a release whose audit entry cannot be written releases nothing, and other writes succeed', async (t) => {
    const outbox = await open(t)();
    const id = await settled(outbox, { status: 'parked', cause: 'refused' });
    const nobody = { ...RELEASE, actor: null as unknown as string };
    const [release, other] = await Promise.allSettled([outbox.requeue({}, 9, nobody), queued(outbox, 2_000)]);
    t.match(release, { status: 'rejected', reason: { name: 'StorageUnavailable' } });
    t.match(other, { status: 'fulfilled' });
    t.match(await outbox.find(id), { status: 'parked' });
    await outbox.close();
  });

  t.test('the audit entry holds the number of queued leads, and is left out if there were none', async (t) => {
    const outbox = await open(t)();
    for (let n = 0; n < 3; n += 1) await settled(outbox, { status: 'parked', cause: 'refused' });
    await queued(outbox, 1_000);
    await outbox.requeue({}, 2, RELEASE);
    await outbox.requeue({}, 2, RELEASE);
    await outbox.requeue({}, 2, RELEASE);
    t.strictSame((await outbox.audit({ limit: 9 })).items, [
      { ...RELEASE, count: 1 },
      { ...RELEASE, count: 2 },
    ]);
    await outbox.close();
  });
}

async function held(outbox: Outbox): Promise<string> {
  const cap: Cap = { kind: 'phone', key: hashing.phoneCap('held', hashing.phone('+1')), max: 1 };
  await outbox.accept(newLead({ caps: [cap], start: { kind: 'due', at: Number.MAX_SAFE_INTEGER } }), 1_000);
  const accepted = await outbox.accept(newLead({ caps: [cap] }), 1_000);
  if (accepted.kind !== 'stored' || accepted.conversation.status !== 'held') throw new Error('not held');
  return accepted.conversation.id;
}
