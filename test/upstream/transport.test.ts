import t from 'tap';
import { causeBeforeWriting, causeOfBreak, causeWithoutReply } from '../../src/upstream/transport.ts';

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
    t.equal(causeOfBreak(error(code)), broken);
    t.equal(causeWithoutReply(error(code)), withoutReply);
  });
}

t.test('what is not HTTP is bad_http wherever it comes', async (t) => {
  const parserError = Object.assign(error(), { name: 'HTTPParserError' });
  t.equal(causeOfBreak(parserError), 'bad_http');
  t.equal(causeWithoutReply(parserError), 'bad_http');
});
