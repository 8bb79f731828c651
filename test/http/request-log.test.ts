import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import t from 'tap';
import { DELIVERED, goodBody, ID, KEYS, testApp } from '../support/http/app.ts';
import { exchange, request } from '../support/http/wire.ts';

const CANARIES = {
  phone: '(404) 555-1213',
  firstName: 'CanaryFirst',
  lastName: 'CanaryLast',
  question: 'CanaryQuestion?',
  listing: { vin: 'CanaryVin' },
  page: { url: 'https://dealer.example/canary-page' },
};

const ALLOWED = new Set([
  ...['level', 'time', 'pid', 'hostname', 'msg', 'event', 'requestId', 'method', 'route', 'status', 'code', 'ms'],
  ...['site', 'partner', 'aborted', 'origin', 'proxyLacks', 'traceparent'],
]);

t.test('each request leaves one log line with its id, route, status, duration, site and partner', async (t) => {
  const { app, log } = await testApp(t);
  const payload = goodBody({ site: undefined, consent: { text: 'yes' } });
  const headers = { authorization: `Bearer ${KEYS.acme}` };
  const answer = await app.inject({ method: 'POST', url: '/conversations', payload, headers });
  t.match(answer.headers['x-request-id'], /^[0-9a-f-]{36}$/);
  t.equal(log().length, 1);
  t.match(log()[0], {
    event: 'request',
    requestId: answer.headers['x-request-id'],
    method: 'POST',
    route: '/conversations',
    status: 201,
    ms: Number,
    site: 'dealer',
    partner: 'acme',
  });
  t.ok(Number(log()[0]?.ms) > 0, 'a time that was measured');
});

t.test('the log line of a refused request has the code of its problem', async (t) => {
  const { app, log } = await testApp(t);
  const answer = await app.inject({ method: 'POST', url: '/conversations', payload: {} });
  t.match(log()[0], { status: 422, code: 'invalid_request', requestId: answer.json().requestId });
  t.equal(answer.json().instance, `urn:uuid:${answer.json().requestId}`);
});

t.test('the log line of a refused origin or target names the site and the origin of the page', async (t) => {
  const { app, log } = await testApp(t);
  const lead = (origin: string | undefined, changes: Record<string, unknown>) =>
    app.inject({
      method: 'POST',
      url: '/conversations',
      headers: { ...(origin !== undefined && { origin }) },
      payload: goodBody({ site: 'dealer', consent: { text: 'yes' }, ...changes }),
    });
  await lead('https://www.dealer.example', {});
  await lead('https://dealer.example', { advertiserId: '1660' });
  await lead(undefined, {});
  await lead('CanaryOrigin', {});
  await lead('https://dealer.example/CanaryPath', {});
  await lead('null', {});
  await app.inject({ url: '/sites/dealer/form', headers: { origin: 'https://evil.example' } });
  await lead('https://evil.example', { site: 'nobody' });
  t.match(log(), [
    { code: 'origin_not_allowed', site: 'dealer', origin: 'https://www.dealer.example' },
    { code: 'target_not_allowed', site: 'dealer', origin: 'https://dealer.example' },
    { code: 'origin_not_allowed', site: 'dealer', origin: 'none' },
    { code: 'origin_not_allowed', site: 'dealer', origin: 'invalid' },
    { code: 'origin_not_allowed', site: 'dealer', origin: 'invalid' },
    { code: 'origin_not_allowed', site: 'dealer', origin: 'null' },
    { code: 'origin_not_allowed', site: 'dealer', origin: 'https://evil.example' },
    { code: 'unknown_site' },
  ]);
  t.notOk('origin' in (log().at(-1) ?? {}));
  t.notMatch(JSON.stringify(log()), 'Canary');
});

t.test('every error answer is counted once by its code, whichever layer sends it', async (t) => {
  const codes: string[] = [];
  const { listen, app } = await testApp(t, { onProblem: (code) => codes.push(code) });
  const port = await listen();
  const key = { authorization: 'Bearer guess' };
  for (const bytes of [
    request({ body: JSON.stringify(goodBody()) }),
    request({ body: JSON.stringify(goodBody()), headers: key }),
    request({
      body: 'site=nobody',
      path: '/conversations/form',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
    request({ body: JSON.stringify(goodBody({ site: 'dealer' })) }),
    request({ method: 'GET', path: '/nope' }),
    request({ method: 'DELETE' }),
    'GET / HTTP/1.1\r\nhost : a\r\n\r\n',
    request({ body: '{}', headers: { expect: 'nothing' } }),
  ]) {
    await exchange(port, bytes);
  }
  await app.close();
  t.strictSame(codes, [
    ...['invalid_api_key', 'invalid_request', 'origin_not_allowed', 'not_found', 'method_not_allowed'],
    ...['bad_request', 'expectation_failed'],
  ]);
});

t.test('a valid request id and traceparent are kept in the answer, its problem and the log', async (t) => {
  const { app, log, submitted } = await testApp(t);
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const headers = { 'x-request-id': 'lb-7f3a/1', traceparent };
  const lead = await app.inject({ method: 'POST', url: '/conversations', headers, payload: goodBody() });
  const refused = await app.inject({ url: '/nope', headers });
  for (const answer of [lead, refused]) t.match(answer.headers, headers);
  t.match(refused.json(), { requestId: 'lb-7f3a/1', instance: '?requestId=lb-7f3a%2F1' });
  t.equal(submitted[0]?.context.requestId, 'lb-7f3a/1', 'the line of its attempt has it, too');
  for (const line of log()) t.match(line, { requestId: 'lb-7f3a/1', traceparent });
});

t.test('a request id or traceparent that is not valid is replaced or left out', async (t) => {
  const { app, log } = await testApp(t);
  const headers = { 'x-request-id': '404-555-1212', traceparent: '00-404-555-1212' };
  const answer = await app.inject({ url: '/healthz', headers });
  t.match(answer.headers['x-request-id'], /^[0-9a-f]{8}-/);
  t.notOk(answer.headers.traceparent);
  t.notMatch(JSON.stringify(log()), '555');
});

t.test('no log line and no error holds personal data, keys, ids or addresses, whatever fails', async (t) => {
  const { app, log, listen } = await testApp(t);
  const port = await listen();
  const { phone, firstName, lastName, question, listing, page } = CANARIES;
  const consumer = { phone, firstName, lastName, question };
  const headers = { 'x-forwarded-for': '203.0.113.77', cookie: 'CanaryCookie' };
  const answers = [];
  for (const payload of [
    goodBody({ consumer, listing, page }),
    goodBody({ consumer: { ...consumer, phone: `${phone} ext. 5` }, listing, page }),
    goodBody({ consumer: { ...consumer, firstName: `CanaryFirst${'x'.repeat(99)}` }, listing, page }),
    goodBody({ consumer: { ...consumer, question: 'CanaryQuestion?\u0000' }, listing, page }),
    goodBody({ consumer: { ...consumer, country: 'CanaryFirst' }, listing, page }),
    goodBody({ consumer: [phone, firstName, lastName, question] }),
    JSON.stringify(goodBody({ consumer })).slice(0, -2),
    `${JSON.stringify(goodBody({ consumer }))}CanaryQuestion?`,
  ]) {
    const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
    answers.push(await exchange(port, request({ body, headers })));
  }
  answers.push(
    await exchange(port, request({ body: '{}', headers: { ...headers, authorization: 'Bearer CanaryKey' } })),
  );
  answers.push(await exchange(port, `GET /conversations/${ID}?q=CanaryQuery HTTP/1.1\r\nhost: a\r\n\r\n`));
  answers.push(await exchange(port, 'GET /CanaryPath HTTP/1.1\r\nhost: a\r\n\r\n'));
  answers.push(await exchange(port, 'GET /CanaryPath HTTP/1.1\r\nCanaryHeader\r\n\r\n'));
  await app.close();

  const told = JSON.stringify(log()) + answers.map(({ body, headers }) => body + JSON.stringify(headers)).join();
  t.notMatch(told, /canary(?!Path)/i);
  t.notMatch(told, /555-?1213|5551213|203\.0\.113\.77|127\.0\.0\.1/);
  t.notMatch(JSON.stringify(log()), /CanaryPath|cnv_/);
  for (const line of log()) {
    for (const field of Object.keys(line)) t.ok(ALLOWED.has(field), `the field ${field} may be logged`);
  }
  t.equal(log().length, answers.length + 1, 'each is one line, beside the one warning of the X-Forwarded-For');
});

const BEGUN = 'POST /conversations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{';

for (const [how, leave, expected] of [
  ['closing', (socket: Socket) => socket.destroy(), { status: 400, code: 'bad_request' }],
  ['resetting', (socket: Socket) => socket.resetAndDestroy(), { route: '/conversations', aborted: true }],
] as const) {
  t.test(
    `a client that ends its request within the body by ${how} the connection leaves one line and no fault`,
    async (t) => {
      const { log, logged, listen, app } = await testApp(t);
      const socket = connect(await listen(), '127.0.0.1');
      await once(socket, 'connect');
      const arrived = once(app.server, 'request');
      socket.write(BEGUN);
      await arrived;
      leave(socket);
      await logged();
      await app.close();
      t.equal(log().length, 1);
      t.match(log()[0], { level: 30, ...expected });
    },
  );
}

t.test('a client that disconnects while the provider is called leaves one line', async (t) => {
  const submitted = Promise.withResolvers<void>();
  const settled = Promise.withResolvers<void>();
  const { log, logged, listen, app } = await testApp(t, {
    submit: async () => {
      submitted.resolve();
      await settled.promise;
      return { conversation: DELIVERED, replayed: false };
    },
  });
  const socket = connect(await listen(), '127.0.0.1');
  socket.write(request({ body: JSON.stringify(goodBody()) }));
  await submitted.promise;
  socket.resetAndDestroy();
  await logged();
  settled.resolve();
  await app.close();
  t.equal(log().length, 1);
  t.match(log()[0], { route: '/conversations', site: 'demo', aborted: true });
});
