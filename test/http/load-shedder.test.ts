import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t, { type Test } from 'tap';
import { createLoadShedder, type ShedReason } from '../../src/http/load-shedder.ts';
import { goodBody, type Overrides, testApp } from '../support/http/app.ts';
import { exchange, readAnswer, request } from '../support/http/wire.ts';

/** A shedder with a clock and turns of the event loop that the test decides. */
function stage() {
  const reasons: ShedReason[] = [];
  let now = 1_000;
  let end = (): void => undefined;
  const shedder = createLoadShedder({
    monotonic: () => now,
    afterReading(run) {
      end = run;
    },
    random: () => 0.5,
    onShed: (reason) => reasons.push(reason),
  });
  return {
    shedder,
    reasons,
    now: () => now,
    pass(ms: number) {
      now += ms;
    },
    /** One turn that reads so many requests, each of which takes some milliseconds; gives how many were accepted. */
    turn(requests: number, costMs: number, { isLead = true, shedMs = costMs / 10 } = {}): number {
      let accepted = 0;
      for (let n = 0; n < requests; n += 1) {
        const refused = shedder.arrive(isLead, false) !== undefined;
        if (!refused) accepted += 1;
        now += refused ? shedMs : costMs;
      }
      end();
      return accepted;
    },
  };
}

/** Milliseconds for which other programs hold the processor, in turn, and between two such pauses. */
const PAUSES = [10, 90, 20, 40, 5, 60, 150];
const BETWEEN_MS = 300;

/**
 * Requests that arrive at a fixed rate for some seconds; gives the longest waits before and after the first second.
 *
 * @param paused whether other programs hold the processor now and then
 */
function load(
  { turn, now, pass }: ReturnType<typeof stage>,
  costMs: number,
  ratePerMs: number,
  seconds: number,
  paused = false,
) {
  const startedAt = now();
  const waits = { first: 0, later: 0, accepted: 0 };
  let pauseAt = paused ? startedAt + BETWEEN_MS : Number.POSITIVE_INFINITY;
  for (let read = 0, pauses = 0; now() < startedAt + seconds * 1_000; ) {
    if (now() >= pauseAt) {
      pass(PAUSES[pauses++ % PAUSES.length] ?? 0);
      pauseAt = now() + BETWEEN_MS;
    }
    const arrived = Math.floor((now() - startedAt) * ratePerMs) + 1;
    const before = now();
    if (arrived === read) {
      pass(1 / ratePerMs);
      continue;
    }
    waits.accepted += turn(arrived - read, costMs);
    const longest = now() - (startedAt + read / ratePerMs);
    if (before - startedAt < 1_000) waits.first = Math.max(waits.first, longest);
    else waits.later = Math.max(waits.later, longest);
    read = arrived;
  }
  return waits;
}

t.test('at twice the capacity waits stay short, and most of the capacity is used', async (t) => {
  const { first, later, accepted } = load(stage(), 0.5, 4, 60);
  t.ok(later < 25, `${later} ms`);
  t.ok(first < 600, `${first} ms`);
  t.ok(accepted > 0.7 * 2 * 60_000, `${accepted} of 120,000`);
});

t.test('below the capacity no request is refused', async (t) => {
  const all = stage();
  load(all, 0.5, 1.9, 60);
  t.strictSame(all.reasons, []);
});

t.test(
  'below the capacity hardly a request is refused while other programs hold the processor now and then',
  async (t) => {
    const { accepted, later } = load(stage(), 0.5, 1.4, 60, true);
    t.ok(accepted > 0.99 * 1.4 * 60_000, `${accepted} of 84,000`);
    t.ok(later < 800, `${later} ms`);
    const above = load(stage(), 0.5, 4, 60, true);
    t.ok(above.later < 250, `${above.later} ms at twice the capacity`);
  },
);

t.test('clients that each wait for their answer are never refused, however slow the machine is', async (t) => {
  const { turn, reasons } = stage();
  for (let n = 0; n < 100; n += 1) turn(64, 50);
  t.strictSame(reasons, []);
});

t.test('a burst after a calm time is accepted as a whole', async (t) => {
  const { turn, pass, reasons } = stage();
  for (let n = 0; n < 3; n += 1) {
    turn(280, 0.5);
    turn(1, 0.5);
    pass(5_000);
  }
  t.strictSame(reasons, []);
});

t.test('after two seconds without a refusal a burst is accepted again', async (t) => {
  const { turn, pass, reasons } = stage();
  for (let n = 0; n < 5; n += 1) turn(200 + 20 * n, 0.5);
  const refused = reasons.length;
  t.ok(refused > 0);
  turn(1, 0.5);
  pass(2_001);
  turn(200, 0.5);
  t.equal(reasons.length, refused);
});

t.test('a flood of other requests refuses no lead, and is refused itself while leads are', async (t) => {
  const { turn, reasons } = stage();
  for (let n = 0; n < 50; n += 1) {
    t.equal(turn(2_000, 0.1, { isLead: false }), 2_000);
    t.equal(turn(20, 0.5), 20);
  }
  for (let n = 0; n < 5; n += 1) turn(200 + 20 * n, 0.5);
  t.ok(reasons.length > 0);
  t.ok(turn(2_000, 0.1, { isLead: false }) < 50);
});

t.test('a lead is refused while 512 others are being stored', async (t) => {
  const { shedder, turn, reasons } = stage();
  for (let n = 0; n < 512; n += 1) shedder.storing(1);
  t.equal(turn(3, 0.1), 0);
  shedder.storing(-1);
  t.equal(turn(1, 0.1), 1);
  t.strictSame(reasons, ['storage', 'storage', 'storage']);
});

t.test('the refused are asked to come back at different times', async (t) => {
  const values = [0, 0.4, 0.999].map((random) =>
    createLoadShedder({
      monotonic: () => 0,
      afterReading: () => undefined,
      random: () => random,
      onShed: () => undefined,
    }).arrive(true, true),
  );
  t.strictSame(values, ['3', '4', '6']);
});

/** The app of a gateway that has too much to do. */
async function overloaded(t: Test, overrides: Overrides = {}) {
  const problems: string[] = [];
  const made = await testApp(t, {
    shedder: { arrive: () => '4' },
    onProblem: (code) => problems.push(code),
    ...overrides,
  });
  return { ...made, problems, port: await made.listen() };
}

const LEAD = { body: JSON.stringify(goodBody()) };

t.test('a lead is answered 503 with Retry-After before its body arrives, in a way that a page can read', async (t) => {
  const { port, submitted, problems, log } = await overloaded(t);
  for (const headers of [{ origin: 'https://dealer.example' }, { authorization: 'Bearer wrong' }]) {
    const whole = request({ ...LEAD, headers });
    const answer = await exchange(port, whole.subarray(0, whole.indexOf('\r\n\r\n') + 4));
    t.match(answer, {
      status: 503,
      headers: {
        'content-type': 'application/problem+json; charset=utf-8',
        'cache-control': 'no-store',
        'retry-after': '4',
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'Retry-After',
      },
    });
    t.match(JSON.parse(answer.body), { code: 'overloaded', status: 503, requestId: answer.headers['x-request-id'] });
  }
  t.strictSame(submitted, []);
  t.strictSame(
    problems.filter((code) => code === 'overloaded'),
    ['overloaded', 'overloaded'],
  );
  t.strictSame(
    log().filter(({ code }) => code === 'overloaded'),
    [],
    'no line for each refused request',
  );
});

t.test('the connection of a refused lead takes its next request', async (t) => {
  let refuse = true;
  const { port } = await overloaded(t, { shedder: { arrive: () => (refuse ? '4' : undefined) } });
  const socket = connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  for (const status of [503, 201]) {
    const answer = readAnswer(socket);
    socket.write(request(LEAD));
    t.equal((await answer).status, status);
    refuse = false;
    for (const event of ['data', 'error', 'close']) socket.removeAllListeners(event);
  }
});

t.test('health checks and preflights are answered as ever', async (t) => {
  const { port } = await overloaded(t);
  for (const path of ['/healthz', '/readyz'])
    t.equal((await exchange(port, request({ method: 'GET', path }))).status, 200, path);
  const headers = { origin: 'https://dealer.example', 'access-control-request-method': 'POST' };
  t.equal((await exchange(port, request({ method: 'OPTIONS', headers }))).status, 204);
});

t.test('a person whose browser posts a form gets a page', async (t) => {
  const { port, problems, log } = await overloaded(t);
  const headers = { accept: 'text/html,*/*', 'content-type': 'application/x-www-form-urlencoded' };
  const answer = await exchange(port, request({ path: '/conversations/form', headers, body: 'site=demo' }));
  t.match(answer, { status: 503, headers: { 'content-type': /^text\/html/, 'retry-after': '4' } });
  t.strictSame(problems, ['overloaded']);
  t.strictSame(
    log().filter(({ code }) => code === 'overloaded'),
    [],
  );
});

t.test('the last connections that the listener may hold are told that there are too many, and closed', async (t) => {
  const reasons: ShedReason[] = [];
  const shedder = createLoadShedder({
    monotonic: () => 0,
    afterReading: () => undefined,
    random: () => 0,
    onShed: (reason) => reasons.push(reason),
  });
  const { port } = await overloaded(t, { shedder, settings: { maxConnections: 20 } });
  const sockets: Socket[] = [];
  for (let n = 0; n < 20; n += 1) {
    const socket = connect(port, '127.0.0.1');
    t.teardown(() => socket.destroy());
    await once(socket, 'connect');
    sockets.push(socket);
  }
  const answer = readAnswer(sockets[19] as Socket);
  sockets[19]?.write(request(LEAD));
  t.match(await answer, { status: 503, headers: { connection: 'close', 'retry-after': '3' } });
  const before = readAnswer(sockets[18] as Socket);
  sockets[18]?.write(request(LEAD));
  t.equal((await before).status, 201);
  t.strictSame(reasons, ['connections']);
});
