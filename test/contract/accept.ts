import type { Test } from 'tap';
import type { Cap, Use } from '../../src/domain/ports/lead-store.ts';
import { capKeys } from '../../src/leads/hashing.ts';
import { DAY_MS } from '../../src/lib/clock.ts';
import { lead } from '../support/lead.ts';
import { entry, hashing, leased, newLead, type OpenOutbox } from '../support/outbox.ts';

/** What every store has to do when leads come in. `open` gives a function that opens the same store each time. */
export function acceptContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('an accepted lead is found, also after the store was reopened', async (t) => {
    const opening = open(t);
    const first = await opening();
    const accepted = await first.accept(newLead(), 1_000);
    if (accepted.kind !== 'stored') throw new Error('not stored');
    const { conversation, lease } = accepted;
    t.match(conversation.id, /^cnv_[\w-]{30}$/);
    t.strictSame(conversation, { id: lease?.id, status: 'queued', attempts: 0, createdAt: 1_000, updatedAt: 1_000 });
    await first.close();
    const second = await opening();
    t.strictSame(await second.find(conversation.id), conversation);
    const ofPartner = await leased(second, 1_000, newLead({ lead: lead({ partner: 'acme' }) }));
    t.match(await second.find(ofPartner.id), { partner: 'acme' });
    t.equal(await second.find('cnv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'), undefined);
    await second.close();
  });

  t.test('a lead behind an open breaker or a parked provider is stored without a lease', async (t) => {
    const outbox = await open(t)();
    const later = await outbox.accept(newLead({ start: { kind: 'due', at: 9_000 } }), 1_000);
    t.match(later, { kind: 'stored', conversation: { status: 'queued', dueAt: 9_000 } });
    t.notOk('lease' in later);
    const parked = await outbox.accept(newLead({ start: { kind: 'parked' } }), 1_000);
    t.match(parked, { kind: 'stored', conversation: { status: 'parked', attempts: 0 } });
    await outbox.close();
  });

  t.test('leads accepted at the same time are all stored, each under its own id', async (t) => {
    const outbox = await open(t)();
    const leases = await Promise.all(Array.from({ length: 200 }, () => leased(outbox, 1_000)));
    t.equal(new Set(leases.map(({ id }) => id)).size, 200);
    const found = await Promise.all(leases.map(({ id }) => outbox.find(id)));
    t.ok(found.every((conversation) => conversation?.status === 'queued'));
    await outbox.close();
  });

  t.test('a known request is answered with its lead as it is now, until it expires', async (t) => {
    const outbox = await open(t)();
    const { request } = newLead();
    const lasting = { ...request, expiresAt: 10_000 };
    t.equal(await outbox.lookup(lasting, 1_000), undefined);
    const lease = await leased(outbox, 1_000, { request: lasting });
    t.match(await outbox.lookup(lasting, 2_000), { kind: 'known', conversation: { id: lease.id, status: 'queued' } });
    await outbox.settle(lease, { status: 'delivered', attempted: true }, 2_000);
    t.match(await outbox.accept(newLead({ request: lasting }), 3_000), {
      kind: 'known',
      conversation: { id: lease.id, status: 'delivered', attempts: 1 },
    });
    t.equal(await outbox.lookup(lasting, 10_000), undefined, 'expired');
    const renewed = await outbox.accept(newLead({ request: { ...lasting, expiresAt: 20_000 } }), 10_000);
    t.equal(renewed.kind, 'stored');
    await outbox.close();
  });

  t.test('another lead under a known key is reported as reused', async (t) => {
    const outbox = await open(t)();
    const { request } = newLead();
    await leased(outbox, 1_000, { request });
    const other = { ...request, fingerprint: hashing.fingerprint(lead({ firstName: 'Ben' })) };
    t.strictSame(await outbox.lookup(other, 1_000), { kind: 'reused' });
    t.strictSame(await outbox.accept(newLead({ request: other }), 1_000), { kind: 'reused' });
    await outbox.close();
  });

  t.test('the first attempt of another process counts as under way only as long as its caller may wait', async (t) => {
    const opening = open(t);
    const first = await opening({ owner: 'process-1', waitMs: 4_000 });
    const second = await opening({ owner: 'process-2', waitMs: 4_000 });
    const { request } = newLead();
    const lease = await leased(first, 1_000, { request });
    t.match(await second.lookup(request, 4_999), { underWay: true });
    t.match(await second.lookup(request, 5_000), { underWay: false });
    t.match(await first.lookup(request, 4_999), { underWay: false }, 'a process knows its own from memory');
    await first.settle(lease, { status: 'queued', dueAt: 2_000, attempted: true }, 2_000);
    t.equal((await first.claim({ providers: ['default'], limit: 1, now: 2_000 })).length, 1);
    t.match(await second.lookup(request, 2_500), { underWay: false }, 'no caller waits for a second attempt');
    await first.close();
    await second.close();
  });

  t.test('many requests with one key at the same time store one lead', async (t) => {
    const outbox = await open(t)();
    const { request } = newLead();
    const answers = await Promise.all(Array.from({ length: 50 }, () => outbox.accept(newLead({ request }), 1_000)));
    t.equal(answers.filter(({ kind }) => kind === 'stored').length, 1);
    t.equal(answers.filter(({ kind }) => kind === 'known').length, 49);
    await outbox.close();
  });

  t.test('a cap is exact: leads beyond it are held, leads beyond ten times the cap are refused', async (t) => {
    const outbox = await open(t)();
    const phone: Cap = { kind: 'phone', key: hashing.phoneCap('demo', hashing.phone('+14045551212')), max: 2 };
    const answers = await Promise.all(
      Array.from({ length: 23 }, () => outbox.accept(newLead({ caps: [phone] }), 1_000)),
    );
    const statuses = answers.map((answer) => (answer.kind === 'stored' ? answer.conversation.status : answer.kind));
    t.strictSame(statuses, [...Array(2).fill('queued'), ...Array(18).fill('held'), ...Array(3).fill('over')]);
    t.match(answers[22], { kind: 'over', cap: 'phone' });
    await outbox.close();
  });

  t.test('caps of a site and of a number count separately, and each UTC day begins at zero', async (t) => {
    const outbox = await open(t)();
    const caps = (phone: string): Cap[] => [
      { kind: 'phone', key: hashing.phoneCap('demo', hashing.phone(phone)), max: 1 },
      { kind: 'site', key: hashing.siteCap('demo'), max: 2 },
    ];
    const status = async (phone: string, now: number) => {
      const answer = await outbox.accept(newLead({ caps: caps(phone) }), now);
      return answer.kind === 'stored' ? answer.conversation.status : answer.kind;
    };
    t.equal(await status('+1', DAY_MS - 1), 'queued');
    t.equal(await status('+1', DAY_MS - 1), 'held', "the number's cap");
    t.equal(await status('+2', DAY_MS - 1), 'held', "the site's cap");
    for (const cause of ['phone_cap', 'site_cap'] as const) t.equal(await outbox.count({ cause: [cause] }), 1, cause);
    t.equal(await status('+1', DAY_MS), 'queued', 'the next day');
    await outbox.close();
  });

  t.test('a number has a cap over all sites: leads beyond it are held at any site', async (t) => {
    const outbox = await open(t)();
    const phone = hashing.phone('+14045551212');
    const caps = (site: string): Cap[] => [
      { kind: 'phone', key: hashing.phoneCap(site, phone), max: 2 },
      { kind: 'phone_total', key: hashing.phoneTotalCap(phone), max: 3 },
    ];
    const answers = await Promise.all(
      ['a', 'b', 'a', 'b', 'c', 'd'].map((site) => outbox.accept(newLead({ caps: caps(site) }), 1_000)),
    );
    const statuses = answers.map((answer) => (answer.kind === 'stored' ? answer.conversation.status : answer.kind));
    t.strictSame(statuses, ['queued', 'queued', 'queued', 'held', 'held', 'held']);
    t.equal(await outbox.count({ cause: ['phone_total_cap'] }), 3);
    const others = Array.from({ length: 24 }, () => outbox.accept(newLead({ caps: caps('e').slice(1) }), 1_000));
    t.ok((await Promise.all(others)).every(({ kind }) => kind === 'stored'));
    const refused = await outbox.accept(newLead({ caps: caps('f') }), 1_000);
    t.strictSame(refused, { kind: 'over', cap: 'phone_total' }, 'ten times the cap');
    const atSite = { kind: 'phone', key: hashing.phoneCap('f', phone), max: 1 } as const;
    const first = await outbox.accept(newLead({ caps: [atSite] }), 1_000);
    t.match(first, { conversation: { status: 'queued' } }, 'a refused lead is counted nowhere');
    await outbox.close();
  });

  t.test('the lead that brings a cap to four fifths is reported, and each one that is held beyond it', async (t) => {
    const outbox = await open(t)();
    const caps: Cap[] = [
      { kind: 'phone', key: hashing.phoneCap('demo', hashing.phone('+1')), max: 5 },
      { kind: 'site', key: hashing.siteCap('demo'), max: 6 },
      { kind: 'visitor', key: hashing.visitorCap('demo', '192.0.2.1'), max: 9 },
    ];
    const reported: unknown[] = [];
    for (let n = 1; n <= 7; n += 1) {
      const accepted = await outbox.accept(newLead({ caps }), 1_000);
      reported.push(accepted.kind === 'stored' && (accepted.pressure ?? []).map(({ cap, level }) => `${cap} ${level}`));
    }
    const [phone, both] = [['phone reached'], ['phone reached', 'site reached']];
    t.strictSame(reported, [[], [], [], ['phone near', 'site near'], [], phone, both]);
    await outbox.close();
  });

  t.test('of several counters that refuse a lead the first one is named', async (t) => {
    const outbox = await open(t)();
    const network: Cap = { kind: 'visitor', key: hashing.visitorCap('demo', '192.0.2.0/24'), max: 10 };
    const phone: Cap = { kind: 'phone', key: hashing.phoneCap('demo', hashing.phone('+1')), max: 1 };
    for (let n = 0; n < 10; n += 1) await outbox.accept(newLead({ caps: [network, phone] }), 1_000);
    t.strictSame(await outbox.accept(newLead({ caps: [network, phone] }), 1_000), { kind: 'over', cap: 'visitor' });
    await outbox.close();
  });

  t.test('a visitor beyond the maximum of the day is refused and counted nowhere else', async (t) => {
    const outbox = await open(t)();
    const visitor: Cap = { kind: 'visitor', key: hashing.visitorCap('demo', '192.0.2.1'), max: 1 };
    const site: Cap = { kind: 'site', key: hashing.siteCap('demo'), max: 2 };
    t.match(await outbox.accept(newLead({ caps: [site, visitor] }), 1_000), { kind: 'stored' });
    t.strictSame(await outbox.accept(newLead({ caps: [site, visitor] }), 1_000), { kind: 'over', cap: 'visitor' });
    t.match(await outbox.accept(newLead({ caps: [site] }), 1_000), { conversation: { status: 'queued' } });
    await outbox.close();
  });
}

const token = (name: string, expiresAt = 10_000): Use => ({ kind: 'form_token', key: Buffer.from(name), expiresAt });
const proof = (name: string): Use => ({ kind: 'proof', key: Buffer.from(name), expiresAt: 10_000 });

/** What every store has to do with suspects, and with what a lead uses up. */
export function usesContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('a used token is refused until it expires, also after the store was reopened', async (t) => {
    const opening = open(t);
    const first = await opening();
    t.match(await first.accept(newLead({ uses: [token('a')] }), 1_000), { kind: 'stored' });
    await first.close();
    const second = await opening();
    t.strictSame(await second.accept(newLead({ uses: [token('a')] }), 9_999), { kind: 'used', use: 'form_token' });
    t.match(await second.accept(newLead({ uses: [token('a', 20_000)] }), 10_000), { kind: 'stored' }, 'it is over');
    await second.close();
  });

  t.test('many leads with the same token at the same time store one lead', async (t) => {
    const outbox = await open(t)();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => outbox.accept(newLead({ uses: [token('a')] }), 1_000)),
    );
    t.equal(answers.filter(({ kind }) => kind === 'stored').length, 1);
    t.equal(answers.filter(({ kind }) => kind === 'used').length, 19);
    await outbox.close();
  });

  t.test('a repeated request is known and does not count as a second use of its token', async (t) => {
    const outbox = await open(t)();
    const again = newLead({ uses: [token('a'), proof('b')] });
    t.match(await outbox.accept(again, 1_000), { kind: 'stored' });
    t.match(await outbox.accept(again, 2_000), { kind: 'known' });
    await outbox.close();
  });

  t.test('a refused lead uses up no token, is counted nowhere and leaves its request key free', async (t) => {
    const outbox = await open(t)();
    await outbox.accept(newLead({ uses: [proof('spent')] }), 1_000);
    const cap: Cap = { kind: 'visitor', key: hashing.visitorCap('demo', '192.0.2.1'), max: 1 };
    const refused = newLead({ uses: [token('fresh'), proof('spent')], caps: [cap] });
    t.strictSame(await outbox.accept(refused, 1_000), { kind: 'used', use: 'proof' });
    t.equal(await outbox.counted(cap.key, 1_000), 0);
    const mended = { ...refused, uses: [token('fresh'), proof('new')] };
    t.match(await outbox.accept(mended, 1_000), { kind: 'stored' }, 'with another proof it is taken');
    t.match(await outbox.accept(mended, 1_000), { kind: 'known' }, 'its key belongs to the stored lead now');

    const over = { uses: [token('other')], caps: [cap] };
    const again = newLead(over);
    t.strictSame(await outbox.accept(again, 1_000), { kind: 'over', cap: 'visitor' });
    t.match(await outbox.accept({ ...again, caps: [] }, 1_000), { kind: 'stored' }, 'the token is still unused');
    t.match(await outbox.accept({ ...again, caps: [] }, 1_000), { kind: 'known' }, 'the key was free');
    await outbox.close();
  });

  t.test('expired tokens are purged, the others stay used', async (t) => {
    const outbox = await open(t)();
    await outbox.accept(newLead({ uses: [token('over', 5_000), token('lasting', 9_000)] }), 1_000);
    t.equal(await outbox.purge(5_000, 100), 1);
    t.match(await outbox.accept(newLead({ uses: [token('lasting')] }), 5_000), { kind: 'used' });
    await outbox.close();
  });

  t.test('a suspect is held as a suspect, even if a cap is reached too', async (t) => {
    const outbox = await open(t)();
    const cap: Cap = { kind: 'phone', key: hashing.phoneCap('demo', hashing.phone('+14045551212')), max: 1 };
    for (const caps of [[cap], [cap]]) {
      const accepted = await outbox.accept(newLead({ start: { kind: 'held' }, caps }), 1_000);
      t.match(accepted, { kind: 'stored', conversation: { status: 'held', attempts: 0 } });
      t.notOk('lease' in accepted);
    }
    t.equal(await outbox.count({ status: ['held'], cause: ['suspect'] }), 2);
    await outbox.close();
  });

  t.test('suspects count on counters of their own, and never on those of their site and number', async (t) => {
    const outbox = await open(t)();
    const phone = hashing.phone('+14045551212');
    const keys = capKeys(hashing, 'demo', phone);
    const address: Cap = { kind: 'visitor', key: hashing.visitorCap('demo', '192.0.2.1'), max: 50 };
    const caps: Cap[] = [
      address,
      { kind: 'phone', key: keys.phone, max: 1 },
      { kind: 'phone_total', key: keys.phone_total, max: 2 },
      { kind: 'site', key: keys.site, max: 3 },
    ];
    const suspect = () => outbox.accept(newLead({ caps, start: { kind: 'held' } }), 1_000);
    for (const accepted of await Promise.all(Array.from({ length: 10 }, suspect))) {
      t.match(accepted, { kind: 'stored', conversation: { status: 'held' } });
      t.notOk('pressure' in accepted, 'operators are not told of a cap that suspects did not use');
    }
    t.strictSame(await suspect(), { kind: 'over', cap: 'phone' }, 'ten times the cap, on the counter of suspects');
    t.equal(await outbox.counted(keys.site, 1_000), 0);
    t.equal(await outbox.counted(address.key, 1_000), 10, 'the address is counted, so that a robot meets its limit');
    t.match(await outbox.accept(newLead({ caps }), 1_000), { conversation: { status: 'queued' } }, 'a genuine lead');
    await outbox.close();
  });

  t.test('a suspect of a suppressed number is held like any other, without personal data', async (t) => {
    const outbox = await open(t)();
    const suspect = newLead({ start: { kind: 'held' } });
    await outbox.suppress(suspect.phoneHash, entry('suppress', 500));
    const accepted = await outbox.accept(suspect, 1_000);
    t.match(accepted, { kind: 'stored', conversation: { status: 'held', attempts: 0 } });
    t.equal(await outbox.count({ cause: ['suppressed'] }), 1);
    await outbox.close();
  });

  t.test('counters are read by UTC day', async (t) => {
    const outbox = await open(t)();
    const cap: Cap = { kind: 'visitor', key: hashing.visitorCap('demo', '192.0.2.1'), max: 50 };
    t.equal(await outbox.counted(cap.key, 1_000), 0);
    await outbox.accept(newLead({ caps: [cap] }), 1_000);
    await outbox.accept(newLead({ caps: [cap] }), 1_000);
    t.equal(await outbox.counted(cap.key, DAY_MS - 1), 2);
    t.equal(await outbox.counted(cap.key, DAY_MS), 0);
    await outbox.close();
  });
}
