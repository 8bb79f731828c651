import t from 'tap';
import type { Conversation } from '../../src/domain/lead.ts';
import type { Delivering } from '../../src/leads/delivery/attempt.ts';
import type { Clearance } from '../../src/leads/delivery/breaker.ts';
import type { IdempotencyScope } from '../../src/leads/hashing.ts';
import { createSubmit, type SubmitContext } from '../../src/leads/submit.ts';
import { manualClock } from '../support/clock.ts';
import { lead } from '../support/lead.ts';
import { hashing, sqliteOutbox } from '../support/outbox.ts';

type Test = Parameters<typeof sqliteOutbox>[0];
type Options = {
  readonly clearance?: Clearance['kind'];
  readonly outcome?: (conversation: Conversation) => Promise<Conversation>;
  readonly visitorMax?: number;
};

const delivered = async (conversation: Conversation): Promise<Conversation> => ({
  ...conversation,
  status: 'delivered',
  attempts: 1,
});
const visitor = (changes: Partial<IdempotencyScope> = {}): IdempotencyScope => ({
  kind: 'visitor',
  id: 'demo',
  address: '192.0.2.1',
  ...changes,
});

function submitting(t: Test, { clearance = 'go', outcome = delivered, visitorMax = 1_000 }: Options = {}) {
  const store = sqliteOutbox(t)();
  t.teardown(() => store.close());
  const clock = manualClock(1_000_000);
  const faults: unknown[] = [];
  let calls = 0;
  let screenings = 0;
  const reported: unknown[] = [];
  const delivery: Delivering = {
    askedToWaitMs: (provider: string) => (provider === 'default' ? 9_000 : 0),
    clear: () =>
      clearance === 'go'
        ? { kind: 'go', permit: { report: (outcome) => reported.push(outcome) } }
        : { kind: clearance },
    async attempt(_lead, lease, { permit }) {
      calls += 1;
      const answer = await outcome({ id: lease.id, status: 'queued', attempts: 0, createdAt: 1, updatedAt: 1 });
      permit.report('delivered');
      await store.settle(lease, { status: answer.status, attempted: true }, clock.now());
      return answer;
    },
  };
  const submit = createSubmit({
    store,
    delivery,
    hashing,
    dailyMax: () => ({ phone: 1_000, phoneTotal: 1_000, site: 1_000, visitor: visitorMax }),
    onUnrecorded: (error) => faults.push(error),
    onQueued: () => undefined,
    waitMs: 4_000,
    clock,
  });
  const context = (caller: Partial<IdempotencyScope> = {}): SubmitContext => ({
    requestId: 'r',
    scope: visitor(caller),
    async screen() {
      screenings += 1;
      return { suspect: false, uses: [] };
    },
  });
  return { store, clock, submit, context, faults, reported, calls: () => calls, screenings: () => screenings };
}

t.test('the response contains the outcome if the attempt ends in time', async (t) => {
  const { submit, context } = submitting(t);
  t.match(await submit(lead(), context()), { conversation: { status: 'delivered' }, replayed: false });
});

t.test('the response contains the queued lead if the attempt takes longer', async (t) => {
  const outcome = Promise.withResolvers<Conversation>();
  const { submit, context, clock } = submitting(t, { outcome: () => outcome.promise });
  const answer = submit(lead(), context());
  await clock.advance(4_000);
  const { conversation } = await answer;
  t.match(conversation, { status: 'queued', attempts: 0 });
  outcome.resolve(await delivered(conversation));
  await clock.settle();
});

t.test('an attempt that lasts longer than its request still reports its outcome to the breaker', async (t) => {
  const outcome = Promise.withResolvers<Conversation>();
  const { submit, context, clock, reported } = submitting(t, { outcome: () => outcome.promise });
  const answer = submit(lead(), context());
  await clock.advance(4_000);
  const { conversation } = await answer;
  t.strictSame(reported, [], 'the attempt still holds the permit');
  outcome.resolve(await delivered(conversation));
  await clock.settle();
  t.strictSame(reported, ['delivered'], 'the permit was used once, by the attempt');
});

t.test('a stored lead is acknowledged even if its outcome could not be recorded', async (t) => {
  const fault = new Error('disk full');
  const { submit, context, faults } = submitting(t, { outcome: async () => Promise.reject(fault) });
  t.match(await submit(lead(), context()), { conversation: { status: 'queued' } });
  t.strictSame(faults, [fault]);
});

t.test('with an open breaker or a parked provider a lead is stored and no call is made', async (t) => {
  for (const [clearance, status] of [
    ['later', 'queued'],
    ['parked', 'parked'],
  ] as const) {
    await t.test(clearance, async (t) => {
      const { submit, context, calls } = submitting(t, { clearance });
      t.match(await submit(lead(), context()), { conversation: { status } });
      t.equal(calls(), 0);
    });
  }
});

t.test('a repeated request gets the current state of its lead, makes no call and is not charged', async (t) => {
  for (const idempotencyKey of ['key-1', undefined]) {
    await t.test(idempotencyKey ?? 'without a key', async (t) => {
      const { submit, context, calls, screenings } = submitting(t);
      const caller = idempotencyKey === undefined ? {} : { idempotencyKey };
      const first = await submit(lead(), context(caller));
      const again = await submit(lead(), context(caller));
      t.match(again, { conversation: { id: first.conversation.id, status: 'delivered' }, replayed: true });
      t.equal(calls(), 1);
      t.equal(screenings(), 1);
    });
  }
});

t.test(
  'a repeated request that names the default target, has another reference, or comes from another page, is the same lead',
  async (t) => {
    const { submit, context } = submitting(t);
    await submit(lead({ targetFrom: 'site' }), context({ idempotencyKey: 'k' }));
    for (const same of [
      lead({ targetFrom: 'caller' }),
      lead({ reference: 'order-2' }),
      lead({ targetFrom: 'site', origin: 'https://other.example' }),
    ]) {
      t.match(await submit(same, context({ idempotencyKey: 'k' })), { replayed: true });
    }
  },
);

t.test('the same key with another lead is refused, even while the first request is under way', async (t) => {
  const { submit, context } = submitting(t);
  const first = submit(lead(), context({ idempotencyKey: 'k' }));
  await t.rejects(submit(lead({ firstName: 'Ben' }), context({ idempotencyKey: 'k' })), {
    code: 'idempotency_key_reused',
  });
  await first;
  await t.rejects(submit(lead({ firstName: 'Ben' }), context({ idempotencyKey: 'k' })), {
    code: 'idempotency_key_reused',
  });
});

t.test(
  'the same key is refused while the first request is under way; without a key both requests share one lead',
  async (t) => {
    const { submit, context, calls } = submitting(t);
    const keyed = submit(lead(), context({ idempotencyKey: 'k' }));
    await t.rejects(submit(lead(), context({ idempotencyKey: 'k' })), {
      code: 'idempotency_in_progress',
      retryAfterS: 1,
    });
    await keyed;
    const keyless = await Promise.all([submit(lead(), context()), submit(lead(), context())]);
    t.equal(keyless[0]?.conversation.id, keyless[1]?.conversation.id);
    t.equal(calls(), 2);
  },
);

const UUID = '3f2b8c1e-9d47-4e6a-b5f0-7c1d2a9e8b34';

t.test('a key identifies a request only within its scope; without a key the address and the lead do', async (t) => {
  const { submit, context } = submitting(t);
  const callers: Partial<IdempotencyScope>[] = [
    { idempotencyKey: UUID },
    { idempotencyKey: UUID, id: 'other' },
    { idempotencyKey: UUID, kind: 'partner' },
    {},
    { address: '192.0.2.2' },
    { id: 'other' },
  ];
  const ids = new Set<string>();
  for (const caller of callers) ids.add((await submit(lead(), context(caller))).conversation.id);
  t.equal(ids.size, callers.length);
  t.match(
    await submit(lead(), context({ idempotencyKey: UUID, address: '198.51.100.7' })),
    { replayed: true },
    'the address is no part of the scope of such a key',
  );
});

t.test('a stranger at another address cannot use up a key of a visitor that is easy to guess', async (t) => {
  const { submit, context } = submitting(t);
  const stranger = context({ idempotencyKey: 'order-123', address: '198.51.100.7' });
  await submit(lead({ firstName: 'Mallory' }), stranger);
  const visitor = context({ idempotencyKey: 'order-123' });
  const first = await submit(lead(), visitor);
  t.match(first, { replayed: false, conversation: { status: 'delivered' } });
  t.match(await submit(lead(), visitor), { replayed: true, conversation: { id: first.conversation.id } });
  await t.rejects(submit(lead({ firstName: 'Ben' }), visitor), { code: 'idempotency_key_reused' });
});

t.test('the key of a partner counts for all its addresses, however it looks', async (t) => {
  const { submit, context } = submitting(t);
  const of = (address: string) => context({ idempotencyKey: 'order-123', kind: 'partner', id: 'acme', address });
  await submit(lead(), of('192.0.2.1'));
  t.match(await submit(lead(), of('198.51.100.7')), { replayed: true });
});

t.test('without a key the same lead is a new request after ten minutes', async (t) => {
  const { submit, context, clock } = submitting(t);
  await submit(lead(), context());
  await clock.advance(599_999);
  t.match(await submit(lead(), context()), { replayed: true });
  await clock.advance(1);
  t.match(await submit(lead(), context()), { replayed: false });
});

t.test('a request that stored nothing does not use up its key', async (t) => {
  const { submit, context, store, reported } = submitting(t, { visitorMax: 0 });
  await t.rejects(submit(lead(), context({ idempotencyKey: 'k' })), { code: 'rate_limited', retryAfterS: 85_400 });
  t.strictSame(reported, [undefined], 'the permit was returned without a call');
  const refused = { ...context({ idempotencyKey: 'k' }), screen: async () => Promise.reject(new Error('limit')) };
  await t.rejects(submit(lead(), refused), { message: 'limit' });
  t.strictSame(await store.claim({ providers: ['default'], limit: 1, now: Number.MAX_SAFE_INTEGER }), []);
});
