import t from 'tap';
import { StorageUnavailable } from '../../src/domain/ports/outbox.ts';
import { goodBody, testApp } from '../support/http/app.ts';

const SECRET = 'hunter2';

const POST = { method: 'POST', url: '/conversations', payload: goodBody() } as const;

t.test('an internal error is answered 500 without details, and logged without its message', async (t) => {
  for (const thrown of [
    new TypeError(`cannot read ${SECRET}`),
    SECRET,
    Object.assign(new Error(SECRET), { code: SECRET }),
  ]) {
    const { app, log } = await testApp(t, {
      submit: async () => {
        throw thrown;
      },
    });
    const answer = await app.inject(POST);
    t.equal(answer.statusCode, 500);
    t.match(answer.json(), { code: 'internal_error', requestId: String });
    t.notMatch(answer.body, SECRET);
    const line = log().find(({ msg }) => msg === 'request failed');
    t.match(line, { level: 50, requestId: answer.json().requestId });
    t.notMatch(JSON.stringify(log()), SECRET);
    if (thrown instanceof TypeError) t.match(line, { error: 'TypeError', stack: /faults\.test\.ts/ });
  }
});

t.test('a fault of the storage is answered 503, and its log line says why without data of the lead', async (t) => {
  const engine = Object.assign(new Error(SECRET), { code: 'ERR_SQLITE_ERROR', errstr: 'database or disk is full' });
  const moved = new StorageUnavailable('The file was moved away.', { cause: engine });
  const { app, log } = await testApp(t, {
    submit: async () => {
      throw new StorageUnavailable('The storage did not take the write.', { cause: moved });
    },
  });
  const answer = await app.inject(POST);
  t.equal(answer.statusCode, 503);
  t.match(
    log().find(({ msg }) => msg === 'request failed'),
    {
      reason: 'The storage did not take the write.',
      cause: { reason: 'The file was moved away.', cause: { errstr: 'database or disk is full' } },
    },
  );
  t.notMatch(answer.body + JSON.stringify(log()), SECRET);
});

t.test('the status of an unknown error is ignored', async (t) => {
  const { app } = await testApp(t, {
    submit: async () => {
      throw Object.assign(new Error('teapot'), { statusCode: 418 });
    },
  });
  t.equal((await app.inject(POST)).statusCode, 500);
});

t.test('a handler that exceeds its time limit is answered 503', async (t) => {
  const { app } = await testApp(t, {
    submit: () => new Promise<never>(() => undefined),
    timeouts: { headersMs: 1000, requestMs: 1000, handlerMs: 20, checkIntervalMs: 100 },
  });
  const answer = await app.inject(POST);
  t.equal(answer.statusCode, 503);
  t.match(answer.json(), { code: 'overloaded' });
  t.equal(answer.headers['retry-after'], '5');
});

t.test('readiness names the check that failed', async (t) => {
  const checks = { storage: 'not writable', accepting: 'ok' };
  const { app } = await testApp(t, { isReady: async () => ({ ready: false, checks }) });
  const answer = await app.inject('/readyz');
  t.equal(answer.statusCode, 503);
  t.strictSame(answer.json(), { status: 'not_ready', checks });
  t.equal((await app.inject('/healthz')).statusCode, 200, 'the liveness check still succeeds');
});

t.test('the health check is never cached', async (t) => {
  const { app } = await testApp(t);
  for (const url of ['/healthz', '/readyz']) {
    const answer = await app.inject(url);
    t.equal(answer.statusCode, 200);
    t.equal(answer.headers['cache-control'], 'no-store');
  }
});
