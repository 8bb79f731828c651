import t from 'tap';
import { StorageUnavailable } from '../../../src/domain/ports/outbox.ts';
import type { Outcome } from '../../../src/domain/provider.ts';
import { deliver } from '../../support/delivery.ts';
import { lead } from '../../support/lead.ts';
import { entry, LEASE_MS, leased, newLead, queued, sqliteOutbox } from '../../support/outbox.ts';

const DELIVERED: Outcome = { class: 'delivered' };
const NOT_SENT: Outcome = { class: 'not_sent', cause: 'refused' };
const UNKNOWN: Outcome = { class: 'unknown', cause: 'reset' };
const START = 1_000_000;

t.test('a lead that was not sent is tried again by the schedule until it is delivered', async (t) => {
  const outbox = sqliteOutbox(t)();
  const { clock, calls, worker, faults } = await deliver(t, {
    outbox,
    provider: (_, call) => (call < 3 ? NOT_SENT : DELIVERED),
  });
  const id = await queued(outbox, START);
  worker.start();
  await clock.advance(40_000);
  t.strictSame(
    calls.map(({ at }) => at - START),
    [0, 5_000, 35_000],
  );
  t.match(await outbox.find(id), { status: 'delivered', attempts: 3 });
  t.strictSame(faults, []);
});

t.test('a lead that is never sent is parked at the end of the schedule', async (t) => {
  const outbox = sqliteOutbox(t)();
  const { clock, worker, calls } = await deliver(t, { outbox, provider: () => NOT_SENT });
  const id = await queued(outbox, START);
  worker.start();
  await clock.advance(3_600_000);
  t.match(await outbox.find(id), { status: 'parked', attempts: 4 });
  t.equal(calls.length, 4);
});

t.test('an unknown outcome is sent again up to the maximum; with hold it is never sent again', async (t) => {
  for (const [unknown, expected] of [
    ['resend', 3],
    ['hold', 1],
  ] as const) {
    await t.test(unknown, async (t) => {
      const outbox = sqliteOutbox(t)();
      const { clock, worker, calls } = await deliver(t, { outbox, provider: () => UNKNOWN, rules: { unknown } });
      const id = await queued(outbox, START);
      worker.start();
      await clock.advance(3_600_000);
      t.equal(calls.length, expected);
      t.match(await outbox.find(id), { status: 'unknown', attempts: expected });
    });
  }
});

t.test(
  'the lease of a dead process counts as an unknown outcome: sent again under resend, not under hold',
  async (t) => {
    for (const [unknown, expected] of [
      ['resend', 'delivered'],
      ['hold', 'unknown'],
    ] as const) {
      await t.test(unknown, async (t) => {
        const opening = sqliteOutbox(t);
        const dead = opening({ owner: 'dead' });
        const { id } = await leased(dead, START);
        await dead.close();
        const outbox = opening({ owner: 'alive' });
        const { clock, worker, calls, changes } = await deliver(t, {
          outbox,
          provider: () => DELIVERED,
          rules: { unknown },
        });
        worker.start();
        await clock.advance(LEASE_MS - 1);
        t.equal(calls.length, 0);
        await clock.advance(30_000);
        t.strictSame(
          changes,
          [`${id} taken over: ${unknown === 'hold' ? 'unknown' : 'queued'}`],
          'onTakenOver was called',
        );
        t.equal(calls.length, unknown === 'hold' ? 0 : 1);
        t.match(await outbox.find(id), { status: expected });
        const [lost] = (await outbox.show(id))?.pastAttempts ?? [];
        t.match(lost, { number: 1, outcome: 'unknown', cause: 'lease_expired', durationMs: undefined });
      });
    }
  },
);

t.test('a suppressed number is rejected without a call', async (t) => {
  const outbox = sqliteOutbox(t)();
  const { clock, worker, calls } = await deliver(t, { outbox, provider: () => DELIVERED });
  const id = await queued(outbox, START);
  await outbox.suppress(newLead().phoneHash, entry('suppress', START));
  worker.start();
  await clock.advance(1);
  t.equal(calls.length, 0);
  t.match(await outbox.find(id), { status: 'rejected', reason: 'phone', attempts: 1 }, 'as if it had been called');
  t.match(await outbox.show(id), { pastAttempts: [{ outcome: 'rejected', cause: 'suppressed' }] });
});

t.test('the worker wakes when a lead is due, and at once when it is kicked', async (t) => {
  const outbox = sqliteOutbox(t)();
  const { clock, worker, calls } = await deliver(t, { outbox, provider: () => DELIVERED });
  worker.start();
  await clock.settle();
  await queued(outbox, START + 3_210);
  worker.kick();
  await clock.advance(10_000);
  t.strictSame(
    calls.map(({ at }) => at - START),
    [3_210],
  );
  await queued(outbox, clock.now());
  worker.kick();
  await clock.settle();
  t.equal(calls.length, 2);
});

t.test('an idle worker polls only a few times a minute', async (t) => {
  const outbox = sqliteOutbox(t)();
  let looks = 0;
  const counting = { ...outbox, parked: () => outbox.parked().finally(() => (looks += 1)) };
  const { clock, worker } = await deliver(t, { outbox: counting, provider: () => DELIVERED });
  worker.start();
  await clock.advance(60_000);
  t.ok(looks > 0 && looks <= 14, `${looks} looks`);
});

t.test('a storage fault pauses the worker and does not stop it', async (t) => {
  const outbox = sqliteOutbox(t)();
  let broken = true;
  let tries = 0;
  const flaky = {
    ...outbox,
    parked: async () => {
      tries += 1;
      if (broken) throw new Error('disk I/O error');
      return outbox.parked();
    },
  };
  const { clock, worker, faults } = await deliver(t, { outbox: flaky, provider: () => DELIVERED });
  const id = await queued(outbox, START);
  worker.start();
  await clock.advance(10_000);
  t.ok(tries >= 10 && tries <= 12, `${tries} tries in 10 s`);
  t.equal(faults.length, tries);
  t.notOk(worker.healthy());
  broken = false;
  await clock.advance(1_000);
  t.match(await outbox.find(id), { status: 'delivered' });
  t.ok(worker.healthy());
});

t.test('a stopped worker starts no attempt, and attempts under way finish', async (t) => {
  const outbox = sqliteOutbox(t)();
  const answer = Promise.withResolvers<Outcome>();
  const { clock, worker, delivery } = await deliver(t, { outbox, provider: () => answer.promise });
  const id = await queued(outbox, START);
  worker.start();
  await clock.settle();
  t.equal(delivery.running(), 1);
  await worker.stop();
  const other = await queued(outbox, START);
  await clock.advance(60_000);
  answer.resolve(DELIVERED);
  await delivery.idle();
  t.match(await outbox.find(id), { status: 'delivered' });
  t.match(await outbox.find(other), { status: 'queued', attempts: 0 });
});

t.test('leases of long attempts are renewed while they run', async (t) => {
  const opening = sqliteOutbox(t);
  const outbox = opening({ owner: 'slow' });
  const other = opening({ owner: 'other' });
  t.teardown(() => other.close());
  const answer = Promise.withResolvers<Outcome>();
  const { clock, worker } = await deliver(t, { outbox, provider: () => answer.promise });
  const id = await queued(outbox, START, newLead({ lead: lead(), start: { kind: 'due', at: START } }));
  worker.start();
  await clock.advance(5 * LEASE_MS);
  t.strictSame(await other.claim({ providers: ['default'], limit: 1, now: clock.now() }), []);
  answer.resolve(DELIVERED);
  await clock.settle();
  t.match(await outbox.find(id), { status: 'delivered', attempts: 1 });
});

t.test('leads that were claimed before a storage fault are attempted', async (t) => {
  const outbox = sqliteOutbox(t)();
  const failing = {
    ...outbox,
    claim: (request: Parameters<typeof outbox.claim>[0]) =>
      request.providers.includes('other') ? Promise.reject(new StorageUnavailable('full')) : outbox.claim(request),
  };
  const { clock, worker, faults } = await deliver(t, { outbox: failing, provider: () => DELIVERED });
  const id = await queued(outbox, START);
  await queued(outbox, START, { lead: lead({ provider: 'other' }), start: { kind: 'due', at: START } });
  worker.start();
  await clock.settle();
  t.ok(faults.length > 0);
  t.match(await outbox.find(id), { status: 'delivered', attempts: 1 });
});

t.test('leads of an account that is no longer configured are parked, whether they came before or after', async (t) => {
  const outbox = sqliteOutbox(t)();
  const { clock, worker } = await deliver(t, {
    outbox,
    providers: ['default'],
    provider: ({ provider }) =>
      provider === 'gone' ? { class: 'refused', cause: 'unknown_provider' } : { class: 'delivered' },
  });
  const store = (at: number) =>
    queued(outbox, at, { lead: lead({ provider: 'gone' }), start: { kind: 'due', at: clock.now() } });
  const before = await store(START);
  worker.start();
  await clock.advance(1_000);
  t.match(await outbox.find(before), { status: 'parked' });
  const later = await store(clock.now());
  await clock.advance(5_000);
  t.match(await outbox.find(later), { status: 'parked' });
});

const BUSY: Outcome = { class: 'not_sent', cause: 'http_503' };

for (const [order, script] of [
  ['last', [BUSY, UNKNOWN]],
  ['first', [UNKNOWN, BUSY]],
] as const) {
  t.test(
    `a lead that may have arrived by its ${order} call ends as unknown, and its release counts as a possible repeat`,
    async (t) => {
      const outbox = sqliteOutbox(t)();
      const { clock, worker, reports } = await deliver(t, {
        outbox,
        rules: { scheduleS: [1] },
        provider: (_, call) => script[call - 1] ?? { class: 'delivered' },
      });
      const id = await queued(outbox, START);
      worker.start();
      await clock.advance(60_000);
      t.match(await outbox.show(id), { status: 'unknown', attempts: 2, mayHaveArrived: true });
      const release = { at: clock.now(), actor: 'admin', action: 'release', count: 0, detail: '' } as const;
      t.strictSame(
        await outbox.requeue({ cause: ['schedule'] }, 9, release),
        [],
        'a release of undelivered leads does not select it',
      );
      await outbox.requeue({ ids: [id] }, 9, release);
      worker.kick();
      await clock.settle();
      t.match(await outbox.find(id), { status: 'delivered' });
      t.strictSame(
        reports.map(({ context }) => context.mayHaveArrived),
        [false, order === 'first', true],
      );
    },
  );
}
