import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { type Challenge, solveChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/sha';
import t from 'tap';
import { demoFiles } from '../../src/http/routes/files.ts';
import { createProofs } from '../../src/http/screening/proof.ts';
import { DELIVERED, ID, NOW, testApp } from '../support/http/app.ts';
import { type Answer, createContract } from '../support/http/contract.ts';
import {
  documentedRoutes,
  type Evidence,
  type GeneratedRequest,
  generateRequest,
} from '../support/http/generated-requests.ts';
import { seeded } from '../support/random.ts';
import { scaled } from '../support/scale.ts';

/** A busy machine needs 12 s for the run. */
t.setTimeout(scaled(180_000, 3_600_000));

const REQUESTS = scaled(3_000, 1_000_000);
const CONNECTIONS = 32;
/** Far longer than any answer takes, so that a missing one is a finding and does not hang the test. */
const PATIENCE_MS = 60_000;

/** A connection that sends one request after the other, and is opened again where the gateway closed it. */
function keepAlive(port: number) {
  let socket: Socket | undefined;
  return {
    async send({ method, bytes, ownConnection }: GeneratedRequest): Promise<Answer | undefined> {
      if (ownConnection) {
        const own = connect(port, '127.0.0.1');
        try {
          own.end(bytes);
          return await readAnswer(own, method);
        } finally {
          own.destroy();
        }
      }
      if (!socket || socket.destroyed || socket.readableEnded) socket = connect(port, '127.0.0.1');
      const answer = readAnswer(socket, method);
      socket.write(bytes);
      const read = await answer;
      if (read?.headers.connection === 'close' || !read) {
        socket.destroy();
        socket = undefined;
      }
      return read;
    },
    close: () => socket?.destroy(),
  };
}

/** Reads the final answer to one request; `undefined` where the connection ends without one. */
async function readAnswer(socket: Socket, method: string): Promise<Answer | undefined> {
  let received = '';
  const found = Promise.withResolvers<Answer | undefined>();
  const onData = (chunk: Buffer): void => {
    received += chunk.toString('latin1');
    const answer = parseAnswer(received, method);
    if (answer) found.resolve(answer);
  };
  const onEnd = (): void => found.resolve(undefined);
  const timer = setTimeout(onEnd, PATIENCE_MS);
  socket.on('data', onData).on('close', onEnd);
  // A connection that the gateway ends is reset where bytes are left unread; what was read before counts.
  if (socket.listenerCount('error') === 0) socket.on('error', () => undefined);
  return found.promise.finally(() => {
    clearTimeout(timer);
    socket.off('data', onData).off('close', onEnd);
  });
}

function parseAnswer(text: string, method: string): Answer | undefined {
  const split = text.indexOf('\r\n\r\n');
  if (split === -1) return undefined;
  const [first = '', ...lines] = text.slice(0, split).split('\r\n');
  const status = Number(first.split(' ')[1]);
  const rest = text.slice(split + 4);
  if (status === 100) return parseAnswer(rest, method);
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  if (method === 'HEAD' || status === 204 || status === 304) return { status, headers, body: '' };
  if (headers['transfer-encoding'] === 'chunked') {
    const body = dechunk(rest);
    return body === undefined ? undefined : { status, headers, body };
  }
  const length = Number(headers['content-length'] ?? 0);
  if (rest.length < length) return undefined;
  return { status, headers, body: Buffer.from(rest.slice(0, length), 'latin1').toString() };
}

function dechunk(text: string): string | undefined {
  let at = 0;
  let body = '';
  for (;;) {
    const line = text.indexOf('\r\n', at);
    if (line === -1) return undefined;
    const size = Number.parseInt(text.slice(at, line), 16);
    if (text.length < line + 4 + size) return undefined;
    if (size === 0) return Buffer.from(body, 'latin1').toString();
    body += text.slice(line + 2, line + 2 + size);
    at = line + 4 + size;
  }
}

/** The same requests in every run; `SEED=…` chooses others. */
const DEFAULT_SEED = 7;

t.test('no request causes a 5xx, and the OpenAPI document describes every answer', async (t) => {
  const seed = Number(process.env.SEED ?? DEFAULT_SEED);
  t.comment(`SEED=${seed}`);
  const document = JSON.parse(await readFile('openapi/openapi.json', 'utf8'));
  const violates = createContract(document);
  const routes = documentedRoutes(document.paths);
  let sent = 0;
  const { app, listen, log } = await testApp(t, {
    // Every request comes a second after the one before, so that no limit answers in place of a route.
    now: () => NOW + sent * 1_000,
    find: async (id) => (id === ID ? DELIVERED : undefined),
    files: { widget: async () => undefined, demo: demoFiles({ inboxUrl: undefined, site: 'demo' }) },
    settings: { trustProxy: ['127.0.0.0/8'] },
  });
  const port = await listen();
  const { formToken } = (await app.inject({ url: '/sites/demo/form', headers: { host: 'gateway.test' } })).json();
  const evidence: Evidence = { formToken, proof: await solvedProof() };

  const findings: string[] = [];
  const byStatus = new Map<number, number>();
  const work = async (): Promise<void> => {
    const connection = keepAlive(port);
    while (sent < REQUESTS && findings.length < 20) {
      const index = sent++;
      const request = generateRequest(seeded(seed + index), routes, evidence);
      const answer = await connection.send(request);
      const wrong = answer ? violates(request.method, request.target, answer) : 'the connection ends without an answer';
      if (answer) byStatus.set(answer.status, (byStatus.get(answer.status) ?? 0) + 1);
      if (wrong) findings.push(`SEED=${seed} #${index}: ${wrong}\n${shown(request, answer)}`);
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
  t.comment(
    [...byStatus]
      .sort(([one], [other]) => one - other)
      .map(([status, count]) => `${status}: ${count}`)
      .join(', '),
  );
  t.strictSame(findings, []);
  for (const status of [200, 201, 204, 400, 401, 403, 404, 405, 413, 415, 417, 422]) {
    t.ok(byStatus.has(status), `the requests reach ${status}`);
  }
  t.strictSame(
    log().filter(({ event }) => event === 'request_fault'),
    [],
  );
});

async function solvedProof(): Promise<object> {
  const challenge: Challenge = await createProofs(Buffer.alloc(32, 7), () => NOW).challenge('demo', 'self');
  return { challenge, solution: await solveChallenge({ challenge, deriveKey }) };
}

function shown({ bytes }: GeneratedRequest, answer: Answer | undefined): string {
  const request = JSON.stringify(bytes.toString('latin1').slice(0, 700));
  return `${request}\n→ ${answer ? `${answer.status} ${answer.headers['content-type']} ${answer.body.slice(0, 400)}` : 'nothing'}`;
}
