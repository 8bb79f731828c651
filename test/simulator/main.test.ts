import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { nodeCommand } from '../support/node-command.ts';
import { call, documentOf, LEAD, simulatorFor } from './harness.ts';

const MAIN = path.join(import.meta.dirname, '../../src/simulator/main.ts');

function start(t: Test, env: Record<string, string>) {
  const child = spawn(...nodeCommand(MAIN), { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  return { child, exit };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  t.test(`started, it says in three lines where it is, and stops at once on ${signal}`, async (t) => {
    const { child, exit } = start(t, {
      SIMULATOR_PORT: '0',
      SIMULATOR_PROVIDER_ID: '7',
      SIMULATOR_USERNAME: 'ann',
      SIMULATOR_PASSWORD: 'canary-secret',
    });
    const lines: string[] = [];
    for await (const line of createInterface(child.stdout)) {
      lines.push(line);
      if (lines.length === 3) break;
    }
    t.match(lines[0], /^Provider {2}http:\/\/127\.0\.0\.1:\d+\/MobileTextConnectRestService\.svc\/Initiate/);
    t.equal(lines[1], 'Accepts   provider 7, user ann');
    t.match(lines[2], /^Inbox {5}http:\/\/127\.0\.0\.1:\d+\/$/);
    t.notMatch(lines.join(), 'canary-secret');

    const endpoint = String(lines[0]?.split(/\s+/)[1]);
    const lead = { ...LEAD, ProviderId: '7', UserName: 'ann', Password: 'canary-secret' };
    t.match((await call(endpoint, documentOf(lead))).body.toString(), '<Status>Success</Status>');
    const hanging = call(endpoint, documentOf({ ...lead, ConsumerPhoneNumber: '4045552070' }));
    child.kill(signal);
    t.strictSame(await exit, [0, null], 'a call under way does not hold it up');
    t.ok((await hanging).failure);
  });
}

t.test('what it cannot start with is said in one line, and it exits 1', async (t) => {
  const taken = new URL((await simulatorFor(t)).endpoint).port;
  const cases: [env: Record<string, string>, said: RegExp][] = [
    [{ SIMULATOR_PORT: taken }, /^The simulator cannot start: listen EADDRINUSE.*\n$/],
    [{ SIMULATOR_PORT: '80x' }, /^The simulator cannot start: SIMULATOR_PORT must be an integer from 0 to 65535\n$/],
    [{ SIMULATOR_PORT: '0', SIMULATOR_PROVIDER_ID: '-1' }, /^The simulator cannot start: SIMULATOR_PROVIDER_ID must/],
  ];
  for (const [env, said] of cases) {
    const { child, exit } = start(t, env);
    t.match(await text(child.stderr), said);
    t.strictSame(await exit, [1, null]);
  }
});
