import { request } from 'node:http';
import t from 'tap';
import { createCounters } from '../../src/simulator/counters.ts';
import { createStore, messageOf } from '../../src/simulator/messages.ts';
import {
  call,
  control,
  documentOf,
  eventsOf,
  LEAD,
  messagesOf,
  simulatorFor,
  totalsOf,
} from '../support/simulator/harness.ts';

t.test('queued faults answer the next calls in their order, then the default applies again', async (t) => {
  const simulator = await simulatorFor(t);
  await control(simulator, 'POST', '/control/next', { fault: '503', count: 2 });
  const { status, told } = await control(simulator, 'POST', '/control/next', { fault: '429_seconds', retryAfter: 9 });
  t.equal(status, 200);
  t.strictSame(told.queue, [
    { fault: '503', count: 2 },
    { fault: '429_seconds', retryAfter: 9, count: 1 },
  ]);
  const statuses = [];
  for (let sent = 0; sent < 4; sent += 1) statuses.push((await call(simulator.endpoint, documentOf(LEAD))).status);
  t.strictSame(statuses, [503, 503, 429, 200]);
});

t.test('a default fault answers all calls but those of a number with its own fault', async (t) => {
  const simulator = await simulatorFor(t);
  const { told } = await control(simulator, 'POST', '/control/mode', { fault: '503', delayMs: 1 });
  t.strictSame(told.mode, { fault: '503', delayMs: 1 });
  t.equal((await call(simulator.endpoint, documentOf(LEAD))).status, 503);
  t.equal((await call(simulator.endpoint, documentOf({ ...LEAD, ConsumerPhoneNumber: '4045552025' }))).status, 401);
  await control(simulator, 'DELETE', '/control/plan');
  t.equal((await call(simulator.endpoint, documentOf(LEAD))).status, 200);
});

t.test('an ordered delay does not delay the counters', async (t) => {
  const simulator = await simulatorFor(t);
  await control(simulator, 'POST', '/control/mode', { delayMs: 600_000 });
  const events = await eventsOf(t, simulator);
  const giveUp = new AbortController();
  const over = simulator.over();
  const late = call(simulator.endpoint, documentOf(LEAD), { signal: giveUp.signal });
  await events.next('conversation');
  t.match(await messagesOf(simulator), [{ fault: 'delivered', got: true, durationMs: null }]);
  giveUp.abort();
  t.match(await late, { failure: 'ABORT_ERR' });
  t.match(await over, { answered: 'delivered', received: true });
});

t.test('the inbox can be emptied, and a reset keeps only credentials and rules', async (t) => {
  const simulator = await simulatorFor(t, { strict: { order: 'documented' } });
  await call(simulator.endpoint, documentOf(LEAD));
  await control(simulator, 'DELETE', '/control/messages');
  t.strictSame(await messagesOf(simulator), []);
  t.match(await totalsOf(simulator), { calls: 1, received: 1 }, 'the counters stay');

  await control(simulator, 'POST', '/control/mode', { fault: '503' });
  await control(simulator, 'POST', '/control/next', { fault: '503' });
  const { told } = await control(simulator, 'DELETE', '/control');
  t.match(told, {
    mode: { fault: 'delivered' },
    queue: [],
    rules: { order: 'documented' },
    totals: { calls: 0, received: 0, got: 0, byFault: {}, refused: {}, phones: 0 },
  });
});

t.test('the table of faults can be read, with the number of each', async (t) => {
  const simulator = await simulatorFor(t);
  const { told } = await control(simulator, 'GET', '/control/faults');
  t.match(told, [{ name: 'delivered', phone: '+14045552000', got: true, summary: 'Success' }]);
});

t.test('invalid input is refused with the valid form, and changes nothing', async (t) => {
  const simulator = await simulatorFor(t);
  const before = await control(simulator, 'GET', '/control');
  const cases: [path: string, body: unknown, error: RegExp][] = [
    ['/control/next', { fault: 'constructor' }, /^fault: one of/],
    ['/control/next', { fault: 5 }, /^fault: one of/],
    ['/control/next', { fault: '503', count: 0 }, /^count: an integer from 1/],
    ['/control/next', { fault: '503', count: '2' }, /^count: an integer/],
    ['/control/next', { fault: '503', delayMs: -1 }, /^delayMs: an integer from 0/],
    ['/control/next', { fault: '503', retryAfter: 0.5 }, /^retryAfter: an integer/],
    ['/control/next', { fault: '503', times: 2 }, /^the body: no keys but fault, delayMs, retryAfter, count/],
    ['/control/next', '{"__proto__":{}}', /^the body: no keys but/],
    ['/control/next', '{', /^the body: a JSON object/],
    ['/control/next', '[]', /^the body: a JSON object/],
    ['/control/next', 'null', /^the body: a JSON object/],
    ['/control/mode', { fault: '503', count: 2 }, /^the body: no keys but fault, delayMs, retryAfter$/],
    ['/control/credentials', { providerId: 5, username: 'a' }, /^providerId, username and password/],
    ['/control/credentials', { providerId: '5', username: 'a', password: 'b' }, /^providerId: an integer/],
    ['/control/rules', { order: 'random' }, /^order: one of off, documented, alphabetical/],
    ['/control/rules', { root: 5 }, /^root: a text/],
    ['/control/rules', { textXmlOnly: 'yes' }, /^textXmlOnly: true or false/],
  ];
  for (const [path, body, error] of cases) {
    const { status, told } = await control(simulator, 'POST', path, body);
    t.equal(status, 400, `${path} ${JSON.stringify(body)}`);
    t.match(told.error, error);
  }
  t.strictSame(await control(simulator, 'GET', '/control'), before);
});

t.test('a page of another origin cannot order faults: only application/json is accepted', async (t) => {
  const simulator = await simulatorFor(t);
  const reply = await call(`${simulator.controlUrl}/mode`, '{"fault":"503"}', {
    headers: { 'content-type': 'text/plain' },
  });
  t.equal(reply.status, 415);
  const large = await control(simulator, 'POST', '/control/mode', { fault: 'x'.repeat(20_000) });
  t.equal(large.status, 413);
  t.equal((await control(simulator, 'GET', '/control/next')).status, 404);
  t.equal((await control(simulator, 'DELETE', '/control/faults')).status, 404);
  t.match((await control(simulator, 'GET', '/control')).told, { mode: { fault: 'delivered' } });
});

t.test('a conversation is an event when it arrives and again when its call ends', async (t) => {
  const simulator = await simulatorFor(t);
  const events = await eventsOf(t, simulator);
  await call(simulator.endpoint, documentOf(LEAD));
  t.match(await events.next('conversation'), { id: '1', data: { id: 1, firstName: 'Ann', durationMs: null } });
  t.match(await events.next('settled'), { data: { id: 1, durationMs: Number } });
});

t.test('a listener first receives the events that it missed', async (t) => {
  const simulator = await simulatorFor(t);
  for (let sent = 0; sent < 3; sent += 1) await call(simulator.endpoint, documentOf(LEAD));
  const fresh = await eventsOf(t, simulator, { since: 1 });
  t.match(await fresh.next('hello'), { data: { run: String } });
  t.match(await fresh.next('conversation'), { id: '2' });
  const resumed = await eventsOf(t, simulator, { since: 0, lastEventId: '2' });
  t.match(
    await resumed.next('conversation'),
    { id: '3' },
    'for a browser that resumes, Last-Event-ID takes precedence',
  );
});

t.test('changes by the control API and an emptied inbox are events', async (t) => {
  const simulator = await simulatorFor(t);
  const events = await eventsOf(t, simulator);
  await control(simulator, 'POST', '/control/next', { fault: '503' });
  t.ok(await events.next('control'));
  await call(simulator.endpoint, documentOf(LEAD));
  t.ok(await events.next('control'), 'and the queue has advanced');
  await control(simulator, 'DELETE', '/control/messages');
  t.ok(await events.next('cleared'));
});

t.test('hostile text cannot forge an event', async (t) => {
  const simulator = await simulatorFor(t);
  const events = await eventsOf(t, simulator);
  const question = 'a\n\nevent: cleared\ndata: null\n\n\u2028b';
  await call(simulator.endpoint, documentOf({ ...LEAD, ConsumerQuestion: question }));
  t.match(await events.next('conversation'), { data: { question } });
});

t.test('closing disconnects listeners and calls in flight at once', async (t) => {
  const simulator = await simulatorFor(t);
  const events = await eventsOf(t, simulator);
  await control(simulator, 'POST', '/control/next', { fault: 'hang' });
  const hanging = call(simulator.endpoint, documentOf(LEAD));
  await events.next('conversation');
  await simulator.close();
  t.match(await hanging, { failure: 'ECONNRESET' });
  await t.rejects(events.next('conversation'));
});

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

t.test('an incomplete body does not count as received', async (t) => {
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

t.test('calls in flight and their maximum are counted', async (t) => {
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
