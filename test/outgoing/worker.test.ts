import t, { type Test } from 'tap';
import { StorageUnavailable } from '../../src/domain/ports/outbox.ts';
import type { OutgoingQueue } from '../../src/domain/ports/outgoing-queue.ts';
import type { Sender, SendReport, SendResult, SentMessage } from '../../src/domain/receiver.ts';
import { HOUR_MS } from '../../src/lib/clock.ts';
import { createLoop } from '../../src/outgoing/loop.ts';
import { createOutgoingWorker } from '../../src/outgoing/worker.ts';
import { message } from '../contract/outgoing.ts';
import { manualClock } from '../support/clock.ts';
import { LEASE_MS, sqliteOutbox } from '../support/outbox.ts';

const OK: SendResult = { kind: 'delivered' };
const BAD: SendResult = { kind: 'failed', failure: 'http_500' };

/** A running worker over a real store, with a clock of its own; `answer` plays the receivers. */
function running(
  t: Test,
  answer: (destination: string, sent: SentMessage) => SendResult | Promise<SendResult>,
  changes: (queue: OutgoingQueue) => Partial<OutgoingQueue> = () => ({}),
) {
  const clock = manualClock(1_000);
  const outbox = sqliteOutbox(t)();
  const sent: string[] = [];
  const reports: SendReport[] = [];
  const faults: unknown[] = [];
  let looks = 0;
  const sender: Sender = {
    async send(receiver, one) {
      const { url } = receiver as { url: string };
      sent.push(`${url} ${one.id}`);
      return answer(url, one);
    },
    close: async () => undefined,
  };
  const queue: OutgoingQueue = {
    ...outbox,
    dueDestinations() {
      looks += 1;
      return outbox.dueDestinations();
    },
  };
  const worker = createOutgoingWorker({
    queue: { ...queue, ...changes(queue) },
    sender,
    receiverOf: (destination) =>
      destination === 'removed' ? undefined : { kind: 'webhook', url: destination, secrets: [] },
    active: () => true,
    scheduleS: () => [5, 30],
    report: (report) => void reports.push(report),
    onFault: (error) => void faults.push(error),
    clock,
    random: () => 0.5,
  });
  t.teardown(async () => {
    const stopped = worker.stop();
    await clock.advance(10_000);
    await stopped;
    await outbox.close();
  });
  return { clock, outbox, worker, sent, reports, faults, looks: () => looks };
}

t.test('a due message is sent once, and a later one when it is due', async (t) => {
  const { clock, outbox, worker, sent, reports, looks } = running(t, () => OK);
  await outbox.enqueue([message({ id: 'msg_now' }), message({ id: 'msg_later', dueAt: 8_000 })]);
  worker.start();
  await clock.settle();
  t.strictSame(sent, ['ops msg_now']);
  await clock.advance(6_999);
  t.equal(sent.length, 1);
  await clock.advance(1);
  t.strictSame(sent.slice(1), ['ops msg_later']);
  t.match(reports, [{ destination: 'ops', message: 'msg_now', attempt: 1, result: 'delivered' }, {}]);
  t.strictSame(await outbox.dueDestinations(), []);
  const before = looks();
  await clock.advance(60_000);
  t.ok(looks() - before <= 5, 'an empty queue is looked at every 15 s');
});

t.test('a kick sends a message that was just stored', async (t) => {
  const { clock, outbox, worker, sent } = running(t, () => OK);
  worker.start();
  await clock.settle();
  await outbox.enqueue([message()]);
  worker.kick();
  await clock.advance(0);
  t.equal(sent.length, 1);
});

t.test('a failed message is sent again by the schedule until it is taken', async (t) => {
  const answers = [BAD, BAD, OK];
  const { clock, outbox, worker, sent, reports } = running(t, () => answers.shift() ?? OK);
  await outbox.enqueue([message({ id: 'msg_1' })]);
  worker.start();
  await clock.advance(4_999);
  t.equal(sent.length, 1);
  await clock.advance(1);
  t.equal(sent.length, 2);
  await clock.advance(30_000);
  t.strictSame(sent, ['ops msg_1', 'ops msg_1', 'ops msg_1']);
  t.strictSame(
    reports.map(({ attempt, result, failure }) => [attempt, result, failure]),
    [
      [1, 'failed', 'http_500'],
      [2, 'failed', 'http_500'],
      [3, 'delivered', undefined],
    ],
  );
});

t.test('a receiver that fails or hangs holds back no other, and gets one message at a time', async (t) => {
  const hanging = Promise.withResolvers<SendResult>();
  const { clock, outbox, worker, sent, looks } = running(t, (destination) =>
    destination === 'hangs' ? hanging.promise : destination === 'dead' ? BAD : OK,
  );
  const many = (destination: string) => Array.from({ length: 20 }, () => message({ destination }));
  await outbox.enqueue([...many('dead'), ...many('hangs'), ...many('fine')]);
  worker.start();
  await clock.advance(0);
  const to = (destination: string) => sent.filter((one) => one.startsWith(destination)).length;
  t.equal(to('fine'), 20);
  t.equal(to('hangs'), 4, 'few at a time');
  t.ok(to('dead') <= 6, `${to('dead')} tries before it is paused`);
  await clock.advance(60_000);
  t.ok(to('dead') < 15, `${to('dead')} tries of 20 messages in the first minute`);
  t.ok(looks() < 150, `${looks()} looks`);
  hanging.resolve(OK);
  await clock.advance(0);
  t.equal(to('hangs'), 20);
});

t.test('messages of one ordering key arrive in order, also when the first one fails', async (t) => {
  const answers = [BAD];
  const { clock, outbox, worker, sent } = running(t, () => answers.shift() ?? OK);
  const [first, second] = [message({ ordering: 'a' }), message({ ordering: 'a' })];
  await outbox.enqueue([first, second]);
  worker.start();
  await clock.advance(5_000);
  t.strictSame(sent, [`ops ${first.id}`, `ops ${first.id}`, `ops ${second.id}`]);
});

t.test('messages to a destination that is not configured here stay until they expire', async (t) => {
  const { clock, outbox, worker, sent, reports, looks } = running(t, () => OK);
  await outbox.enqueue([message({ destination: 'removed', expiresAt: 50_000 })]);
  worker.start();
  await clock.advance(48_000);
  t.equal((await outbox.destinationStates())[0]?.waiting, 1);
  t.ok(looks() < 8, `${looks()} looks`);
  await clock.advance(15_000);
  t.strictSame(reports, [{ destination: 'removed', result: 'dropped', count: 1, failure: 'expired' }]);
  t.strictSame(sent, []);
});

t.test('what a dead process was sending is sent when its lease runs out', async (t) => {
  const { clock, outbox, worker, sent } = running(t, () => OK);
  await outbox.enqueue([message({ id: 'msg_1' })]);
  await outbox.claimOutgoing('ops', 1, 1_000);
  worker.start();
  await clock.advance(LEASE_MS - 1);
  t.strictSame(sent, []);
  await clock.advance(1);
  t.strictSame(sent, ['ops msg_1']);
});

t.test('a fault of the storage is reported, and the worker goes on a second later', async (t) => {
  let fails = true;
  const { clock, outbox, worker, sent, faults, looks } = running(
    t,
    () => OK,
    ({ dueDestinations }) => ({
      dueDestinations: () => (fails ? Promise.reject(new StorageUnavailable('away')) : dueDestinations()),
    }),
  );
  await outbox.enqueue([message()]);
  worker.start();
  await clock.advance(3_000);
  t.ok(faults.length >= 3 && faults.length <= 5, `${faults.length} faults in three seconds`);
  fails = false;
  await clock.advance(1_000);
  t.equal(sent.length, 1);
  t.ok(looks() < 6);
});

t.test('a stop waits for tries under way, and not for ever', async (t) => {
  const { clock, outbox, worker } = running(t, () => new Promise(() => undefined));
  await outbox.enqueue([message()]);
  worker.start();
  await clock.settle();
  let stopped = false;
  void worker.stop().then(() => {
    stopped = true;
  });
  await clock.advance(4_999);
  t.equal(stopped, false);
  await clock.advance(1);
  t.equal(stopped, true);
});

t.test('a paused receiver is tried again after its pause when the wall clock is set back', async (t) => {
  let answer: SendResult = BAD;
  const expiresAt = 10 * HOUR_MS;
  const { clock, outbox, worker, sent } = running(t, () => answer);
  clock.jump(2 * HOUR_MS);
  await outbox.enqueue(['a', 'b', 'c'].map((id) => message({ id, dueAt: clock.now(), expiresAt })));
  worker.start();
  await clock.settle();
  t.equal(sent.length, 3);
  answer = OK;
  clock.jump(-HOUR_MS);
  await outbox.enqueue([message({ id: 'later', dueAt: clock.now(), expiresAt })]);
  worker.kick();
  await clock.advance(60_000);
  t.equal(sent.at(-1), 'ops later');
});

t.test('a loop keeps its shortest gap, and no longer one, when the wall clock is set forward or back', async (t) => {
  const clock = manualClock(HOUR_MS);
  let steps = 0;
  const loop = createLoop({
    async step() {
      steps += 1;
      return clock.now() + 10_000;
    },
    onFault: (error) => t.fail(String(error)),
    clock,
    gapMs: 1_000,
  });
  t.teardown(() => loop.stop());
  loop.start();
  for (const jump of [-HOUR_MS, HOUR_MS]) {
    await clock.settle();
    const before = steps;
    clock.jump(jump);
    loop.kick();
    await clock.advance(999);
    t.equal(steps, before);
    await clock.advance(1);
    t.equal(steps, before + 1);
  }
});
