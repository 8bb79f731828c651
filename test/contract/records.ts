import type { Test } from 'tap';
import type { AuditEntry, Filter } from '../../src/domain/ports/lead-records.ts';
import type { Outbox } from '../../src/domain/ports/outbox.ts';
import { createVault } from '../../src/store/vault.ts';
import { lead } from '../support/lead.ts';
import { hashing, leased, newLead, type OpenOutbox, queued } from '../support/outbox.ts';

const REVEAL: AuditEntry = { at: 5_000, actor: 'cli:ann', action: 'reveal', count: 1, detail: 'ids=one' };

/** What every store has to show operators. `open` gives a function that opens the same store each time. */
export function recordsContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('leads are listed newest first, page by page, without a gap while more arrive', async (t) => {
    const outbox = await open(t)();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await queued(outbox, 1_000));
    const first = await outbox.list({}, { limit: 2 });
    t.strictSame(
      first.items.map(({ id }) => id),
      [ids[4], ids[3]],
    );
    await queued(outbox, 2_000);
    const second = await outbox.list({}, { limit: 2, after: first.next ?? '' });
    const third = await outbox.list({}, { limit: 2, after: second.next ?? '' });
    t.strictSame(
      [...second.items, ...third.items].map(({ id }) => id),
      [ids[2], ids[1], ids[0]],
    );
    t.notOk('next' in third, 'the last page says so');
    t.notOk('next' in (await outbox.list({}, { limit: 6 })), 'also when it is full');
    await outbox.close();
  });

  t.test('a cursor that no page gave is refused', async (t) => {
    const outbox = await open(t)();
    for (const after of ['', 'nonsense', '-1', 'MSBPUiAx']) {
      await t.rejects(outbox.list({}, { limit: 2, after }), { name: 'InvalidCursor' }, after);
      await t.rejects(outbox.consents({}, { limit: 2, after }), { name: 'InvalidCursor' });
      await t.rejects(outbox.audit({ limit: 2, after }), { name: 'InvalidCursor' });
    }
    await outbox.close();
  });

  t.test('leads are found by time also when the clock was set back between them', async (t) => {
    const outbox = await open(t)();
    const [noon, hour, day] = [86_400_000_000, 3_600_000, 86_400_000];
    const before = await queued(outbox, noon);
    const setBack = await queued(outbox, noon - hour);
    const after = await queued(outbox, noon);
    const ids = async (filter: Filter) => (await outbox.list(filter, { limit: 10 })).items.map(({ id }) => id);
    t.strictSame(await ids({ until: noon }), [setBack]);
    t.strictSame(await ids({ since: noon }), [after, before]);
    t.equal(await outbox.count({ until: noon }), 1);
    t.equal(await outbox.count({ since: noon + 2 * day }), 0);
    t.equal(await outbox.count({ until: noon - 2 * day }), 0);
    await outbox.close();
  });

  t.test('leads are counted by status, cause, site and account, alone and together', async (t) => {
    const outbox = await open(t)();
    for (const site of ['a', 'a', 'b']) await queued(outbox, 1_000, { lead: lead({ site }) });
    await leased(outbox, 1_000, newLead({ lead: lead({ site: 'a', provider: 'eu' }) }));
    const counts: [filter: Filter, count: number][] = [
      [{}, 4],
      [{ site: 'a' }, 3],
      [{ site: 'a', provider: 'eu', status: ['queued', 'held'] }, 1],
      [{ provider: 'eu', site: 'b' }, 0],
      [{ status: ['delivered'] }, 0],
      [{ cause: ['refused'] }, 0],
      [{ site: 'a', since: 1_001 }, 0],
    ];
    for (const [filter, count] of counts) {
      t.equal(await outbox.count(filter), count, JSON.stringify(filter));
      t.equal((await outbox.list(filter, { limit: 10 })).items.length, count, JSON.stringify(filter));
    }
    await outbox.close();
  });

  t.test('a listed lead holds what operators need and no personal data', async (t) => {
    const outbox = await open(t)();
    const content = lead({ partner: 'crm', firstName: 'Zoë', question: 'Still there?' });
    const { id } = await leased(outbox, 1_000, newLead({ lead: content }));
    const { items } = await outbox.list({}, { limit: 10 });
    t.strictSame(items, [
      {
        id,
        status: 'queued',
        attempts: 0,
        createdAt: 1_000,
        updatedAt: 1_000,
        site: 'demo',
        partner: 'crm',
        provider: 'default',
        mayHaveArrived: false,
        leased: true,
        erased: false,
      },
    ]);
    await outbox.close();
  });

  t.test('times select among the leads of many days, each alone and together', async (t) => {
    const outbox = await open(t)();
    const day = 86_400_000;
    const stored: { readonly id: string; readonly at: number }[] = [];
    for (let at = 0; at < 30; at += 1) stored.push({ id: await queued(outbox, at * day), at: at * day });
    const wanted: readonly (readonly [number, number])[] = [
      [0, 30],
      [7, 30],
      [0, 7],
      [13, 14],
      [29, 30],
      [30, 40],
      [14, 13],
    ];
    for (const [from, to] of wanted) {
      const filter = { since: from * day, until: to * day };
      const expected = stored.filter(({ at }) => at >= filter.since && at < filter.until).map(({ id }) => id);
      const { items } = await outbox.list(filter, { limit: 50 });
      t.strictSame(
        items.map(({ id }) => id),
        expected.toReversed(),
        `days ${from} to ${to}`,
      );
      t.equal(await outbox.count(filter), expected.length);
    }
    await outbox.close();
  });

  t.test('all conditions of a filter have to hold', async (t) => {
    const outbox = await open(t)();
    const a = await queued(outbox, 1_000, newLead({ lead: lead({ site: 'a', partner: 'crm' }), start: due(1_000) }));
    const phone = { e164: '+447700900123', callingCode: '44', national: '7700900123' };
    const b = await queued(outbox, 2_000, newLead({ lead: lead({ site: 'b', phone }), start: due(2_000) }));
    const c = await queued(outbox, 3_000, newLead({ lead: lead({ provider: 'eu' }), start: { kind: 'parked' } }));
    const cases: [Filter, string[]][] = [
      [{}, [c, b, a]],
      [{ ids: [a, c, 'cnv_AAAAAAAAAAAAAAAAAAAAAA'] }, [c, a]],
      [{ ids: [] }, []],
      [{ status: ['queued'] }, [b, a]],
      [{ status: ['queued', 'parked'] }, [c, b, a]],
      [{ cause: ['provider', 'schedule'] }, [c]],
      [{ site: 'a' }, [a]],
      [{ site: "a' OR TRUE --" }, []],
      [{ partner: 'crm' }, [a]],
      [{ provider: 'eu' }, [c]],
      [{ since: 2_000 }, [c, b]],
      [{ until: 2_000 }, [a]],
      [{ phoneHash: hashing.phone('+447700900123') }, [b]],
      [{ phoneHash: hashing.phone('+447700900124') }, []],
      [{ status: ['queued'], since: 1_000, until: 3_000, site: 'b' }, [b]],
      [{ site: 'a', provider: 'eu' }, []],
    ];
    for (const [filter, expected] of cases) {
      const { items } = await outbox.list(filter, { limit: 10 });
      t.strictSame(
        items.map(({ id }) => id),
        expected,
        Object.keys(filter).join(),
      );
      t.equal(await outbox.count(filter), expected.length);
    }
    await outbox.close();
  });

  t.test("a lead is shown with its content and the provider's latest description", async (t) => {
    const outbox = await open(t)();
    const content = lead({ firstName: 'Zoë', question: '🚗?', listing: { make: 'Honda' } });
    const lease = await leased(outbox, 1_000, newLead({ lead: content }));
    const again = { status: 'queued', dueAt: 2_000, attempted: true } as const;
    await outbox.settle(lease, { ...again, description: 'Not now, Zoë' }, 2_000);
    const [second] = await outbox.claim({ providers: ['default'], limit: 1, now: 2_000 });
    if (!second) throw new Error('not due');
    await outbox.settle(second.lease, { ...again, description: 'Not today, Zoë' }, 3_000);
    t.match(await outbox.show(lease.id), { id: lease.id, lead: content, description: 'Not today, Zoë', attempts: 2 });
    const [third] = await outbox.claim({ providers: ['default'], limit: 1, now: 3_000 });
    if (!third) throw new Error('not due');
    await outbox.settle(third.lease, { ...again, attempted: false }, 4_000);
    t.equal((await outbox.show(lease.id))?.description, 'Not today, Zoë', 'kept when nothing newer was said');
    const [fourth] = await outbox.claim({ providers: ['default'], limit: 1, now: 4_000 });
    if (!fourth) throw new Error('not due');
    await outbox.settle(fourth.lease, { status: 'delivered', attempted: true }, 5_000);
    t.equal(
      (await outbox.show(lease.id))?.description,
      undefined,
      'a delivered lead keeps no words of an earlier attempt',
    );
    t.equal(await outbox.show('cnv_AAAAAAAAAAAAAAAAAAAAAA'), undefined);
    await outbox.close();
  });

  t.test('a lead that no key opens is shown without it', async (t) => {
    const opening = open(t);
    const writing = await opening();
    const lease = await leased(writing, 1_000);
    const parked = { status: 'parked', cause: 'refused', attempted: true, description: 'No such merchant' } as const;
    await writing.settle(lease, parked, 2_000);
    await writing.close();
    const reading = await opening({ vault: createVault([Buffer.alloc(32, 1)]) });
    const details = await reading.show(lease.id);
    t.match(details, { id: lease.id, status: 'parked', erased: false });
    t.notOk(details && 'lead' in details);
    t.notOk(details && 'description' in details);
    await reading.close();
  });

  t.test('revealing a lead writes an audit entry, revealing an unknown id does not', async (t) => {
    const outbox = await open(t)();
    const { id } = await leased(outbox, 1_000);
    t.match(await outbox.reveal(id, REVEAL), { id, lead: lead() });
    t.equal(await outbox.reveal('cnv_AAAAAAAAAAAAAAAAAAAAAA', REVEAL), undefined);
    t.strictSame((await outbox.audit({ limit: 10 })).items, [REVEAL]);
    await outbox.close();
  });

  t.test('the audit is read newest first, page by page', async (t) => {
    const outbox = await open(t)();
    const entries = [1, 2, 3].map((n) => ({ ...REVEAL, at: n }));
    for (const entry of entries) await outbox.record(entry);
    const first = await outbox.audit({ limit: 2 });
    t.strictSame(first.items, [entries[2], entries[1]]);
    const second = await outbox.audit({ limit: 2, after: first.next ?? '' });
    t.strictSame(second, { items: [entries[0]] });
    await outbox.close();
  });

  t.test('consents are exported oldest first, however many leads have none', async (t) => {
    const outbox = await open(t)();
    const consent = { text: 'Text me.', version: '2026-11' };
    const page = { url: 'https://dealer.example/1' };
    const full = lead({ consent, page, origin: 'https://dealer.example' });
    const first = await queued(outbox, 1_000, newLead({ lead: full, start: due(1_000) }));
    await Promise.all(Array.from({ length: 450 }, () => queued(outbox, 1_500)));
    const short = lead({ site: 'b', consent: { version: '1' } });
    const second = await queued(outbox, 2_000, newLead({ lead: short, start: due(2_000) }));
    const expected = [
      { id: first, site: 'demo', at: 1_000, ...consent, pageUrl: page.url, origin: 'https://dealer.example' },
      { id: second, site: 'b', at: 2_000, version: '1' },
    ];
    t.strictSame(await outbox.consents({}, { limit: 2 }), { items: expected });
    const { items, next } = await outbox.consents({}, { limit: 1 });
    t.strictSame(items, expected.slice(0, 1));
    t.strictSame(await outbox.consents({}, { limit: 1, after: next ?? '' }), { items: expected.slice(1) });
    t.strictSame(await outbox.consents({ site: 'b' }, { limit: 9 }), { items: expected.slice(1) });
    await outbox.close();
  });

  t.test('a lead that no key opens is exported as one whose consent cannot be read', async (t) => {
    const opened = open(t);
    const writer = await opened();
    const id = await queued(
      writer,
      1_000,
      newLead({ lead: lead({ consent: { text: 'Text me.' } }), start: due(1_000) }),
    );
    const reader = await opened({ owner: 'process-2', vault: createVault([Buffer.alloc(32, 1)]) });
    t.strictSame(await reader.consents({}, { limit: 9 }), {
      items: [{ id, site: 'demo', at: 1_000, unreadable: true }],
    });
    await Promise.all([writer.close(), reader.close()]);
  });

  t.test('a list is read through page by page, whatever it is filtered by', async (t) => {
    const outbox = await open(t)();
    const ids: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      const site = n % 2 === 0 ? 'a' : 'b';
      const lease = await leased(outbox, 1_000 + n, newLead({ lead: lead({ site }) }));
      const cause = n % 3 === 0 ? 'refused' : 'schedule';
      await outbox.settle(lease, { status: 'parked', cause, attempted: true }, 2_000);
      ids.unshift(lease.id);
    }
    const phoneHash = hashing.phone(lead().phone.e164);
    const at = (...places: number[]) => places.map((place) => ids[place]);
    t.strictSame(await listed(outbox, {}), ids);
    t.strictSame(await listed(outbox, { site: 'a' }), at(1, 3, 5));
    t.strictSame(await listed(outbox, { cause: ['refused'] }), at(2, 5));
    t.strictSame(await listed(outbox, { cause: ['refused', 'schedule'], site: 'b' }), at(0, 2, 4));
    t.strictSame(await listed(outbox, { status: ['parked', 'held'] }), ids);
    t.strictSame(await listed(outbox, { status: ['parked', 'delivered'], phoneHash }), ids);
    t.strictSame(await listed(outbox, { ids: ids.slice(0, 3) as string[], phoneHash, since: 1_004 }), at(0, 1));
    t.equal(await outbox.count({ phoneHash, cause: ['schedule'] }), 4);
    await outbox.close();
  });
}

function due(at: number) {
  return { kind: 'due', at } as const;
}

/** All leads of a filter, read two at a time. */
async function listed(outbox: Outbox, filter: Filter): Promise<string[]> {
  const ids: string[] = [];
  let after: string | undefined;
  do {
    const page = await outbox.list(filter, { limit: 2, ...(after !== undefined && { after }) });
    ids.push(...page.items.map(({ id }) => id));
    after = page.next;
  } while (after !== undefined);
  return ids;
}
