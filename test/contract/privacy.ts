import type { Test } from 'tap';
import type { Lease } from '../../src/domain/ports/delivery-queue.ts';
import type { AuditEntry } from '../../src/domain/ports/lead-records.ts';
import type { Cap, RequestKey } from '../../src/domain/ports/lead-store.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { DAY_MS } from '../../src/lib/clock.ts';
import { lead } from '../support/lead.ts';
import { entry, hashing, LEASE_MS, leased, newLead, type OpenOutbox, queued } from '../support/outbox.ts';

const NUMBER = lead().phone.e164;
const ERASE: AuditEntry = { at: 5_000, actor: 'cli:ann', action: 'erase', count: 0, detail: 'one number' };
const other = lead({ phone: { e164: '+447700900123', callingCode: '44', national: '7700900123' } });
const erase = (outbox: Outbox, number = NUMBER) => outbox.erase(hashing.phone(number), { now: 5_000, audit: ERASE });

/** What every store has to do so that nothing personal is left where it should not be. */
export function privacyContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('erasing a number removes the data of its leads at all sites, and of no other number', async (t) => {
    const outbox = await open(t)();
    const lease = await leased(outbox, 1_000);
    await outbox.settle(lease, { status: 'delivered', attempted: true, description: 'Hello' }, 2_000);
    const waiting = await queued(
      outbox,
      1_000,
      newLead({ lead: lead({ site: 'b' }), start: { kind: 'due', at: 1_000 } }),
    );
    const kept = await queued(outbox, 1_000, newLead({ lead: other, start: { kind: 'due', at: 1_000 } }));
    t.equal(await erase(outbox), 2);
    const delivered = await outbox.show(lease.id);
    t.match(delivered, { status: 'delivered', updatedAt: 2_000, attempts: 1, erased: true });
    t.strictSame([delivered?.lead, delivered?.description], [undefined, undefined]);
    t.match(await outbox.show(waiting), { status: 'rejected', reason: 'other', cause: 'erased', updatedAt: 5_000 });
    t.match(await outbox.show(kept), { status: 'queued', erased: false, lead: other });
    t.equal(await outbox.count({ phoneHash: hashing.phone(NUMBER) }), 0);
    t.equal(await erase(outbox), 0, 'nothing is left to erase');
    await outbox.close();
  });

  t.test('an attempt under way cannot settle an erased lead, and no claim takes it', async (t) => {
    const outbox = await open(t)();
    const lease = await leased(outbox, 1_000);
    await queued(outbox, 1_000);
    await erase(outbox);
    const answer = { status: 'delivered', attempted: true, description: `Thanks, ${NUMBER}` } as const;
    t.equal(await outbox.settle(lease, answer, 6_000), undefined);
    await outbox.renew([lease], 6_000);
    t.match(await outbox.show(lease.id), {
      status: 'rejected',
      cause: 'erased',
      leased: false,
      description: undefined,
    });
    t.strictSame(await outbox.claim({ providers: ['default'], limit: 9, now: Number.MAX_SAFE_INTEGER }), []);
    await outbox.close();
  });

  t.test('an erasure removes the requests and counters of its number, and no others', async (t) => {
    const outbox = await open(t)();
    const requests = [lead(), lead({ site: 'b' }), other].map((content) => requestOf(outbox, content));
    const before = await Promise.all(requests);
    await erase(outbox);
    const known = await Promise.all(before.map(({ request }) => outbox.lookup(request, 2_000)));
    t.strictSame(
      known.map((one) => one?.kind),
      [undefined, undefined, 'known'],
    );
    const statuses = [];
    for (const { content } of before) statuses.push((await requestOf(outbox, content)).status);
    t.strictSame(statuses, ['queued', 'queued', 'held'], 'the day begins anew for it');
    await outbox.close();
  });

  t.test('a suppression survives an erasure, and later requests of the number are removed too', async (t) => {
    const outbox = await open(t)();
    await outbox.suppress(hashing.phone(NUMBER), entry('suppress', 1_000));
    const { request, status } = await requestOf(outbox, lead());
    t.equal(status, 'queued');
    await erase(outbox);
    t.equal(await outbox.lookup(request, 2_000), undefined);
    t.match((await outbox.suppressions({ limit: 9 })).items, [{ phoneHash: hashing.phone(NUMBER) }]);
    t.match(await outbox.accept(newLead(), 6_000), { suppressed: true });
    await outbox.close();
  });

  t.test(
    'a lead for a suppressed number is stored like any other, without its data, and is rejected when its turn comes',
    async (t) => {
      const outbox = await open(t)();
      const start = { kind: 'due', at: 2_000 } as const;
      const shape = async (content = lead()) => {
        const due = await outbox.accept(newLead({ lead: content, start }), 1_000);
        const parked = await outbox.accept(newLead({ lead: content, start: { kind: 'parked' } }), 1_000);
        return [due, parked].map((accepted) => {
          if (accepted.kind !== 'stored') throw new Error(accepted.kind);
          const { id, ...state } = accepted.conversation;
          return { id, state, leased: 'lease' in accepted };
        });
      };
      await outbox.suppress(hashing.phone(NUMBER), entry('suppress', 500));
      const suppressed = await shape();
      const others = await shape(other);
      t.strictSame(
        suppressed.map(({ id: _, ...rest }) => rest),
        others.map(({ id: _, ...rest }) => rest),
      );
      for (const { id } of suppressed) t.match(await outbox.show(id), { erased: true, lead: undefined });
      t.equal((await outbox.claimProbe('default', 2_000))?.lease.id, others[1]?.id, 'it finds nothing out');
      t.equal(await outbox.claimProbe('default', 2_000), undefined);
      await outbox.releaseWaiting('default', 9, 2_500);
      const claims = await outbox.claim({ providers: ['default'], limit: 9, now: 3_000 });
      t.strictSame(
        claims.map(({ lease }) => lease.id),
        [others[0]?.id],
      );
      for (const { id } of suppressed) {
        const ended = {
          status: 'rejected',
          reason: 'phone',
          attempts: 1,
          updatedAt: 3_000,
          cause: 'suppressed',
          leased: false,
        };
        t.match(await outbox.show(id), ended);
      }
      t.equal(await outbox.nextDue(['default']), 2_000 + LEASE_MS, 'nothing of it is left to do');
      await outbox.close();
    },
  );

  t.test('a lead for a suppressed number is leased like any other, and its lease ends like any other', async (t) => {
    const opening = open(t);
    const outbox = await opening();
    const process2 = await opening({ owner: 'process-2' });
    await outbox.suppress(hashing.phone(NUMBER), entry('suppress', 500));
    const accept = async (content = lead()) => {
      const accepted = await outbox.accept(newLead({ lead: content }), 1_000);
      if (accepted.kind !== 'stored' || !accepted.lease) throw new Error('not leased');
      return accepted as typeof accepted & { lease: Lease };
    };
    const [one, two, genuine] = [await accept(), await accept(), await accept(other)];
    t.strictSame([one.suppressed, two.suppressed, 'suppressed' in genuine], [true, true, false]);
    const shape = ({ conversation: { id: _, ...state }, lease: { id: __, ...lease } }: typeof one) => ({
      state,
      lease,
    });
    t.strictSame(shape(one), shape(genuine));
    t.match(await outbox.show(one.lease.id), { status: 'queued', leased: true, erased: true });
    await outbox.renew([one.lease, two.lease, genuine.lease], 2_000);
    const refused = { status: 'rejected', reason: 'phone', cause: 'suppressed', attempted: true } as const;
    t.match(await outbox.settle(one.lease, refused, 3_000), {
      conversation: { status: 'rejected', reason: 'phone', attempts: 1, updatedAt: 3_000 },
    });
    const claims = await process2.claim({ providers: ['default'], limit: 9, now: 2_000 + LEASE_MS });
    t.strictSame(
      claims.map(({ lease }) => lease.id),
      [genuine.lease.id],
      'of a process that died',
    );
    t.match(await outbox.show(two.lease.id), { status: 'rejected', attempts: 1, leased: false });
    t.equal(await outbox.settle(two.lease, refused, 70_000), undefined);
    await outbox.close();
    await process2.close();
  });

  t.test('a claim says that the number of its lead was suppressed after the lead was stored', async (t) => {
    const outbox = await open(t)();
    const ids = [
      await queued(outbox, 1_000),
      await queued(outbox, 2_000, newLead({ lead: other, start: { kind: 'due', at: 2_000 } })),
    ];
    await outbox.suppress(hashing.phone(NUMBER), entry('suppress', 3_000));
    const claims = await outbox.claim({ providers: ['default'], limit: 9, now: 4_000 });
    t.strictSame(
      claims.map(({ lease, suppressed }) => [lease.id, suppressed]),
      [
        [ids[0], true],
        [ids[1], false],
      ],
    );
    await outbox.close();
  });

  t.test('a change of the suppression list is audited, a call without a change is not', async (t) => {
    const outbox = await open(t)();
    const hash = hashing.phone(NUMBER);
    t.equal(await outbox.suppress(hash, entry('suppress', 1_000)), true);
    t.equal(await outbox.suppress(hash, entry('suppress', 2_000)), false);
    t.strictSame(await outbox.suppressions({ limit: 9 }), { items: [{ phoneHash: hash, createdAt: 1_000 }] });
    t.equal(await outbox.unsuppress(hash, entry('unsuppress', 3_000)), true);
    t.equal(await outbox.unsuppress(hash, entry('unsuppress', 4_000)), false);
    const { items } = await outbox.audit({ limit: 9 });
    t.strictSame(items, [entry('unsuppress', 3_000), entry('suppress', 1_000)]);
    await outbox.close();
  });

  t.test('suppressed numbers are listed page by page, the newest first', async (t) => {
    const outbox = await open(t)();
    const hashes = [1, 2, 3, 4, 5].map((n) => hashing.phone(`+1404555120${n}`));
    for (const [n, hash] of hashes.entries()) await outbox.suppress(hash, entry('suppress', n));
    await outbox.unsuppress(hashes[3] as Buffer, entry('unsuppress', 9));
    const first = await outbox.suppressions({ limit: 2 });
    t.strictSame(
      first.items.map(({ createdAt }) => createdAt),
      [4, 2],
    );
    const rest = await outbox.suppressions({ limit: 2, ...(first.next !== undefined && { after: first.next }) });
    t.match(rest, { items: [{ phoneHash: hashes[1], createdAt: 1 }, { phoneHash: hashes[0] }], next: undefined });
    await t.rejects(outbox.suppressions({ limit: 2, after: 'x' }), { name: 'InvalidCursor' });
    await outbox.close();
  });

  t.test('an erasure is audited with the number of its leads', async (t) => {
    const outbox = await open(t)();
    await queued(outbox, 1_000);
    await queued(outbox, 1_000);
    await erase(outbox);
    await erase(outbox);
    t.strictSame((await outbox.audit({ limit: 9 })).items, [
      { ...ERASE, count: 0 },
      { ...ERASE, count: 2 },
    ]);
    await outbox.close();
  });

  t.test('the personal data of final leads expires after its time, oldest first, up to the limit', async (t) => {
    const outbox = await open(t)();
    const ids: string[] = [];
    for (const at of [4_000, 2_000, 3_000]) {
      const lease = await leased(outbox, 1_000);
      await outbox.settle(lease, { status: 'delivered', attempted: true }, at);
      ids.push(lease.id);
    }
    const waiting = await queued(outbox, 1_000);
    const parked = await leased(outbox, 1_000);
    await outbox.settle(parked, { status: 'parked', cause: 'refused', attempted: true }, 1_500);
    const erased = async () => Promise.all(ids.map(async (id) => (await outbox.show(id))?.erased));
    t.equal(await outbox.expire(4_000, 1), 1);
    t.strictSame(await erased(), [false, true, false]);
    t.equal(await outbox.expire(4_000, 9), 1);
    t.equal(await outbox.expire(4_000, 9), 0);
    t.strictSame(await erased(), [false, true, true], 'not yet at the very moment');
    t.match(await outbox.show(ids[1] ?? ''), { status: 'delivered', attempts: 1, lead: undefined });
    for (const id of [waiting, parked.id]) t.match(await outbox.show(id), { erased: false, lead: lead() });
    t.strictSame(await outbox.consents({ ids }, { limit: 9 }), { items: [] });
    await outbox.close();
  });

  t.test('expired requests and counters of past days are purged, up to the limit', async (t) => {
    const outbox = await open(t)();
    const caps: Cap[] = [{ kind: 'site', key: hashing.siteCap('demo'), max: 1 }];
    const requests = [DAY_MS, DAY_MS + 1, 2 * DAY_MS].map((expiresAt) => ({ ...newLead().request, expiresAt }));
    for (const request of requests) await outbox.accept(newLead({ request, caps }), DAY_MS - 1);
    await outbox.accept(newLead({ caps }), DAY_MS);
    t.equal(await outbox.purge(DAY_MS + 1, 2), 2);
    t.equal(await outbox.purge(DAY_MS + 1, 2), 1, "yesterday's counter");
    t.equal(await outbox.purge(DAY_MS + 1, 2), 0);
    t.equal((await outbox.lookup(requests[2] as RequestKey, DAY_MS + 1))?.kind, 'known');
    t.match(await outbox.accept(newLead({ caps }), DAY_MS + 1), { conversation: { status: 'held' } }, "today's stays");
    await outbox.close();
  });

  t.test('an erasure of more leads than one transaction takes counts all of them in one audit entry', async (t) => {
    const outbox = await open(t)();
    const start = { kind: 'due', at: 1_000 } as const;
    await Promise.all(Array.from({ length: 450 }, () => queued(outbox, 1_000, newLead({ start }))));
    const kept = await queued(outbox, 1_000, newLead({ lead: other, start }));
    t.equal(await erase(outbox), 450);
    t.strictSame((await outbox.audit({ limit: 9 })).items, [{ ...ERASE, count: 450 }]);
    t.equal(await outbox.count({ status: ['queued'] }), 1);
    t.match(await outbox.show(kept), { status: 'queued', erased: false });
    await outbox.close();
  });

  t.test('an erasure removes the counters of its number on every day', async (t) => {
    const outbox = await open(t)();
    const caps: Cap[] = [{ kind: 'phone', key: hashing.phoneCap('demo', hashing.phone(NUMBER)), max: 1 }];
    const days = [1_000, DAY_MS + 1_000, 3 * DAY_MS];
    for (const now of days) await outbox.accept(newLead({ caps }), now);
    await erase(outbox);
    for (const now of days)
      t.match(await outbox.accept(newLead({ caps }), now), { conversation: { status: 'queued' } });
    await outbox.close();
  });

  t.test('scrubbing removes nothing that is still stored', async (t) => {
    const outbox = await open(t)();
    const { request, content } = await requestOf(outbox, lead());
    await outbox.scrub();
    t.equal((await outbox.lookup(request, 2_000))?.kind, 'known');
    t.equal((await requestOf(outbox, content)).status, 'held');
    await outbox.close();
  });
}

/** Sends a lead of which only one a day is taken at its site. */
async function requestOf(outbox: Outbox, content: typeof other) {
  const caps: Cap[] = [
    { kind: 'phone', key: hashing.phoneCap(content.site, hashing.phone(content.phone.e164)), max: 1 },
  ];
  const sent = newLead({ lead: content, caps });
  const accepted = await outbox.accept(sent, 1_000);
  if (accepted.kind !== 'stored') throw new Error('not stored');
  return { content, request: sent.request, status: accepted.conversation.status };
}
