import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { leadOf, NO_LIMITS, phoneOf, read, send } from '../support/caller.ts';
import { soundFile } from '../support/config/load.ts';
import { storedLeads } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { type Line, startGateway } from '../support/gateway.ts';
import { memoryFolder } from '../support/memory-folder.ts';
import { startProvider } from '../support/provider.ts';
import { eventsOf } from '../support/simulator/harness.ts';
import { slowDisk } from '../support/slow-disk.ts';

/*
 * What the process stands on fails for a while: the clock, the name server, the log's reader, file descriptors, or the processor
 * itself. Each may end in late answers or 503. No process dies, and no lead gets a wrong state.
 */

t.setTimeout(60_000);

const ALTERED = 'test/support/altered-start.ts';
async function setup(t: Test, env: Record<string, string> = {}, program?: string, openFiles?: number) {
  const provider = await startProvider(t);
  const database = join(memoryFolder(t), 'gateway.db');
  const gateway = await startGateway(
    t,
    { ...NO_LIMITS, ...provider.env, DATABASE_URL: `sqlite:${database}`, ...env },
    program,
    openFiles,
  );
  return { provider, gateway, url: gateway.url, states: () => storedLeads(database).map(({ status }) => status) };
}

t.test('a wall clock that is set forward and back by an hour changes no lead and prolongs no limit', async (t) => {
  const limit = { RATE_LIMIT_MAX: '4', RATE_LIMIT_WINDOW_S: '60' };
  const { provider, gateway, url, states } = await setup(t, { ...limit, UNKNOWN_OUTCOME: 'hold' }, ALTERED);
  await provider.answer('delivered', { delayMs: 300 });
  const events = await eventsOf(t, provider.simulator);
  for (const n of [1, 3]) {
    const underWay = send(url, leadOf(n));
    await events.next('conversation');
    process.kill(gateway.pid, 'SIGWINCH');
    // Makes the worker look for leases that ran out.
    const next = send(url, leadOf(n + 1));
    t.match([await underWay, await next], [{ status: 201 }, { status: 201 }]);
    t.match(await provider.ofPhone(phoneOf(n)), { received: 1 });
  }
  const limited = await send(url, leadOf(5));
  t.equal(limited.status, 429);
  t.ok(Number(limited.headers.get('retry-after')) <= 60, 'the window ends in its own time');
  t.strictSame(states(), ['delivered', 'delivered', 'delivered', 'delivered']);
  t.equal((await read(url, '/readyz')).status, 200);
  t.equal((await gateway.end('SIGTERM')).code, 0);
});

t.test('a name that is never resolved delays the leads of its account alone', async (t) => {
  const provider = await startProvider(t);
  const folder = memoryFolder(t);
  const file = soundFile();
  const { PROVIDER_ID: id, PROVIDER_USERNAME: username, PROVIDER_PASSWORD: password, UPSTREAM_URL } = provider.env;
  const account = { providerId: Number(id), username, password };
  const open = { ...file.sites.motors, origins: ['*'] };
  Object.assign(file.sites, { motors: open, away: { ...open, provider: 'away' } });
  Object.assign(file.providers, {
    main: { ...account, url: UPSTREAM_URL },
    away: { ...account, url: 'https://provider.hangs.test/' },
  });
  const config = join(folder, 'config.json');
  writeFileSync(config, JSON.stringify(file));
  const gateway = await startGateway(
    t,
    {
      ...NO_LIMITS,
      NODE_ENV: 'development',
      CONFIG_FILE: config,
      DATABASE_URL: `sqlite:${join(folder, 'gateway.db')}`,
      UPSTREAM_TIMEOUT_MS: '1000',
    },
    ALTERED,
  );
  const away = Array.from({ length: 8 }, (_, n) => send(gateway.url, leadOf(n, { site: 'away' })));
  t.match(await send(gateway.url, leadOf(20, { site: 'motors' })), { status: 201 });
  for (const reply of await Promise.all(away)) t.match(reply, { status: 202, body: { status: 'queued' } });
  const isAway = ({ event, provider }: Line): boolean => event === 'attempt' && provider === 'away';
  await gateway.line(isAway);
  for (const attempt of gateway.lines.filter(isAway)) t.match(attempt, { class: 'not_sent', cause: 'connect_timeout' });
  t.match(await send(gateway.url, leadOf(21, { site: 'motors' })), { status: 201 });
  t.equal((await gateway.end('SIGTERM')).code, 0);
});

const disk = slowDisk(t);

t.test(
  'while each commit takes longer than a call may, leads are late, and each is delivered once',
  { skip: disk ? false : 'needs a C compiler' },
  async (t) => {
    if (!disk) return;
    const { provider, gateway, url, states } = await setup(t, {
      ...disk.env,
      UPSTREAM_TIMEOUT_MS: '600',
      UNKNOWN_OUTCOME: 'hold',
    });
    await provider.answer('delivered', { delayMs: 50 });
    disk.begin();
    const first = send(url, leadOf(0));
    const others = Array.from({ length: 2 }, (_, n) => send(url, leadOf(n + 1)));
    for (const reply of await Promise.all([first, ...others])) t.match(reply, { status: 201 });
    disk.end();
    t.strictSame(new Set(states()), new Set(['delivered']));
    for (let n = 0; n < 3; n += 1) t.match(await provider.ofPhone(phoneOf(n)), { received: 1 });
    t.equal((await gateway.end('SIGTERM')).code, 0);
  },
);

t.test('a process that stands still for longer than a call may take reads the answer that lies ready', async (t) => {
  const { provider, gateway, url, states } = await setup(t, { UPSTREAM_TIMEOUT_MS: '1000', UNKNOWN_OUTCOME: 'hold' });
  await provider.answer('delivered', { delayMs: 300 });
  const events = await eventsOf(t, provider.simulator);
  const underWay = send(url, leadOf(1));
  await events.next('conversation');
  process.kill(gateway.pid, 'SIGSTOP');
  await new Promise((resume) => setTimeout(resume, 1_300));
  process.kill(gateway.pid, 'SIGCONT');
  t.match(await underWay, { status: 201, body: { status: 'delivered' } });
  t.strictSame(states(), ['delivered']);
  t.match(await provider.ofPhone(phoneOf(1)), { received: 1 });
});

t.test('a reader of the log that stops reading delays no lead and no stop', async (t) => {
  const { gateway, url, states } = await setup(t);
  gateway.pauseReading();
  // A pipe holds 64 KiB, and each lead writes two lines of some 400 bytes.
  const leads = 150;
  for (let n = 0; n < leads; n += 10) {
    const replies = await Promise.all(Array.from({ length: 10 }, (_, k) => send(url, leadOf(n + k))));
    for (const { status } of replies) if (status !== 201) t.fail(`${status}`);
  }
  t.strictSame(new Set(states()), new Set(['delivered']));
  process.kill(gateway.pid, 'SIGTERM');
  t.equal(await gateway.exited, 0);
});

t.test('with 256 file descriptors the connections of visitors leave room for calls to the provider', async (t) => {
  const { provider, gateway, url } = await setup(t, {}, undefined, 256);
  t.match(await gateway.line(({ setting }) => setting === 'MAX_CONNECTIONS'), { event: 'setting', msg: /takes 192/ });
  const caller = new URL(url);
  const sockets: Socket[] = [];
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  const first = connect(Number(caller.port), caller.hostname);
  sockets.push(first);
  await once(first, 'connect');
  let dropped = 0;
  for (let n = 0; n < 300; n += 1) {
    const socket = connect(Number(caller.port), caller.hostname);
    socket.on('error', () => undefined).on('close', () => (dropped += 1));
    sockets.push(socket);
  }
  await eventually('the connections beyond the limit are closed', 5_000, () =>
    dropped >= 300 - 192 ? true : undefined,
  );
  const body = JSON.stringify(leadOf(1));
  first.write(
    `POST /conversations HTTP/1.1\r\nhost: gateway.test\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  const [answer] = await once(first, 'data');
  t.match(String(answer), /^HTTP\/1\.1 201 /);
  t.match(await provider.ofPhone(phoneOf(1)), { received: 1 });
  for (const socket of sockets) socket.destroy();
  await eventually('new connections are taken again', 5_000, async () =>
    (await read(url, '/healthz').catch(() => undefined))?.status === 200 ? true : undefined,
  );
});
