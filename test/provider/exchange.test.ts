import t from 'tap';
import { Dispatcher } from 'undici';
import { createProviderClient } from '../../src/provider/client.ts';
import { decodeAnswer } from '../../src/provider/decode.ts';
import {
  causeBeforeWriting,
  causeOfBrokenReply,
  causeWithoutReply,
  endpointOf,
  exchange,
} from '../../src/provider/exchange.ts';
import { lead } from '../support/lead.ts';
import { account, type Case, NOW, rawServer } from '../support/provider/raw-server.ts';
import { BROKEN, UNREADABLE } from './answers/faulty.ts';
import { DELIVERED, FAILURES, STATUSES } from './answers/readable.ts';

const CALL = { endpoint: endpointOf('http://provider.example/'), contentType: 'text/xml', body: '<a/>' };

const within = (timeoutMs: number) => ({ timeoutMs, decode: decodeAnswer });

/** A connection pool that never has a free connection. */
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

t.test('a call that times out before it has a connection is never written to it', async (t) => {
  const pool = new Waiting();
  t.strictSame(await exchange(pool, CALL, within(1)), { written: false, cause: 'connect_timeout' });

  const { aborted, controller } = connection();
  pool.handler?.onRequestStart?.(controller, undefined);
  t.equal(aborted.length, 1);
});

t.test('a call that times out after onRequestStart is aborted and may have arrived', async (t) => {
  const pool = new Waiting();
  const result = exchange(pool, CALL, within(1));
  const { aborted, controller } = connection();
  pool.handler?.onRequestStart?.(controller, undefined);
  t.strictSame(await result, { written: true, cause: 'timeout' });
  t.equal(aborted.length, 1);
});

t.test('an error before onRequestStart proves that nothing was written', async (t) => {
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

t.test('a URL is split without losing its port or query', async (t) => {
  t.strictSame(endpointOf('https://provider.example:8443/Service.svc/Start?v=2'), {
    origin: 'https://provider.example:8443',
    path: '/Service.svc/Start?v=2',
  });
});

const error = (code?: string): Error => Object.assign(new Error('secret'), code === undefined ? {} : { code });

const BEFORE: [string | undefined, string][] = [
  ['ENOTFOUND', 'dns'],
  ['EAI_AGAIN', 'dns'],
  ['ECONNREFUSED', 'refused'],
  ['ENETUNREACH', 'unreachable'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ETIMEDOUT', 'connect_timeout'],
  ['UND_ERR_CONNECT_TIMEOUT', 'connect_timeout'],
  ['CERT_HAS_EXPIRED', 'tls'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
  ['ECONNRESET', 'connect'],
  ['UND_ERR_CLOSED', 'connect'],
  [undefined, 'connect'],
];

const AFTER: [string | undefined, broken: string, withoutReply: string][] = [
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout', 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout', 'timeout'],
  ['ETIMEDOUT', 'timeout', 'timeout'],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'too_large', 'too_large'],
  ['UND_ERR_HEADERS_OVERFLOW', 'bad_http', 'bad_http'],
  ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'truncated', 'reset'],
  ['UND_ERR_SOCKET', 'truncated', 'reset'],
  ['ECONNRESET', 'truncated', 'reset'],
  ['EPIPE', 'truncated', 'reset'],
  [undefined, 'truncated', 'reset'],
];

for (const [code, cause] of BEFORE) {
  t.test(`${code} before the first byte is ${cause}`, async (t) => {
    t.equal(causeBeforeWriting(error(code)), cause);
  });
}

for (const [code, broken, withoutReply] of AFTER) {
  t.test(`${code} is ${broken} within a reply and ${withoutReply} before one`, async (t) => {
    t.equal(causeOfBrokenReply(error(code)), broken);
    t.equal(causeWithoutReply(error(code)), withoutReply);
  });
}

t.test('an answer that is not HTTP is bad_http, before and within a reply', async (t) => {
  const parserError = Object.assign(error(), { name: 'HTTPParserError' });
  t.equal(causeOfBrokenReply(parserError), 'bad_http');
  t.equal(causeWithoutReply(parserError), 'bad_http');
});

const GROUPS: Record<string, readonly Case[]> = {
  'answers that say Success': DELIVERED,
  'answers that cannot be read': UNREADABLE,
  'answers that break off': BROKEN,
  'other HTTP statuses': STATUSES,
  Failures: FAILURES,
};

for (const [group, cases] of Object.entries(GROUPS)) {
  t.test(group, async (t) => {
    for (const one of cases) {
      await t.test(`${one.name} is ${one.class}`, async (t) => {
        const { url, requests } = await rawServer(t, one.wire);
        const timeoutMs = one.timeoutMs ?? 10_000;
        const provider = createProviderClient({ account: () => account({ url }), timeoutMs, now: () => NOW });
        t.teardown(() => provider.close());

        const { outcome } = await provider.send(lead(one.lead));

        const { class: kind, cause, reason, retryAfterMs } = one;
        t.match(outcome, { class: kind, ...(cause ? { cause } : {}), ...(reason ? { reason } : {}) });
        t.equal('retryAfterMs' in outcome ? outcome.retryAfterMs : undefined, retryAfterMs);
        t.equal(requests.length, 1, 'one call was made, and none repeated or redirected');
      });
    }
  });
}
