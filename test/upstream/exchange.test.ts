import t from 'tap';
import { Dispatcher } from 'undici';
import { decodeAnswer } from '../../src/upstream/decode.ts';
import { endpointOf, exchange } from '../../src/upstream/exchange.ts';

const CALL = { endpoint: endpointOf('http://provider.example/'), contentType: 'text/xml', body: '<a/>' };

const within = (timeoutMs: number) => ({ timeoutMs, decode: decodeAnswer });

/** A connection pool of which no connection ever comes free by itself. */
class Waiting extends Dispatcher {
  handler: Dispatcher.DispatchHandler | undefined;

  override dispatch(_options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    this.handler = handler;
    return false;
  }
}

function connection() {
  const aborted: Error[] = [];
  const controller: Dispatcher.DispatchController = {
    aborted: false,
    paused: false,
    reason: null,
    abort: (reason) => aborted.push(reason),
    pause() {},
    resume() {},
  };
  return { aborted, controller };
}

t.test('a call that is given up before its connection is there is never written on it', async (t) => {
  const pool = new Waiting();
  t.strictSame(await exchange(pool, CALL, within(1)), { written: false, cause: 'connect_timeout' });

  const { aborted, controller } = connection();
  pool.handler?.onRequestStart?.(controller, undefined);
  t.equal(aborted.length, 1);
});

t.test('a call that is given up after it was announced is aborted and may have arrived', async (t) => {
  const pool = new Waiting();
  const result = exchange(pool, CALL, within(1));
  const { aborted, controller } = connection();
  pool.handler?.onRequestStart?.(controller, undefined);
  t.strictSame(await result, { written: true, cause: 'timeout' });
  t.equal(aborted.length, 1);
});

t.test('an error that comes before the announcement proves that nothing was written', async (t) => {
  const pool = new Waiting();
  const result = exchange(pool, CALL, within(10_000));
  const { controller } = connection();
  pool.handler?.onResponseError?.(controller, Object.assign(new Error(), { code: 'ECONNRESET' }));
  t.strictSame(await result, { written: false, cause: 'connect' });
});

t.test('a dispatcher that throws leaves the call unwritten', async (t) => {
  const pool = new Waiting();
  pool.dispatch = () => {
    throw new Error('closed');
  };
  t.strictSame(await exchange(pool, CALL, within(10_000)), { written: false, cause: 'connect' });
});

t.test('an address is taken apart without losing its port or query', async (t) => {
  t.strictSame(endpointOf('https://provider.example:8443/Service.svc/Start?v=2'), {
    origin: 'https://provider.example:8443',
    path: '/Service.svc/Start?v=2',
  });
});
