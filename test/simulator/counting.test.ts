import { request } from 'node:http';
import t from 'tap';
import { createCounters } from '../../src/simulator/counters.ts';
import { createStore, messageOf } from '../../src/simulator/messages.ts';
import { call, control, documentOf, eventsOf, LEAD, messagesOf, simulatorFor, totalsOf } from './harness.ts';

t.test(
  'a lead counts as received when its answer is a reset, and not when the reset comes before it is read',
  async (t) => {
    const simulator = await simulatorFor(t);
    await control(simulator, 'POST', '/control/next', { fault: 'reset_after_read', count: 2 });
    await control(simulator, 'POST', '/control/next', { fault: 'reset_before_read', count: 3 });
    for (let sent = 0; sent < 6; sent += 1) await call(simulator.endpoint, documentOf(LEAD));
    const { told } = await control(simulator, 'GET', '/control/counts?phone=%2B1%20404%20555%201212');
    t.strictSame(told, { received: 3, got: 3 }, 'two before a reset, and the one that succeeded');
    t.match(await totalsOf(simulator), {
      calls: 6,
      received: 3,
      byFault: { reset_after_read: 2, reset_before_read: 3 },
    });
  },
);

t.test('a body that is not sent whole is not received', async (t) => {
  const simulator = await simulatorFor(t);
  const body = documentOf(LEAD);
  const over = simulator.over();
  const outgoing = request(simulator.endpoint, {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/xml', 'content-length': body.length + 1 },
  });
  outgoing.on('error', () => undefined);
  outgoing.write(body, () => outgoing.destroy());
  t.match(await over, { answered: 'gone', received: false });
  t.match(await totalsOf(simulator), { calls: 1, received: 0, concurrent: 0 });
});

t.test('calls in flight are counted, and their maximum', async (t) => {
  const simulator = await simulatorFor(t);
  await control(simulator, 'POST', '/control/mode', { fault: 'hang' });
  const events = await eventsOf(t, simulator);
  const giveUp = new AbortController();
  const over = [simulator.over(), simulator.over(), simulator.over()];
  const calls = [1, 2, 3].map(() => call(simulator.endpoint, documentOf(LEAD), { signal: giveUp.signal }));
  for (const _ of calls) await events.next('conversation');
  t.match(await totalsOf(simulator), { concurrent: 3, maxConcurrent: 3, received: 3 });
  giveUp.abort();
  await Promise.all([...calls, ...over]);
  t.match(await totalsOf(simulator), { concurrent: 0, maxConcurrent: 3 });
});

t.test('the same lead has the same fingerprint with any credentials, and another lead has another one', async (t) => {
  const of = (changes: Record<string, string>) =>
    messageOf(1, 0, { ...LEAD, ...changes }, 'delivered', true).fingerprint;
  t.equal(of({}), of({ Password: 'rotated', UserName: 'other' }));
  t.equal(of({}), messageOf(1, 0, Object.fromEntries(Object.entries(LEAD).reverse()), '503', false).fingerprint);
  t.not(of({}), of({ ConsumerQuestion: 'Is it still available' }));
  t.not(of({}), of({ ConsumerPhoneNumber: '4045551213' }));
});

t.test('the inbox drops the oldest messages, and the counters keep counting them', async (t) => {
  const simulator = await simulatorFor(t, { capacity: 3 });
  for (let sent = 0; sent < 5; sent += 1) await call(simulator.endpoint, documentOf(LEAD));
  t.strictSame(
    (await messagesOf(simulator)).map(({ id }) => id),
    [3, 4, 5],
  );
  const { told } = await control(simulator, 'GET', '/messages?since=4');
  t.match(told, { lastId: 5, messages: [{ id: 5 }] });
  const counts = await control(simulator, 'GET', '/control/counts');
  const fingerprint = String((await messagesOf(simulator))[0]?.fingerprint);
  t.strictSame(counts.told, {
    phones: { 14045551212: { received: 5, got: 5 } },
    fingerprints: { [fingerprint]: { received: 5, got: 5 } },
  });
});

t.test('the ring buffer gives the messages newer than an id in every fill state', async (t) => {
  const message = (id: number) => messageOf(id, 0, {}, 'delivered', true);
  for (const added of [0, 1, 3, 4, 5, 6, 7, 11]) {
    const store = createStore(4);
    for (let id = 1; id <= added; id += 1) store.add(message(id));
    const all = Array.from({ length: added }, (_, index) => index + 1);
    for (const since of [0, 2, added - 1, added])
      t.strictSame(
        store.since(since).map(({ id }) => id),
        all.slice(-4).filter((id) => id > since),
        `${added} added, since ${since}`,
      );
  }
  const store = createStore(2);
  for (const id of [1, 2, 3]) store.add(message(id));
  store.clear();
  store.add(message(4));
  t.strictSame(
    store.since(0).map(({ id }) => id),
    [4],
  );
});

t.test('a hundred thousand calls are counted exactly by number', async (t) => {
  const counters = createCounters();
  for (let sent = 0; sent < 100_000; sent += 1) {
    counters.arrive();
    counters.receive(`1404555${sent % 10_000}`, String(sent), sent % 2 === 0);
    counters.leave();
  }
  t.match(counters.totals(), { calls: 100_000, received: 100_000, got: 50_000, phones: 10_000, maxConcurrent: 1 });
  t.strictSame(counters.ofPhone('14045554'), { received: 10, got: 10 });
  t.strictSame(counters.ofPhone('14045555'), { received: 10, got: 0 });
  t.strictSame(counters.ofPhone('1'), { received: 0, got: 0 });
});
