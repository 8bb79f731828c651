import { join } from 'node:path';
import t, { type Test } from 'tap';
import { eventsOf } from '../simulator/harness.ts';
import { leadOf, NO_LIMITS, post } from '../support/caller.ts';
import { storedLeads } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { npmStart } from '../support/gateway.ts';
import { startProvider } from '../support/provider.ts';

/** A gateway under npm that is in the middle of a lead, whose caller waits. */
async function busyGateway(t: Test, delayMs = 1_500) {
  const folder = t.testdir();
  const database = join(folder, 'gateway.db');
  const provider = await startProvider(t);
  await provider.answer('delivered', { delayMs });
  const gateway = await npmStart(t, folder, { ...NO_LIMITS, ...provider.env, DATABASE_URL: `sqlite:${database}` });
  const events = await eventsOf(t, provider.simulator);
  const reply = post(gateway.url, leadOf(1));
  await events.next('conversation');
  return { gateway, database, reply };
}

const npmAlone = (pid: number): number => pid;
const wholeGroup = (pid: number): number => -pid;

for (const [title, signal, target, stopping, end] of [
  ['SIGTERM to npm', 'SIGTERM', npmAlone, { signal: 'SIGTERM' }, { code: 0 }],
  ['SIGINT to npm', 'SIGINT', npmAlone, { signal: 'SIGINT' }, { code: 0 }],
  ['Ctrl-C, which reaches the gateway twice,', 'SIGINT', wholeGroup, { signal: 'SIGINT' }, { code: 0 }],
  ['a closed terminal', 'SIGHUP', wholeGroup, { npmEnded: true }, { signal: 'SIGHUP' }],
  ['SIGHUP to npm', 'SIGHUP', npmAlone, { npmEnded: true }, { signal: 'SIGHUP' }],
] as const) {
  t.test(`${title} stops the gateway of npm start cleanly, and nothing is left running`, async (t) => {
    const { gateway, database, reply } = await busyGateway(t);
    process.kill(target(gateway.pid), signal);
    t.match(await gateway.ended, end);
    t.match(await reply, { status: 201 }, 'its caller still got an answer');
    t.match(
      gateway.lines.filter(({ event }) => event === 'stopping'),
      [stopping],
    );
    t.ok(gateway.lines.some(({ event }) => event === 'stopped'));
    t.match(storedLeads(database), [{ status: 'delivered', attempts: 1, leased: false }]);
  });
}

t.test('a gateway that is asked again and again does not wait for its leads', async (t) => {
  const { gateway } = await busyGateway(t, 9_000);
  let ended: Awaited<typeof gateway.ended> | undefined;
  void gateway.ended.then((how) => {
    ended = how;
  });
  await eventually('it ends', 8_000, () => {
    if (!ended) process.kill(gateway.pid, 'SIGTERM');
    return ended;
  });
  t.match(ended, { code: 1 });
  t.notOk(gateway.lines.some(({ event }) => event === 'stopped'));
});
