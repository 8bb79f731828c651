import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Duplex, duplexPair } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import t, { type Test } from 'tap';
import { leadOf, NO_LIMITS, phoneOf } from '../support/caller.ts';
import { startGateway } from '../support/gateway.ts';
import { memoryFolder } from '../support/memory-folder.ts';
import { type Random, seeded } from '../support/random.ts';
import { chosenSeed, scaled } from '../support/scale.ts';

const TOGETHER = 20;
/** A lead is sent after each group of this many connections. */
const LEAD_EVERY = 25;
/** A connection of this test that takes longer than this hangs. */
const PATIENCE_MS = 10_000;
const ADMIN_TOKEN = 'admin-token-'.repeat(3);
const TLS = {
  TLS_CERT_FILE: 'test/fixtures/tls/first.test-cert.pem',
  TLS_KEY_FILE: 'test/fixtures/tls/first.test-key.pem',
};

const seed = chosenSeed();
t.comment(`SEED=${seed}`);
t.setTimeout(scaled(120_000, 600_000));

type Sent = { readonly head: string; readonly body: string };

const get = (path: string, method = 'GET'): Sent => ({
  head: `${method} ${path} HTTP/1.1\r\nhost: gateway.test\r\nauthorization: Bearer ${ADMIN_TOKEN}\r\n\r\n`,
  body: '',
});

const send = (path: string, type: string, body: string): Sent => ({
  head:
    `POST ${path} HTTP/1.1\r\nhost: gateway.test\r\norigin: https://dealer.example\r\n` +
    `content-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`,
  body,
});

const JSON_LEAD = JSON.stringify(leadOf(499_999));
const XML = '<MobileTextConnectRequest><ProviderID>1001</ProviderID></MobileTextConnectRequest>';

const PUBLIC: readonly Sent[] = [
  ...['/healthz', '/readyz', '/openapi.json', '/docs', '/docs/static/swagger-ui-bundle.js', '/docs/problems'].map(
    (path) => get(path),
  ),
  ...['/widget/v1.js', '/demo', '/sites/demo/text', '/sites/demo/form', '/nope', '/%zz'].map((path) => get(path)),
  get('/conversations/cnv_AZq1w2e3r4t5y6u7i8o9p0aAsDfGhJ'),
  get('/conversations', 'OPTIONS'),
  get('/healthz', 'POST'),
  send('/conversations', 'application/json', JSON_LEAD),
  send('/conversations', 'application/json', '{"site": null}'),
  send('/conversations/form', 'application/x-www-form-urlencoded', 'site=demo&phone=404'),
  { head: 'GET /healthz HTTP/1.1\r\nexpect: nothing\r\n\r\n', body: '' },
  { head: 'NOT HTTP\r\n\r\n', body: '' },
];
const ADMIN: readonly Sent[] = [
  ...['/metrics', '/leads', '/providers', '/nope'].map((path) => get(path)),
  send('/leads/search', 'application/json', '{}'),
  { head: 'GET /leads HTTP/1.1\r\nhost: a\r\nexpect: nothing\r\n\r\n', body: '' },
];
const SIMULATOR: readonly Sent[] = [
  ...['/', '/inbox.js', '/control', '/messages', '/events', '/nope'].map((path) => get(path)),
  send('/MobileTextConnectRestService.svc/InitiateMobileTextConversation', 'application/xml', XML),
  send('/control/rules', 'application/json', '{}'),
];

/** The raw socket of a connection and the stream that requests are written to: over TLS these are two objects. */
type Ends = { readonly wire: Socket; readonly stream: Duplex; readonly gone: Promise<unknown> };

const turns = async (count: number): Promise<void> => {
  for (let left = count; left > 0; left -= 1) await new Promise((next) => setImmediate(next));
};
const firstBytes = ({ stream, gone }: Ends): Promise<unknown> =>
  Promise.race([new Promise((resolve) => stream.once('data', resolve)), gone]);

/** What a client does on an open connection before it resets it. */
const PHASES: Readonly<Record<string, (ends: Ends, sent: Sent, random: Random) => Promise<void>>> = {
  'before a byte': async () => {},
  async 'inside the headers'({ stream }, { head }, random) {
    stream.write(head.slice(0, 1 + random.below(head.length - 3)));
    await turns(random.below(20));
  },
  async 'behind the headers'({ stream }, { head }, random) {
    stream.write(head);
    await turns(random.below(20));
  },
  async 'inside the body'({ stream }, { head, body }, random) {
    stream.write(head + body.slice(0, body.length / 2));
    await turns(random.below(20));
  },
  async 'at once behind a whole request'({ stream }, { head, body }) {
    stream.write(head + body);
  },
  async 'before the answer'({ stream }, { head, body }, random) {
    stream.write(head + body);
    await turns(random.below(60));
  },
  async 'inside the answer'(ends, { head, body }) {
    ends.stream.write(head + body);
    await firstBytes(ends);
  },
  async 'half closed'(ends, { head, body }, random) {
    ends.stream.end(head + body);
    if (random.below(2) === 0) await firstBytes(ends);
    else await turns(random.below(20));
  },
  async 'behind a few pipelined requests'(ends, { head, body }, random) {
    ends.stream.write((head + body).repeat(8));
    if (random.below(2) === 0) await firstBytes(ends);
    else await turns(random.below(20));
  },
  async 'behind more pipelined requests than are taken'({ stream }, { head, body }, random) {
    stream.write((head + body).repeat(100));
    await turns(random.below(20));
  },
};

/** Each connection has its own loopback address, like different visitors, so that no rate limit answers all of them. */
const sourceOf = (n: number): string => `127.0.${1 + (n >> 8)}.${1 + ((n & 0xff) % 254)}`;

function reset({ wire, stream }: Ends): void {
  wire.resetAndDestroy();
  stream.destroy();
}

/** TLS runs over pipes of this process, because a socket that TLS has taken over cannot be reset. */
function overTls(wire: Socket): Duplex {
  const [near, far] = duplexPair();
  wire.pipe(far).pipe(wire);
  far.on('error', () => undefined);
  wire.once('close', () => far.destroy());
  return connectTls({ socket: near, rejectUnauthorized: false });
}

/** Opens a connection; over TLS it begins the handshake. */
async function open(url: URL, n: number): Promise<Ends> {
  const wire = connect({ host: '127.0.0.1', port: Number(url.port), localAddress: sourceOf(n) });
  await new Promise<void>((resolve) => wire.once('connect', resolve).once('error', () => resolve()));
  const stream = url.protocol === 'https:' ? overTls(wire) : wire;
  // The gateway may also end a connection; the test only checks that the gateway keeps running.
  for (const socket of [wire, stream]) socket.on('error', () => undefined);
  const gone = new Promise((resolve) => {
    for (const socket of [wire, stream]) socket.once('close', resolve);
    wire.setTimeout(PATIENCE_MS, () => resolve('silent'));
  });
  stream.resume();
  return { wire, stream, gone };
}

const shaken = ({ stream, gone }: Ends): Promise<unknown> =>
  Promise.race([new Promise<void>((resolve) => stream.once('secureConnect', () => resolve())), gone]);

/** Opens a connection, performs the phase and resets the connection. */
async function resetIn(phase: string, url: URL, sent: Sent, { n, random }: { n: number; random: Random }) {
  const ends = await open(url, n);
  if (url.protocol === 'https:') await shaken(ends);
  await PHASES[phase]?.(ends, sent, random);
  reset(ends);
}

/** Resets during the handshake: after its first bytes, or after the server's answer to them. */
async function resetInHandshake(url: URL, { n, random }: { n: number; random: Random }) {
  const ends = await open(url, n);
  if (random.below(2) === 0) await turns(random.below(20));
  else await shaken(ends);
  reset(ends);
}

/** Sends a lead and returns the status of its answer. Rejects if no answer comes. */
async function lead(url: string, n: number): Promise<number> {
  const body = JSON.stringify(leadOf(n));
  const call = (url.startsWith('https:') ? httpsRequest : httpRequest)(`${url}/conversations`, {
    method: 'POST',
    headers: { origin: 'https://dealer.example', 'content-type': 'application/json' },
    rejectUnauthorized: false,
    agent: false,
    timeout: PATIENCE_MS,
  });
  call.end(body);
  const [answer] = await once(call, 'response');
  answer.resume();
  return answer.statusCode;
}

async function setup(t: Test, changes: Record<string, string>) {
  const gateway = await startGateway(t, {
    ...NO_LIMITS,
    DATABASE_URL: `sqlite:${join(memoryFolder(t), 'gateway.db')}`,
    ADMIN_PORT: '0',
    ADMIN_TOKEN,
    // A request waits for its outcome as long as can be set, so that other work on the machine changes no status.
    DELIVER_WAIT_MS: '12000',
    ...changes,
  });
  const started = await gateway.line(({ event }) => event === 'started');
  return { gateway, adminUrl: String(started.adminUrl), inboxUrl: String(started.inboxUrl) };
}

for (const [protocol, changes, connections] of [
  ['HTTP', {}, scaled(840, 10_000)],
  ['HTTPS', TLS, scaled(420, 5_000)],
] as const) {
  t.test(
    `${connections} connections over ${protocol} that are reset in every phase cost no lead its answer`,
    async (t) => {
      const { gateway, adminUrl, inboxUrl } = await setup(t, changes);
      const random = seeded(seed);
      const phases = Object.keys(PHASES);
      const combinations = [
        ...PUBLIC.map((sent) => ({ url: gateway.url, sent })),
        ...ADMIN.map((sent) => ({ url: adminUrl, sent })),
        ...SIMULATOR.map((sent) => ({ url: inboxUrl, sent })),
      ].flatMap(({ url, sent }) => phases.map((phase) => ({ url: new URL(url), sent, phase })));
      const statuses: number[] = [];
      let next = 0;
      const call = async (): Promise<void> => {
        for (let n = next++; n < connections; n = next++) {
          const combination = combinations[n % combinations.length];
          if (!combination) throw new Error('There is nothing to send.');
          const { url, sent, phase } = combination;
          if (n % LEAD_EVERY === 0) statuses.push(await lead(gateway.url, n));
          if (url.protocol === 'https:' && n % 4 === 0) await resetInHandshake(url, { n, random });
          else await resetIn(phase, url, sent, { n, random });
        }
      };
      await Promise.all(Array.from({ length: TOGETHER }, call));

      t.equal(await lead(gateway.url, connections), 201, 'the last lead is delivered too');
      t.equal(statuses.length, Math.ceil(connections / LEAD_EVERY));
      t.strictSame(new Set(statuses), new Set([201]));
      const faults = ['crash', 'listener_fault', 'request_fault', 'admin_fault', 'accept_fault'];
      t.strictSame(
        gateway.lines.filter(({ event }) => faults.includes(String(event))),
        [],
      );
      t.notMatch(gateway.output(), phoneOf(connections));
      t.match(await gateway.end('SIGTERM'), { code: 0 });
    },
  );
}

// Node retries a shutdown of TLS over a pipe whose far end was reset in each turn of the event loop and never gives up, so
// this process would not end by itself. Its exit code is what the tests set.
t.teardown(() => void setTimeout(() => process.exit(), 500));
