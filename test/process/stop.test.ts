import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import t, { type Test } from 'tap';
import { leadOf, NO_LIMITS, phoneOf, post, type Reply } from '../support/caller.ts';
import { integrityOf, type StoredLead, storedLeads } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { npmStart, startGateway } from '../support/gateway.ts';
import { memoryFolder } from '../support/memory-folder.ts';
import { startProvider } from '../support/provider.ts';
import { type Random, seeded } from '../support/random.ts';
import { chosenSeed, scaled } from '../support/scale.ts';
import { eventsOf } from '../support/simulator/harness.ts';

const STOPS = scaled(2, 50);
const CALLERS = 8;

const seed = chosenSeed();
t.comment(`SEED=${seed}`);
t.setTimeout(scaled(320_000, 1_200_000));

async function setup(t: Test, changes: Record<string, string>) {
  const provider = await startProvider(t);
  const database = join(memoryFolder(t), 'gateway.db');
  const env = { ...NO_LIMITS, ...provider.env, DATABASE_URL: `sqlite:${database}`, ...changes };
  return { provider, database, start: () => startGateway(t, env) };
}

/** Sends leads until no answer comes any more, calls `onReply` for each answer, and returns the answers by number of lead. */
async function postUntilRefused(url: string, first: number, onReply: () => void): Promise<Map<number, Reply>> {
  const replies = new Map<number, Reply>();
  let n = first;
  const call = async (): Promise<void> => {
    for (;;) {
      const lead = n++;
      const reply = await post(url, leadOf(lead));
      if (!reply) return;
      replies.set(lead, reply);
      onReply();
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, call));
  return replies;
}

/** Sends SIGTERM at a random moment after `answers` answers. */
async function stopUnderLoad(
  gateway: Awaited<ReturnType<typeof startGateway>>,
  first: number,
  { answers, random }: { answers: number; random: Random },
) {
  let left = answers;
  let stopping: Promise<{ code: number | null }> | undefined;
  const stop = async () => {
    for (let turns = random.below(400); turns > 0; turns -= 1) await new Promise((next) => setImmediate(next));
    return gateway.end('SIGTERM');
  };
  const replies = await postUntilRefused(gateway.url, first, () => {
    left -= 1;
    if (left <= 0) stopping ??= stop();
  });
  return { replies, ended: await stopping };
}

const without = (leads: readonly StoredLead[], ids: ReadonlySet<unknown>) =>
  [...ids].filter((id) => !leads.some((lead) => lead.id === id));

for (const [kind, delayMs, waitMs] of [
  ['whose callers wait for the provider', 30, 4_000],
  ['that goes on behind answered callers', 600, 50],
] as const) {
  t.test(`SIGTERM during work ${kind} loses no lead`, async (t) => {
    const { provider, database, start } = await setup(t, { DELIVER_WAIT_MS: String(waitMs) });
    await provider.answer('delivered', { delayMs });
    const random = seeded(seed);
    const acknowledged = new Map<number, unknown>();
    for (let stop = 0; stop < STOPS; stop += 1) {
      const { replies, ended } = await stopUnderLoad(await start(), stop * 10_000, { answers: 20, random });
      t.equal(ended?.code, 0, 'it ended within its grace period (`src/main.ts`)');
      for (const [n, { status, body }] of replies) {
        if (status === 201 || status === 202) acknowledged.set(n, body.id);
        else t.fail(`a lead was answered ${status}`);
      }
      const stored = storedLeads(database);
      t.strictSame(without(stored, new Set(acknowledged.values())), [], 'every acknowledged id is stored');
      t.notOk(
        stored.some(({ leased }) => leased),
        'nothing is left leased',
      );
      t.ok(
        stored.every(({ status, attempts }) => status === 'delivered' && attempts === 1),
        'what had begun was finished',
      );
    }
    t.equal(integrityOf(database), 'ok');
    const calls = await provider.byPhone();
    t.ok(
      [...acknowledged.keys()].every((n) => calls[phoneOf(n)]?.received === 1),
      'no lead was sent twice',
    );
  });
}

t.test('a hanging provider delays the stop by no more than its time-out', async (t) => {
  const { provider, database, start } = await setup(t, { UPSTREAM_TIMEOUT_MS: '1500', UNKNOWN_OUTCOME: 'hold' });
  await provider.answer('hang');
  const gateway = await start();
  const events = await eventsOf(t, provider.simulator);
  const reply = post(gateway.url, leadOf(1));
  await events.next('conversation');
  t.equal((await gateway.end('SIGTERM')).code, 0, 'it ended within its grace period; otherwise the code is 1');
  t.match(await reply, { status: 202, body: { status: 'queued' } }, 'the waiting request still got an answer');
  t.match(storedLeads(database), [{ status: 'unknown', attempts: 1, leased: false }]);
});

t.test('leads that become due during the stop are left for the next process, which delivers them', async (t) => {
  const { provider, database, start } = await setup(t, { RETRY_SCHEDULE_S: '4', DELIVER_WAIT_MS: '8000' });
  const gateway = await start();
  await provider.answer('503');
  await Promise.all(Array.from({ length: 3 }, (_, n) => post(gateway.url, leadOf(n))));
  await provider.answer('delivered', { delayMs: 6_000 });
  const waiting = post(gateway.url, leadOf(9));
  await eventually('its call is out', 5_000, async () => (await provider.ofPhone(phoneOf(9))).received || undefined);
  t.equal((await gateway.end('SIGTERM')).code, 0);
  t.match(await waiting, { status: 201 });
  t.match(
    storedLeads(database).map(({ status, attempts }) => `${status} ${attempts}`),
    ['queued 1', 'queued 1', 'queued 1', 'delivered 1'],
  );
  t.notOk(storedLeads(database).some(({ leased }) => leased));
  await provider.answer('delivered');
  await start();
  await eventually('they are delivered', 30_000, () =>
    storedLeads(database).every(({ status }) => status === 'delivered') ? true : undefined,
  );
  t.equal(storedLeads(database).length, 4);
});

/** The beginnings of requests that are never completed. */
const UNFINISHED = {
  'no byte': '',
  'half a header': 'POST /conversations HTTP/1.1\r\nho',
  'half a body':
    'POST /conversations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{"site":',
};

/** Sends the bytes on their own connection and nothing after them. */
async function fallSilent(t: Test, socket: Socket, opened: string, text: string): Promise<void> {
  t.teardown(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, opened);
  if (text) await new Promise<void>((sent) => socket.write(text, () => sent()));
}

t.test('a stop closes silent connections on both listeners and answers a waiting request', async (t) => {
  const token = 'admin-token-'.repeat(3);
  const { provider, start } = await setup(t, { ADMIN_PORT: '0', ADMIN_TOKEN: token });
  await provider.answer('delivered', { delayMs: 3_000 });
  const gateway = await start();
  const { adminUrl } = await gateway.line(({ event }) => event === 'started');
  for (const url of [gateway.url, String(adminUrl)])
    for (const text of Object.values(UNFINISHED))
      await fallSilent(t, connect(Number(new URL(url).port), '127.0.0.1'), 'connect', text);
  const events = await eventsOf(t, provider.simulator);
  const reply = post(gateway.url, leadOf(1));
  await events.next('conversation');
  t.equal((await gateway.end('SIGTERM')).code, 0, 'it ended within its grace period; otherwise the code is 1');
  t.match(await reply, { status: 201 });
});

t.test('a stop closes silent TLS connections, before and after their handshake', async (t) => {
  const { start } = await setup(t, {
    TLS_CERT_FILE: 'test/fixtures/tls/first.test-cert.pem',
    TLS_KEY_FILE: 'test/fixtures/tls/first.test-key.pem',
  });
  const gateway = await start();
  const port = Number(new URL(gateway.url).port);
  await fallSilent(t, connect(port, '127.0.0.1'), 'connect', '');
  for (const text of Object.values(UNFINISHED))
    await fallSilent(t, connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }), 'secureConnect', text);
  t.equal((await gateway.end('SIGTERM')).code, 0, 'it ended within its grace period; otherwise the code is 1');
});

/** A gateway started by npm, with one request that waits for the provider. */
async function busyGateway(t: Test) {
  const folder = memoryFolder(t);
  const database = join(folder, 'gateway.db');
  const provider = await startProvider(t);
  await provider.answer('delivered', { delayMs: 1_500 });
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
  ['Ctrl-C, which reaches the gateway twice,', 'SIGINT', wholeGroup, { signal: 'SIGINT' }, { code: 0 }],
  ['a closed terminal', 'SIGHUP', wholeGroup, { npmEnded: true }, { signal: 'SIGHUP' }],
  ['SIGHUP to npm', 'SIGHUP', npmAlone, { npmEnded: true }, { signal: 'SIGHUP' }],
] as const) {
  t.test(`${title} stops the gateway of npm start cleanly, and nothing is left running`, async (t) => {
    const { gateway, database, reply } = await busyGateway(t);
    process.kill(target(gateway.pid), signal);
    t.match(await gateway.ended, end);
    t.match(await reply, { status: 201 }, 'the waiting request still got an answer');
    t.match(
      gateway.lines.filter(({ event }) => event === 'stopping'),
      [stopping],
    );
    t.ok(gateway.lines.some(({ event }) => event === 'stopped'));
    t.match(storedLeads(database), [{ status: 'delivered', attempts: 1, leased: false }]);
  });
}

t.test('a second signal, more than a second after the first, ends the gateway at once', async (t) => {
  const { provider, start } = await setup(t, {});
  await provider.answer('delivered', { delayMs: 9_000 });
  const gateway = await start();
  const events = await eventsOf(t, provider.simulator);
  // It ends without an answer.
  void post(gateway.url, leadOf(1));
  await events.next('conversation');
  process.kill(gateway.pid, 'SIGTERM');
  await gateway.line(({ event }) => event === 'stopping');
  // Signals within a second of the first count as the same request.
  await pause(1_200);
  process.kill(gateway.pid, 'SIGTERM');
  t.match(await gateway.ended, { code: 1 });
  t.notOk(gateway.lines.some(({ event }) => event === 'stopped'));
});
