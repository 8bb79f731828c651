import type { Test } from 'tap';
import type { OutgoingMessage } from '../../src/domain/ports/outgoing-queue.ts';
import { LEASE_MS, type OpenOutbox } from '../support/outbox.ts';

let messages = 0;

/** A message to `ops` that is due at 1,000, unlike any other unless `changes` say so. */
export function message(changes: Partial<OutgoingMessage> = {}): OutgoingMessage {
  messages += 1;
  return {
    id: `msg_${messages}`,
    destination: 'ops',
    body: '{"type":"test"}',
    createdAt: 1_000,
    dueAt: 1_000,
    expiresAt: 1_000_000,
    ...changes,
  };
}

/** What every store has to do with outgoing messages. */
export function outgoingContract(t: Test, open: (t: Test) => OpenOutbox): void {
  t.test('a message is claimed once it is due, by one process, and is gone when it is delivered', async (t) => {
    const opening = open(t);
    const outbox = await opening();
    const other = await opening({ owner: 'process-2' });
    await outbox.enqueue([message({ id: 'msg_a', body: '{"a":"é"}', dueAt: 2_000 })]);
    t.strictSame(await other.dueDestinations(), [{ destination: 'ops', dueAt: 2_000 }]);
    t.strictSame(await outbox.claimOutgoing('ops', 9, 1_999), []);
    t.strictSame(await outbox.claimOutgoing('elsewhere', 9, 2_000), []);
    const claims = await Promise.all([outbox, other].map((one) => one.claimOutgoing('ops', 9, 2_000)));
    const [claim, ...more] = claims.flat();
    t.strictSame(more, []);
    t.match(claim, { id: 'msg_a', destination: 'ops', body: '{"a":"é"}', createdAt: 1_000, attempts: 0 });
    t.notOk(claim && 'ordering' in claim);
    const holder = claims[0]?.length === 1 ? outbox : other;
    t.equal(claim && (await holder.settleOutgoing(claim, { kind: 'delivered' }, 2_500)), true);
    t.strictSame(await outbox.dueDestinations(), []);
    t.strictSame(await outbox.destinationStates(), [{ destination: 'ops', waiting: 0, deliveredAt: 2_500 }]);
    await other.close();
    await outbox.close();
  });

  t.test('a message whose id is known is stored once', async (t) => {
    const outbox = await open(t)();
    await outbox.enqueue([message({ id: 'msg_b' }), message({ id: 'msg_b' })]);
    await outbox.enqueue([message({ id: 'msg_b', body: '{}' })]);
    t.match(await outbox.claimOutgoing('ops', 9, 1_000), [{ id: 'msg_b', body: '{"type":"test"}' }]);
    await outbox.close();
  });

  t.test('a lease that runs out is claimed anew, and its former holder settles nothing', async (t) => {
    const opening = open(t);
    const outbox = await opening();
    const other = await opening({ owner: 'process-2' });
    await outbox.enqueue([message()]);
    const [stale] = await outbox.claimOutgoing('ops', 9, 1_000);
    t.strictSame(await outbox.dueDestinations(), [{ destination: 'ops', dueAt: 1_000 + LEASE_MS }]);
    t.strictSame(await other.claimOutgoing('ops', 9, 999 + LEASE_MS), []);
    const [claim] = await other.claimOutgoing('ops', 9, 1_000 + LEASE_MS);
    if (!stale || !claim) throw new Error('not claimed');
    for (const result of [
      { kind: 'delivered' },
      { kind: 'postponed', dueAt: 9_000, failure: 'http_500' },
      { kind: 'dropped', failure: 'gone' },
    ] as const)
      t.equal(await outbox.settleOutgoing(stale, result, 70_000), false, result.kind);
    t.strictSame(await outbox.destinationStates(), [{ destination: 'ops', waiting: 1 }], 'nor notes a result');
    t.equal(await other.settleOutgoing(claim, { kind: 'delivered' }, 70_000), true);
    await other.close();
    await outbox.close();
  });

  t.test('a failed try counts, is due again later, and shows why it failed until and after it succeeds', async (t) => {
    const outbox = await open(t)();
    await outbox.enqueue([message()]);
    const [first] = await outbox.claimOutgoing('ops', 9, 1_000);
    if (!first) throw new Error('not claimed');
    await outbox.settleOutgoing(first, { kind: 'postponed', dueAt: 6_000, failure: 'http_503' }, 1_100);
    t.strictSame(await outbox.claimOutgoing('ops', 9, 5_999), []);
    t.strictSame(await outbox.destinationStates(), [
      { destination: 'ops', waiting: 1, failedAt: 1_100, failure: 'http_503' },
    ]);
    const [second] = await outbox.claimOutgoing('ops', 9, 6_000);
    t.match(second, { id: first.id, attempts: 1 });
    if (second) await outbox.settleOutgoing(second, { kind: 'delivered' }, 6_100);
    t.strictSame(await outbox.destinationStates(), [
      { destination: 'ops', waiting: 0, deliveredAt: 6_100, failedAt: 1_100, failure: 'http_503' },
    ]);
    await outbox.close();
  });

  t.test('messages with one ordering key are sent one after the other, and hold back no others', async (t) => {
    const outbox = await open(t)();
    const [a1, a2, a3, b1] = [
      message({ ordering: 'a' }),
      message({ ordering: 'a' }),
      message({ ordering: 'a' }),
      message({ ordering: 'b' }),
    ];
    await outbox.enqueue([a1, a2]);
    await outbox.enqueue([a3, b1]);
    const claimed = await outbox.claimOutgoing('ops', 9, 1_000);
    t.strictSame(
      claimed.map(({ id }) => id),
      [a1.id, b1.id],
    );
    t.equal((await outbox.dueDestinations())[0]?.dueAt, 1_000 + LEASE_MS, 'those behind a leased one are not due');
    const [first, other] = claimed;
    if (!first || !other) throw new Error('not claimed');
    await outbox.settleOutgoing(other, { kind: 'delivered' }, 1_000);
    await outbox.settleOutgoing(first, { kind: 'postponed', dueAt: 500_000, failure: 'timeout' }, 1_000);
    t.strictSame(await outbox.dueDestinations(), [{ destination: 'ops', dueAt: 500_000 }]);
    t.strictSame(await outbox.claimOutgoing('ops', 9, 499_999), []);
    const ids: string[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const [claim, ...more] = await outbox.claimOutgoing('ops', 9, 500_000);
      t.strictSame(more, []);
      if (!claim) throw new Error('not claimed');
      ids.push(claim.id);
      await outbox.settleOutgoing(claim, { kind: turn === 1 ? 'dropped' : 'delivered', failure: 'gone' }, 500_000);
    }
    t.strictSame(ids, [a1.id, a2.id, a3.id]);
    await outbox.close();
  });

  t.test('one ordering key at two destinations orders each by itself', async (t) => {
    const outbox = await open(t)();
    await outbox.enqueue([message({ ordering: 'a' }), message({ ordering: 'a', destination: 'crm' })]);
    t.equal((await outbox.claimOutgoing('crm', 9, 1_000)).length, 1);
    t.equal((await outbox.claimOutgoing('ops', 9, 1_000)).length, 1);
    await outbox.close();
  });

  t.test('messages that nobody could send in time are removed and counted, unless they are being sent', async (t) => {
    const outbox = await open(t)();
    await outbox.enqueue([
      message({ destination: 'sending', expiresAt: 2_000 }),
      message({ expiresAt: 2_000 }),
      message({ expiresAt: 2_001 }),
      message({ destination: 'removed', expiresAt: 1_999 }),
    ]);
    const [sending] = await outbox.claimOutgoing('sending', 1, 1_900);
    t.strictSame([...(await outbox.dropExpired(2_000, 1))], [['removed', 1]], 'no more than asked for');
    t.strictSame([...(await outbox.dropExpired(2_000, 9))], [['ops', 1]]);
    t.match(await outbox.destinationStates(), [
      { destination: 'ops', waiting: 1, failedAt: 2_000, failure: 'expired' },
      { destination: 'removed', waiting: 0, failure: 'expired' },
      { destination: 'sending', waiting: 1 },
    ]);
    t.equal(sending && (await outbox.settleOutgoing(sending, { kind: 'delivered' }, 2_100)), true);
    await outbox.close();
  });
}

/** What every store has to know of what operators were told. */
export function alertContract(t: Test, open: (t: Test) => OpenOutbox): void {
  const alert = (target = 'ops') => ({ condition: 'provider_parked:default', target, message: message() });

  t.test('of all processes one tells a target of a condition, until it is cleared', async (t) => {
    const opening = open(t);
    const outbox = await opening();
    const other = await opening({ owner: 'process-2' });
    const told = await Promise.all([outbox, other].map((one) => one.tell(alert(), 1_000)));
    t.strictSame(told.sort(), [false, true]);
    t.equal(await other.tell(alert('chat'), 1_500), true, 'each target by itself');
    t.strictSame(await outbox.told(), [
      { condition: 'provider_parked:default', target: 'chat', since: 1_500, toldAt: 1_500 },
      { condition: 'provider_parked:default', target: 'ops', since: 1_000, toldAt: 1_000 },
    ]);
    t.equal((await outbox.claimOutgoing('ops', 9, 2_000)).length, 2, 'one message for each time that it was told');
    const cleared = await Promise.all([outbox, other].map((one) => one.tellCleared(alert())));
    t.strictSame(cleared.sort(), [false, true]);
    t.equal((await outbox.claimOutgoing('ops', 9, 2_000)).length, 1);
    t.equal(await outbox.tell(alert(), 3_000), true, 'it may begin again');
    await other.close();
    await outbox.close();
  });

  t.test('a target is reminded once for each time that has passed, and only of what it was told', async (t) => {
    const outbox = await open(t)();
    t.equal(await outbox.tell({ ...alert(), toldBefore: 9_000 }, 9_000), false);
    await outbox.tell(alert(), 1_000);
    t.equal(await outbox.tell({ ...alert(), toldBefore: 999 }, 5_000), false);
    t.equal(await outbox.tell({ ...alert(), toldBefore: 1_000 }, 5_000), true);
    t.equal(await outbox.tell({ ...alert(), toldBefore: 1_000 }, 5_001), false);
    t.match(await outbox.told(), [{ since: 1_000, toldAt: 5_000 }]);
    t.equal((await outbox.claimOutgoing('ops', 9, 9_000)).length, 2);
    await outbox.close();
  });

  t.test('what processes report is common to all, with the earliest beginning, as long as it is fresh', async (t) => {
    const opening = open(t);
    const outbox = await opening();
    const other = await opening({ owner: 'process-2' });
    await outbox.report([{ condition: 'breaker:na', since: 500 }], 1_000, 0);
    await other.report(
      [
        { condition: 'breaker:na', since: 400 },
        { condition: 'breaker:eu', since: 900 },
      ],
      2_000,
      0,
    );
    t.strictSame(await outbox.reported(1_000), [
      { condition: 'breaker:eu', since: 900 },
      { condition: 'breaker:na', since: 400 },
    ]);
    await other.report([{ condition: 'breaker:eu', since: 900 }], 3_000, 0);
    t.match(await outbox.reported(1_000), [{ condition: 'breaker:eu' }, { condition: 'breaker:na', since: 500 }]);
    t.match(await outbox.reported(1_001), [{ condition: 'breaker:eu' }], 'a process that died reports nothing');
    await other.report([], 4_000, 1_001);
    t.strictSame(await outbox.reported(0), [], 'old reports of others are removed');
    await other.close();
    await outbox.close();
  });
}
