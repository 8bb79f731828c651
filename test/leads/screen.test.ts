import t from 'tap';
import type { Screening } from '../../src/domain/ports/lead-store.ts';
import { Refusal } from '../../src/domain/refusal.ts';
import type { Delivering } from '../../src/leads/delivery/attempt.ts';
import { createSubmit, type SubmitContext } from '../../src/leads/submit.ts';
import { manualClock } from '../support/clock.ts';
import { lead } from '../support/lead.ts';
import { hashing, sqliteOutbox } from '../support/outbox.ts';

type Test = Parameters<typeof sqliteOutbox>[0];

const USES = [
  { kind: 'form_token', key: Buffer.from('token'), expiresAt: 2_000_000 },
  { kind: 'proof', key: Buffer.from('proof'), expiresAt: 2_000_000 },
] as const;

function submitting(t: Test) {
  const store = sqliteOutbox(t)();
  t.teardown(() => store.close());
  const counts = { cleared: 0, attempts: 0, screened: 0 };
  const delivery: Delivering = {
    askedToWaitMs: () => 0,
    clear() {
      counts.cleared += 1;
      return { kind: 'go', permit: { report: () => undefined } };
    },
    async attempt(_lead, lease) {
      counts.attempts += 1;
      return (await store.settle(lease, { status: 'delivered', attempted: true }, 1_000_000))?.conversation;
    },
  };
  const submit = createSubmit({
    store,
    delivery,
    hashing,
    dailyMax: () => ({ phone: 1_000_000, phoneTotal: 1_000_000, site: 1_000_000, visitor: 1_000_000 }),
    onUnrecorded: () => t.fail('a fault'),
    onQueued: () => undefined,
    waitMs: 4_000,
    clock: manualClock(1_000_000),
  });
  const context = (idempotencyKey: string, screening: () => Promise<Screening>): SubmitContext => ({
    requestId: 'r',
    scope: { kind: 'visitor', id: 'demo', address: '192.0.2.1', idempotencyKey },
    screen() {
      counts.screened += 1;
      return screening();
    },
  });
  return { store, submit, context, counts };
}

t.test('a suspect is stored and held, and no clearance is requested', async (t) => {
  const { store, submit, context, counts } = submitting(t);
  const { conversation } = await submit(
    lead(),
    context('k', async () => ({ suspect: true, uses: [] })),
  );
  t.match(conversation, { status: 'held', attempts: 0 });
  t.equal(await store.count({ cause: ['suspect'] }), 1);
  t.match(counts, { cleared: 0, attempts: 0, screened: 1 });
});

t.test('a lead that is not suspect is attempted', async (t) => {
  const { submit, context } = submitting(t);
  t.match(
    await submit(
      lead(),
      context('k', async () => ({ suspect: false, uses: USES })),
    ),
    {
      conversation: { status: 'delivered' },
    },
  );
});

t.test('the same request again is answered before it is screened', async (t) => {
  const { submit, context, counts } = submitting(t);
  const once = async () => ({ suspect: false, uses: USES });
  const first = await submit(lead(), context('k', once));
  const again = await submit(
    lead(),
    context('k', async () => Promise.reject(new Refusal('proof_required', 'No.'))),
  );
  t.match(again, { conversation: { id: first.conversation.id }, replayed: true });
  t.match(counts, { screened: 1, attempts: 1 });
});

t.test('a lead that fails the screening is not stored and takes no permit', async (t) => {
  const { store, submit, context, counts } = submitting(t);
  const refuse = async () => Promise.reject(new Refusal('form_token_invalid', 'No.'));
  await t.rejects(submit(lead(), context('k', refuse)), { code: 'form_token_invalid' });
  t.equal(await store.count({}), 0);
  t.match(counts, { screened: 1, cleared: 0 });
});

t.test(
  'another lead with a token or proof that was used is refused by its name, and its permit is given back',
  async (t) => {
    const { store, submit, context, counts } = submitting(t);
    await submit(
      lead(),
      context('k', async () => ({ suspect: false, uses: USES })),
    );
    for (const [use, code, pointer] of [
      [USES[0], 'form_token_invalid', '/formToken'],
      [USES[1], 'proof_required', '/proof'],
    ] as const) {
      const second = submit(
        lead({ firstName: 'Ben' }),
        context(code, async () => ({ suspect: false, uses: [use] })),
      );
      await t.rejects(second, { code, errors: [{ pointer }] });
    }
    t.equal(await store.count({}), 1);
    t.equal(counts.attempts, 1);
  },
);
