import type { Test } from 'tap';
import t from 'tap';
import { StorageUnavailable } from '../../src/domain/ports/outbox.ts';
import { NOON } from '../support/admin/operations.ts';
import { terminalOver, type as typeWithoutStore } from '../support/cli/terminal.ts';

/** Commands beside a process of the gateway that reported a moment ago. */
async function besideProcess(t: Test, breakers: Readonly<Record<string, 'open'>> = {}) {
  const terminal = terminalOver(t);
  const state = { version: '1.0.0', startedAt: NOON, seenAt: NOON, breakers, settingsRefused: false };
  await terminal.outbox.recordActivity(state, [], { forgetBefore: 0, goneBefore: 0 });
  return terminal;
}

t.test('with all well one sentence says so, and the exit code is 0', async (t) => {
  const { type, store } = await besideProcess(t);
  await store('delivered');
  t.strictSame(await type('doctor'), { code: 0, out: 'All leads flow.\n', err: '' });
  t.strictSame(JSON.parse((await type('doctor --json')).out), { state: 'well', findings: [] });
});

t.test('a lead that needs an operator is a warning with the command that sends it, which works', async (t) => {
  const { type, store, statusOf } = await besideProcess(t);
  const id = await store('parked');
  const { code, out } = await type('doctor');
  t.equal(code, 1);
  t.match(
    out,
    /^WARNING {2}1 lead of the account default waits for an operator \(schedule: .* Since 2026-11-24T12:00:00/,
  );
  t.match(out, /docs\/operations\.md#leads-that-wait-for-an-operator/);
  const command = /npm run -s gateway -- (.*) --dry-run/.exec(out)?.[1] ?? '';
  t.equal((await type(`${command} --yes`)).code, 0);
  t.equal(await statusOf(id), 'queued');
});

t.test('an open breaker of a process is an alarm, and the exit code is 2', async (t) => {
  const { type } = await besideProcess(t, { 'https://na.example': 'open' });
  const { code, out } = await type('doctor --json');
  t.equal(code, 2);
  t.match(JSON.parse(out), {
    state: 'alarm',
    findings: [{ severity: 'alarm', text: /^The provider at https:\/\/na\.example takes no leads/ }],
  });
});

t.test('a site that fell silent is a warning, and the exit code is 1', async (t) => {
  const { type, outbox } = await besideProcess(t);
  const hour = Math.floor(NOON / 3_600_000);
  const hours = Array.from({ length: 5 * 168 }, (_, n) => hour - n).flatMap((at) => [
    { site: '*ran', hour: at, count: 60 },
    { site: 'removed', hour: at - 20, count: 90 },
    { site: 'demo', hour: at - 20, count: 90 },
  ]);
  await outbox.addSiteHours(hours, [], 0);
  while ((await outbox.learnSiteHours(hour, 0)) > 0);
  const { code, out } = await type('doctor');
  t.equal(code, 1);
  t.match(
    out,
    /^WARNING {2}The site demo sends nothing, and usually sends about 1,620 leads in such a time\. Since 2026-11-23T17:00:00/,
  );
  t.match(out, /docs\/operations\.md#a-site-fell-silent/);
});

t.test('without any process that runs it is an alarm', async (t) => {
  const { type } = terminalOver(t);
  t.match(await type('doctor'), { code: 2, out: /^ALARM {2}No process of the gateway has reported/ });
});

t.test('a database that cannot be read is an alarm, too', async (t) => {
  const open = () => Promise.reject(new StorageUnavailable('the disk is full'));
  t.match(await typeWithoutStore('doctor', {}, open), {
    code: 2,
    out: /^ALARM {2}The storage fails, and new leads are answered 503: the disk is full/,
  });
});
