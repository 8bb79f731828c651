import t from 'tap';
import { call, control, documentOf, eventsOf, LEAD, simulatorFor } from './harness.ts';

t.test('a conversation is told when it arrives and again when its call is over', async (t) => {
  const simulator = await simulatorFor(t);
  const events = await eventsOf(t, simulator);
  await call(simulator.endpoint, documentOf(LEAD));
  t.match(await events.next('conversation'), { id: '1', data: { id: 1, firstName: 'Ann', durationMs: null } });
  t.match(await events.next('settled'), { data: { id: 1, durationMs: Number } });
});

t.test('a listener is first told what it missed', async (t) => {
  const simulator = await simulatorFor(t);
  for (let sent = 0; sent < 3; sent += 1) await call(simulator.endpoint, documentOf(LEAD));
  const fresh = await eventsOf(t, simulator, { since: 1 });
  t.match(await fresh.next('hello'), { data: { run: String } });
  t.match(await fresh.next('conversation'), { id: '2' });
  const resumed = await eventsOf(t, simulator, { since: 0, lastEventId: '2' });
  t.match(await resumed.next('conversation'), { id: '3' }, 'where a browser resumes, its own last id counts');
});

t.test('changes by the control API and an emptied inbox are told', async (t) => {
  const simulator = await simulatorFor(t);
  const events = await eventsOf(t, simulator);
  await control(simulator, 'POST', '/control/next', { fault: '503' });
  t.ok(await events.next('control'));
  await call(simulator.endpoint, documentOf(LEAD));
  t.ok(await events.next('control'), 'and that the queue moved on');
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

t.test('closing cuts listeners and calls under way, at once', async (t) => {
  const simulator = await simulatorFor(t);
  const events = await eventsOf(t, simulator);
  await control(simulator, 'POST', '/control/next', { fault: 'hang' });
  const hanging = call(simulator.endpoint, documentOf(LEAD));
  await events.next('conversation');
  await simulator.close();
  t.match(await hanging, { failure: 'ECONNRESET' });
  await t.rejects(events.next('conversation'));
});
