import { goodBody } from '../../support/http/app.ts';
import { type Refused, refuses } from '../../support/http/refusals.ts';
import { request } from '../../support/http/wire.ts';

const GOOD = JSON.stringify(goodBody());

function raw(name: string, bytes: string, status = 400, code = 'bad_request'): Refused {
  return { name, send: [bytes], status, code };
}

function to(name: string, method: string, path: string, status: number, code: string): Refused {
  return { name, send: [`${method} ${path} HTTP/1.1\r\nhost: a\r\n\r\n`], status, code };
}

const HEAD = 'POST /conversations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n';

refuses('bytes that are not HTTP are answered with a problem', [
  raw('plain text', 'hello\r\n\r\n'),
  raw('a method that does not exist', 'BREW /conversations HTTP/1.1\r\nhost: a\r\n\r\n'),
  raw('no path', 'GET HTTP/1.1\r\nhost: a\r\n\r\n'),
  raw('an unknown version of HTTP', 'GET /healthz HTTP/9.9\r\nhost: a\r\n\r\n'),
  raw('a TLS handshake', '\u0016\u0003\u0001\u0002\u0000\u0001'),
  raw('a header without a colon', 'GET /healthz HTTP/1.1\r\nhost: a\r\nnonsense\r\n\r\n'),
  raw('a space before the colon', 'GET /healthz HTTP/1.1\r\nhost : a\r\n\r\n'),
  raw('a control character in a header', 'GET /healthz HTTP/1.1\r\nhost: a\r\nx: \u0000\r\n\r\n'),
  raw('no Host', 'GET /healthz HTTP/1.1\r\n\r\n'),
  raw('two Hosts', 'GET /healthz HTTP/1.1\r\nhost: a\r\nHost: b\r\n\r\n'),
  raw('the same Host twice', 'GET /healthz HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n'),
  raw(
    'a preflight with two Hosts',
    'OPTIONS /conversations HTTP/1.1\r\nhost: a\r\nhost: b\r\naccess-control-request-method: POST\r\norigin: https://a\r\n\r\n',
  ),
  raw('two Hosts of HTTP 1.0', 'GET /healthz HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n'),
  raw('a list of Hosts', 'GET /healthz HTTP/1.1\r\nhost: a, b\r\n\r\n'),
  raw('a Host with a path', 'GET /healthz HTTP/1.1\r\nhost: a/b\r\n\r\n'),
  raw('a length that is no number', `${HEAD}content-length: ten\r\n\r\n${GOOD}`),
  raw('a length below zero', `${HEAD}content-length: -1\r\n\r\n`),
  raw('two lengths', `${HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`),
  raw('a length beside chunks', `${HEAD}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
  raw('a chunk size that is no number', `${HEAD}transfer-encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n`),
  raw('a chunk longer than it says', `${HEAD}transfer-encoding: chunked\r\n\r\n1\r\n{}{}{}\r\n0\r\n\r\n`),
  raw('chunked, but not as the last encoding', `${HEAD}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`),
  raw(
    'an endless chunk extension',
    `${HEAD}transfer-encoding: chunked\r\n\r\n2;${'x'.repeat(20_000)}\r\n{}\r\n`,
    413,
    'body_too_large',
  ),
  raw(
    'headers of 40 KB',
    `GET /healthz HTTP/1.1\r\nhost: a\r\ncookie: ${'c'.repeat(40_000)}\r\n\r\n`,
    431,
    'headers_too_large',
  ),
  raw(
    'headers of 1 MB',
    `GET /healthz HTTP/1.1\r\nhost: a\r\ncookie: ${'c'.repeat(1_000_000)}\r\n\r\n`,
    431,
    'headers_too_large',
  ),
  raw(
    '4,000 short headers',
    `GET /healthz HTTP/1.1\r\nhost: a\r\n${'x-a: bcdefg\r\n'.repeat(4000)}\r\n`,
    431,
    'headers_too_large',
  ),
  raw('a path of 40 KB', `GET /${'a'.repeat(40_000)} HTTP/1.1\r\nhost: a\r\n\r\n`, 431, 'headers_too_large'),
  raw('an unsupported Expect header', `${HEAD}expect: 200-ok\r\ncontent-length: 0\r\n\r\n`, 417, 'expectation_failed'),
]);

refuses('an unknown path or a wrong method is refused', [
  to('an unknown path', 'GET', '/nope', 404, 'not_found'),
  to('a path in another case', 'POST', '/Conversations', 404, 'not_found'),
  to('a slash at the end', 'POST', '/conversations/', 404, 'not_found'),
  to('two slashes', 'POST', '//conversations', 404, 'not_found'),
  to('an id of the wrong form', 'GET', '/conversations/1', 404, 'not_found'),
  to('an unknown id', 'GET', '/conversations/cnv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 404, 'not_found'),
  to('a very long id', 'GET', `/conversations/cnv_${'a'.repeat(5000)}`, 404, 'not_found'),
  to('an id with a path in it', 'GET', '/conversations/..%2F..%2Fetc%2Fpasswd', 404, 'not_found'),
  to('a path out of the docs', 'GET', '/docs/static/..%2f..%2fpackage.json', 404, 'not_found'),
  to('a path that climbs out of the docs', 'GET', '/docs/static/../../package.json', 404, 'not_found'),
  to('a NUL in a file of the docs', 'GET', '/docs/static/a%00b', 404, 'not_found'),
  to('an absolute URL with a fragment', 'GET', 'http://elsewhere.example/nope?a#b', 404, 'not_found'),
  to('a file that the docs do not have', 'GET', '/docs/static/nope.js', 404, 'not_found'),
  to('a NUL in the path', 'GET', '/conversations/%00', 404, 'not_found'),
  to('an invalid escape', 'GET', '/conversations/%zz', 404, 'not_found'),
  to('an escape cut short', 'GET', '/conversations/%', 404, 'not_found'),
  to('an escape of broken UTF-8', 'POST', '/%E0%A4', 404, 'not_found'),
  to('a star', 'GET', '*', 404, 'not_found'),
  to('an unknown path in an absolute URL', 'GET', 'http://elsewhere.example/nope', 404, 'not_found'),
  to('a path of the admin listener', 'GET', '/metrics', 404, 'not_found'),
  {
    name: 'invalid JSON to an unknown path',
    send: [request({ path: '/nope', body: '{' })],
    status: 404,
    code: 'not_found',
  },
  to('DELETE of the leads in an absolute URL', 'DELETE', 'http://a/conversations', 405, 'method_not_allowed'),
  to('DELETE of the leads', 'DELETE', '/conversations', 405, 'method_not_allowed'),
  to('a list of leads without a key', 'GET', '/conversations', 401, 'invalid_api_key'),
  to('PUT of a lead', 'PUT', '/conversations/cnv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 405, 'method_not_allowed'),
  to('PROPFIND', 'PROPFIND', '/conversations', 405, 'method_not_allowed'),
  to('QUERY', 'QUERY', '/conversations', 405, 'method_not_allowed'),
  to('TRACE', 'TRACE', '/healthz', 405, 'method_not_allowed'),
  {
    name: 'POST to the health check',
    send: [request({ path: '/healthz', body: GOOD })],
    status: 405,
    code: 'method_not_allowed',
  },
  {
    name: 'PUT of invalid JSON',
    send: [request({ method: 'PUT', body: '{' })],
    status: 405,
    code: 'method_not_allowed',
  },
]);

const STYLE = 'GET /docs/static/swagger-ui.css HTTP/1.1\r\nhost: a\r\n';

refuses('a condition or range that a file of the reference cannot meet is refused', [
  raw('a range behind its end', `${STYLE}range: bytes=999999999-\r\n\r\n`, 416, 'range_not_satisfiable'),
  raw('the ETag of another version', `${STYLE}if-match: "other"\r\n\r\n`, 412, 'precondition_failed'),
  raw(
    'a file that changed after the date',
    `${STYLE}if-unmodified-since: Sat, 01 Jan 2000 00:00:00 GMT\r\n\r\n`,
    412,
    'precondition_failed',
  ),
]);
