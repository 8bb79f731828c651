import { createHash } from 'node:crypto';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import Fastify, { type FastifyRequest } from 'fastify';
import t from 'tap';
import { createAccess } from '../../../src/admin/api/access.ts';
import { AdminProblem } from '../../../src/admin/api/problem.ts';
import type { Operator } from '../../../src/domain/operator.ts';
import { adminOver, METRICS_TOKEN, TOKEN, tokenOf } from '../../support/admin/admin.ts';

const ADMIN = 'a'.repeat(32);
const METRICS = 'm'.repeat(32);

const PATHS = [
  '/leads',
  '/leads/cnv_x',
  '/stats',
  '/audit',
  '/state',
  '/consents',
  '/suppressions',
  '/metrics',
  '/none',
];

/** As much of a request as the access check reads. */
function requestOf(ip: string, authorization?: string): FastifyRequest {
  return { ip, headers: { authorization }, routeOptions: {} } as FastifyRequest;
}

async function harness() {
  let now = 0;
  const access = await createAccess(Fastify(), { admin: ADMIN, metrics: METRICS }, () => now);
  return {
    pass: (ms: number) => {
      now += ms;
    },
    /** What a token opens, or the status that refuses it. */
    async ask(token?: string, ip = '192.0.2.1') {
      try {
        return (await access.check(requestOf(ip, token === undefined ? undefined : `Bearer ${token}`))).role;
      } catch (error) {
        if (error instanceof AdminProblem) return error.status;
        throw error;
      }
    },
  };
}

t.test('each token opens what it is for', async (t) => {
  const { ask } = await harness();
  t.equal(await ask(ADMIN), 'admin');
  t.equal(await ask(METRICS), 'metrics');
});

t.test('anything else is refused', async (t) => {
  const { ask } = await harness();
  t.equal(await ask(), 401);
  t.equal(await ask(`${ADMIN}a`), 401);
  t.equal(await ask(ADMIN.slice(1)), 401);
  t.equal(await ask(ADMIN.toUpperCase()), 401);
});

t.test('five wrong tokens in a minute shut their address out, but never the right token', async (t) => {
  const { ask, pass } = await harness();
  for (let tries = 0; tries < 5; tries += 1) t.equal(await ask('wrong'), 401);
  t.equal(await ask('wrong'), 429);
  t.equal(await ask(ADMIN), 'admin', 'a valid token from the same address is accepted');
  t.equal(await ask(METRICS), 'metrics');
  t.equal(await ask(), 429);
  t.equal(await ask('wrong', '192.0.2.2'), 401, 'other addresses are told that it is wrong');
  pass(59_999);
  t.equal(await ask('wrong'), 429);
  pass(1);
  t.equal(await ask('wrong'), 401);
});

t.test('wrong tokens that are more than a minute apart add up to nothing', async (t) => {
  const { ask, pass } = await harness();
  for (let tries = 0; tries < 20; tries += 1) {
    t.equal(await ask('wrong'), 401);
    pass(20_000);
  }
});

t.test('a request without a token is no guess', async (t) => {
  const { ask } = await harness();
  for (let tries = 0; tries < 20; tries += 1) t.equal(await ask(), 401);
});

t.test('without a metrics token there is none', async (t) => {
  const access = await createAccess(Fastify(), { admin: ADMIN }, () => 0);
  await t.rejects(
    access.check(requestOf('192.0.2.1', 'Bearer undefined')),
    new AdminProblem(401, 'invalid_token', 'Send "Authorization: Bearer <token>", of ADMIN_TOKEN or an operator.'),
  );
});

t.test('five of the wrong tokens that arrive together are answered with 401, the others with 429', async (t) => {
  const { ask } = await harness();
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask('wrong')));
  t.strictSame(answers, [401, 401, 401, 401, 401, 429, 429, 429]);
});

t.test('an address is refused for a whole minute after its fifth wrong token', async (t) => {
  const { ask, pass } = await harness();
  for (let tries = 0; tries < 4; tries += 1) t.equal(await ask('wrong'), 401);
  pass(50_000);
  t.equal(await ask('wrong'), 401);
  pass(59_999);
  t.equal(await ask(), 429);
  t.equal(await ask('wrong'), 429);
  pass(1);
  t.equal(await ask('wrong'), 401);
});

t.test('an expired token is refused as such, and its owner is never shut out for it', async (t) => {
  const { ask } = adminOver(t);
  for (let tries = 0; tries < 9; tries += 1) {
    t.match(await ask('/stats', { token: tokenOf('eve') }), {
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
      body: { code: 'token_expired', detail: /^The token of eve has expired/ },
    });
  }
  t.equal((await ask('/stats', { token: tokenOf('ada') })).status, 200, 'another is valid until the next millisecond');
});

t.test('operators may change while the listener runs', async (t) => {
  const operators: Operator[] = [];
  const access = await createAccess(Fastify(), { admin: ADMIN, operators: () => operators }, () => 0);
  const request = requestOf('192.0.2.1', 'Bearer token-of-ann');
  await t.rejects(access.check(request), { name: 'AdminProblem' });
  operators.push({ name: 'ann', role: 'viewer', tokenHash: createHash('sha256').update('token-of-ann').digest() });
  t.strictSame(await access.check(request), { name: 'ann', role: 'viewer' });
});

t.test('nothing is answered without a token, however a request is malformed', async (t) => {
  const app = await adminOver(t).app;
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const statusOf = async (head: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.end(head);
    return (await text(socket)).slice(0, 'HTTP/1.1 401'.length);
  };
  const lines = [
    'GET /%',
    'GET /leads/%zz',
    'GET /leads?%zz=%zz',
    'GET //',
    'GET /leads/../stats',
    'GET /LEADS/',
    `GET /leads/${'a'.repeat(500)}`,
    'GET http://x/leads',
    'GET http://%/leads',
    'GET /healthz',
    'GET /readyz',
    'HEAD /leads',
    'HEAD /none',
    'OPTIONS *',
    'OPTIONS /leads',
    'PUT /leads',
    'PATCH /leads',
    'PROPFIND /leads',
    'SEARCH /leads',
    'TRACE /',
  ];
  const headers = [
    '',
    'expect: 100-continue\r\n',
    'expect: other\r\n',
    'upgrade: websocket\r\n',
    'accept-version: 9\r\n',
  ];
  const heads = [
    ...lines.map((line) => `${line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`),
    ...headers.map(
      (header) => `POST /leads/search HTTP/1.1\r\n${header}content-length: 1\r\nconnection: close\r\n\r\n{`,
    ),
    'GET /leads HTTP/1.1\r\nhost: a\r\nhost: b\r\nconnection: close\r\n\r\n',
    'GET /leads HTTP/1.0\r\n\r\n',
  ];
  for (const head of heads) t.equal(await statusOf(head), 'HTTP/1.1 401', JSON.stringify(head.slice(0, 60)));
  const unreadable = [
    'GARBAGE\r\n\r\n',
    `GET /leads HTTP/1.1\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
    'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n',
    'GET /leads HTTP/9.9\r\nhost: x\r\n\r\n',
  ];
  for (const head of unreadable) t.equal(await statusOf(head), '', JSON.stringify(head.slice(0, 60)));
});

t.test('a body is asked for once the token is known to be valid, and no other expectation is met', async (t) => {
  const app = await adminOver(t).app;
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const answerTo = async (expect: string): Promise<string> => {
    const socket = connect(port, '127.0.0.1');
    const lines = ['POST /leads/search HTTP/1.1', 'host: x', `authorization: Bearer ${TOKEN}`, `expect: ${expect}`];
    const rest = ['content-type: application/json', 'content-length: 2', 'connection: close'];
    socket.end(`${[...lines, ...rest].join('\r\n')}\r\n\r\n{}`);
    return text(socket);
  };
  t.match(await answerTo('100-continue'), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/);
  t.match(await answerTo('other'), /^HTTP\/1\.1 417 /);
});

t.test('two Host headers are 400', async (t) => {
  const app = await adminOver(t).app;
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  socket.end(
    `GET /stats HTTP/1.1\r\nhost: a\r\nhost: b\r\nauthorization: Bearer ${TOKEN}\r\nconnection: close\r\n\r\n`,
  );
  t.match(await text(socket), /^HTTP\/1\.1 400 .*"code":"bad_request"/s);
});

t.test('every path answers 401 without a token, whether the route exists or not', async (t) => {
  const { ask } = adminOver(t);
  for (const path of PATHS) {
    const { status, headers, body } = await ask(path, { token: null });
    t.equal(status, 401, path);
    t.equal(headers['www-authenticate'], 'Bearer');
    t.match(body, { status: 401, code: 'invalid_token', instance: /^urn:uuid:/ });
  }
});

t.test('the metrics token grants access to /metrics only', async (t) => {
  const { ask } = adminOver(t);
  const metrics = await ask('/metrics', { token: METRICS_TOKEN });
  t.equal(metrics.status, 200);
  t.equal(metrics.text, 'tcg_up 1\n');
  t.equal(metrics.type, 'text/plain; version=0.0.4; charset=utf-8');
  for (const path of PATHS.filter((one) => one !== '/metrics')) {
    t.match(await ask(path, { token: METRICS_TOKEN }), { status: 403, body: { code: 'admin_token_required' } }, path);
  }
  t.equal((await ask('/leads/replay', { method: 'POST', token: METRICS_TOKEN, body: { site: 'demo' } })).status, 403);
});

t.test('too many wrong tokens are answered with 429 and Retry-After', async (t) => {
  const { ask } = adminOver(t);
  for (let tries = 0; tries < 5; tries += 1) t.equal((await ask('/stats', { token: 'wrong' })).status, 401);
  const { status, headers, body } = await ask('/stats', { token: 'wrong' });
  t.equal(status, 429);
  t.equal(headers['retry-after'], '60');
  t.match(body, { code: 'rate_limited' });
});

t.test('no answer may be cached, run or framed, whether the token is right or missing', async (t) => {
  const { ask } = adminOver(t);
  for (const [path, given] of [
    ['/stats', {}],
    ['/none', {}],
    ['/stats', { token: 'wrong' }],
  ] as const) {
    const { headers } = await ask(path, given);
    t.match(headers['content-security-policy'], /^default-src 'none';.*frame-ancestors 'none'/);
    t.equal(headers['x-frame-options'], 'DENY');
    t.equal(headers['referrer-policy'], 'no-referrer');
    t.equal(headers['cache-control'], 'no-store');
    t.equal(headers['x-content-type-options'], 'nosniff');
  }
});
