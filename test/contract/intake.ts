import type { Test } from 'tap';
import { DAY_MS } from '../../src/outbox/ports/days.ts';
import type { Cap } from '../../src/outbox/ports/lead-store.ts';
import { lead } from '../support/lead.ts';
import { hashing, intake, leased, type OpenOutbox } from '../support/outbox.ts';

/** What every store has to do when leads come in. `open` gives a function that opens the same store each time. */
export function intakeContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('an accepted lead is found, also after the store was opened anew', async (t) => {
    const opening = open(t);
    const first = await opening();
    const accepted = await first.accept(intake(), 1_000);
    if (accepted.kind !== 'stored') throw new Error('not stored');
    const { conversation, lease } = accepted;
    t.match(conversation.id, /^cnv_[\w-]{30}$/);
    t.strictSame(conversation, { id: lease?.id, status: 'queued', attempts: 0, createdAt: 1_000, updatedAt: 1_000 });
    await first.close();
    const second = await opening();
    t.strictSame(await second.find(conversation.id), conversation);
    t.equal(await second.find('cnv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'), undefined);
    await second.close();
  });

  t.test('a lead behind an open breaker or a parked provider is stored without a lease', async (t) => {
    const outbox = await open(t)();
    const later = await outbox.accept(intake({ start: { kind: 'due', at: 9_000 } }), 1_000);
    t.match(later, { kind: 'stored', conversation: { status: 'queued', dueAt: 9_000 } });
    t.notOk('lease' in later);
    const parked = await outbox.accept(intake({ start: { kind: 'parked' } }), 1_000);
    t.match(parked, { kind: 'stored', conversation: { status: 'parked', attempts: 0 } });
    await outbox.close();
  });

  t.test('leads accepted at the same time are all there, each under its own id', async (t) => {
    const outbox = await open(t)();
    const leases = await Promise.all(Array.from({ length: 200 }, () => leased(outbox, 1_000)));
    t.equal(new Set(leases.map(({ id }) => id)).size, 200);
    const found = await Promise.all(leases.map(({ id }) => outbox.find(id)));
    t.ok(found.every((conversation) => conversation?.status === 'queued'));
    await outbox.close();
  });

  t.test('a known request is answered with its lead as it is now, until it expires', async (t) => {
    const outbox = await open(t)();
    const { request } = intake();
    const lasting = { ...request, expiresAt: 10_000 };
    t.equal(await outbox.lookup(lasting, 1_000), undefined);
    const lease = await leased(outbox, 1_000, { request: lasting });
    t.match(await outbox.lookup(lasting, 2_000), { kind: 'known', conversation: { id: lease.id, status: 'queued' } });
    await outbox.settle(lease, { status: 'delivered', attempted: true }, 2_000);
    t.match(await outbox.accept(intake({ request: lasting }), 3_000), {
      kind: 'known',
      conversation: { id: lease.id, status: 'delivered', attempts: 1 },
    });
    t.equal(await outbox.lookup(lasting, 10_000), undefined, 'expired');
    const renewed = await outbox.accept(intake({ request: { ...lasting, expiresAt: 20_000 } }), 10_000);
    t.equal(renewed.kind, 'stored');
    await outbox.close();
  });

  t.test('another lead under a known key is told apart', async (t) => {
    const outbox = await open(t)();
    const { request } = intake();
    await leased(outbox, 1_000, { request });
    const other = { ...request, fingerprint: hashing.fingerprint(lead({ firstName: 'Ben' })) };
    t.strictSame(await outbox.lookup(other, 1_000), { kind: 'reused' });
    t.strictSame(await outbox.accept(intake({ request: other }), 1_000), { kind: 'reused' });
    await outbox.close();
  });

  t.test("another process's first attempt is under way while its caller may wait, and not longer", async (t) => {
    const opening = open(t);
    const first = await opening({ owner: 'process-1', waitMs: 4_000 });
    const second = await opening({ owner: 'process-2', waitMs: 4_000 });
    const { request } = intake();
    await leased(first, 1_000, { request });
    t.match(await second.lookup(request, 4_999), { underWay: true });
    t.match(await second.lookup(request, 5_000), { underWay: false });
    t.match(await first.lookup(request, 4_999), { underWay: false }, 'our own are known in memory');
    await first.close();
    await second.close();
  });

  t.test('of many requests with one key at the same time one is stored', async (t) => {
    const outbox = await open(t)();
    const { request } = intake();
    const answers = await Promise.all(Array.from({ length: 50 }, () => outbox.accept(intake({ request }), 1_000)));
    t.equal(answers.filter(({ kind }) => kind === 'stored').length, 1);
    t.equal(answers.filter(({ kind }) => kind === 'known').length, 49);
    await outbox.close();
  });

  t.test('a cap is exact: what is beyond it is held, and beyond ten times refused and not stored', async (t) => {
    const outbox = await open(t)();
    const phone: Cap = { kind: 'phone', key: hashing.phoneCap('demo', hashing.phone('+14045551212')), max: 2 };
    const answers = await Promise.all(
      Array.from({ length: 23 }, () => outbox.accept(intake({ caps: [phone] }), 1_000)),
    );
    const statuses = answers.map((answer) => (answer.kind === 'stored' ? answer.conversation.status : answer.kind));
    t.strictSame(statuses, [...Array(2).fill('queued'), ...Array(18).fill('held'), ...Array(3).fill('over')]);
    t.match(answers[22], { kind: 'over', cap: 'phone' });
    await outbox.close();
  });

  t.test('caps of a site and of a number count apart, and a new UTC day begins at zero', async (t) => {
    const outbox = await open(t)();
    const caps = (phone: string): Cap[] => [
      { kind: 'phone', key: hashing.phoneCap('demo', hashing.phone(phone)), max: 1 },
      { kind: 'site', key: hashing.siteCap('demo'), max: 2 },
    ];
    const status = async (phone: string, now: number) => {
      const answer = await outbox.accept(intake({ caps: caps(phone) }), now);
      return answer.kind === 'stored' ? answer.conversation.status : answer.kind;
    };
    t.equal(await status('+1', DAY_MS - 1), 'queued');
    t.equal(await status('+1', DAY_MS - 1), 'held', "the number's cap");
    t.equal(await status('+2', DAY_MS - 1), 'held', "the site's cap");
    t.equal(await status('+1', DAY_MS), 'queued', 'the next day');
    await outbox.close();
  });

  t.test('a visitor beyond the maximum of the day is refused and counted nowhere else', async (t) => {
    const outbox = await open(t)();
    const visitor: Cap = { kind: 'visitor', key: hashing.visitorCap('demo', '192.0.2.1'), max: 1 };
    const site: Cap = { kind: 'site', key: hashing.siteCap('demo'), max: 2 };
    t.match(await outbox.accept(intake({ caps: [site, visitor] }), 1_000), { kind: 'stored' });
    t.strictSame(await outbox.accept(intake({ caps: [site, visitor] }), 1_000), { kind: 'over', cap: 'visitor' });
    t.match(await outbox.accept(intake({ caps: [site] }), 1_000), { conversation: { status: 'queued' } });
    await outbox.close();
  });
}
