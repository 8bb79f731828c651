import { type Case, chunk, failure, head, http, NIL, ok, SUCCESS, utf16 } from '../../support/provider/raw-server.ts';

export const DELIVERED: readonly Case[] = [
  { name: 'Success', wire: ok(SUCCESS), class: 'delivered' },
  { name: 'Success in a 201', wire: http(201, SUCCESS), class: 'delivered' },
  { name: 'Success in a 202', wire: http(202, SUCCESS), class: 'delivered' },
  { name: 'Success with white space around it', wire: ok('<R><Status>\n  Success </Status></R>'), class: 'delivered' },
  { name: 'Success in a CDATA section', wire: ok('<R><Status><![CDATA[Success]]></Status></R>'), class: 'delivered' },
  { name: 'Success beside a comment', wire: ok('<R><Status><!-- x -->Success</Status></R>'), class: 'delivered' },
  {
    name: 'Success under a bound prefix',
    wire: ok('<a:R xmlns:a="urn:a"><a:Status>Success</a:Status></a:R>'),
    class: 'delivered',
  },
  {
    name: 'Success in a default namespace with a nil description',
    wire: ok(`<R xmlns="urn:a" ${NIL}><Description i:nil="true"/><Status>Success</Status></R>`),
    class: 'delivered',
  },
  {
    name: 'Success after a byte order mark',
    wire: ok(`\ufeff<?xml version="1.0" encoding="utf-8"?>${SUCCESS}`),
    class: 'delivered',
  },
  { name: 'Success in UTF-16 with a byte order mark', wire: ok(utf16(`\ufeff${SUCCESS}`)), class: 'delivered' },
  {
    name: 'Success in UTF-16 by content type',
    wire: ok(utf16(SUCCESS), 'content-type: text/xml; charset=utf-16\r\n'),
    class: 'delivered',
  },
  {
    name: 'Success declared as UTF-16 in a UTF-8 answer',
    wire: ok(`<?xml version="1.0" encoding="utf-16"?>${SUCCESS}`),
    class: 'delivered',
  },
  {
    name: 'Success in UTF-8 under a content type of UTF-16',
    wire: ok(SUCCESS, 'content-type: text/xml; charset=utf-16\r\n'),
    class: 'delivered',
  },
  {
    name: 'Success after an unsolicited 100 Continue',
    wire: `HTTP/1.1 100 Continue\r\n\r\n${ok(SUCCESS)}`,
    class: 'delivered',
  },
  {
    name: 'Success whose headers have blanks before their colons, in pieces',
    wire: (socket) => {
      const text = `HTTP/1.1 200 OK\r\nContent-Type : text/xml\r\nContent-Length\t: ${SUCCESS.length}\r\n\r\n${SUCCESS}`;
      socket.write(text.slice(0, 29));
      setImmediate(() => socket.end(text.slice(29)));
    },
    class: 'delivered',
  },
  {
    name: 'Success after two 100 Continue with headers',
    wire: `HTTP/1.1 100 Continue\r\nserver: a\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${ok(SUCCESS)}`,
    class: 'delivered',
  },
  {
    name: 'Success after a 100 Continue that arrives in pieces',
    wire: (socket) => {
      socket.setNoDelay(true);
      socket.write('HTTP/1.1 10');
      setTimeout(() => socket.write('0 Continue\r\n'), 10);
      setTimeout(() => socket.write(`\r\n${ok(SUCCESS)}`), 20);
    },
    class: 'delivered',
  },
  { name: 'Success without a content type', wire: ok(SUCCESS, ''), class: 'delivered' },
  {
    name: 'Success in chunks',
    wire: `${head('transfer-encoding: chunked\r\n')}${chunk('<R><Sta')}${chunk('tus>Success</Status></R>')}0\r\n\r\n`,
    class: 'delivered',
  },
  {
    name: 'Success up to the end of the connection',
    wire: head('connection: close\r\n') + SUCCESS,
    class: 'delivered',
  },
  {
    name: 'Success after a 103',
    wire: `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${ok(SUCCESS)}`,
    class: 'delivered',
  },
  {
    name: 'Success with text beside the elements',
    wire: ok('<R>fine <Status>Success</Status> indeed</R>'),
    class: 'delivered',
  },
  { name: 'Success in exactly 64 KiB', wire: ok(SUCCESS.padEnd(65_536)), class: 'delivered' },
];

export const FAILURES: readonly Case[] = [
  {
    name: 'a Failure about the phone',
    wire: ok(failure('Phone number is not valid')),
    class: 'rejected',
    reason: 'phone',
    cause: 'failure_phone',
  },
  {
    name: 'a Failure about the phone in a 400',
    wire: http(400, failure('Phone number is not valid')),
    class: 'rejected',
    reason: 'phone',
  },
  {
    name: 'a Failure about the phone in a 500',
    wire: http(500, failure('Phone number is not valid')),
    class: 'rejected',
    reason: 'phone',
  },
  {
    name: 'a Failure about a merchant that the caller named',
    wire: ok(failure('Merchant not found')),
    class: 'rejected',
    reason: 'target',
    cause: 'failure_target',
  },
  {
    name: 'a Failure about a merchant that our site named',
    wire: ok(failure('Merchant not found')),
    class: 'refused',
    cause: 'failure_target',
    lead: { targetFrom: 'site' },
  },
  {
    name: 'a Failure about one merchant’s permission',
    wire: ok(failure('Access denied for merchant')),
    class: 'credentials',
    cause: 'failure_credentials',
  },
  {
    name: 'a Failure about the credentials',
    wire: ok(failure('Invalid user name or password')),
    class: 'credentials',
    cause: 'failure_credentials',
  },
  {
    name: 'a Failure about the credentials in a 500',
    wire: http(500, failure('Authentication failed')),
    class: 'credentials',
    cause: 'failure_credentials',
  },
  {
    name: 'a Failure about something else',
    wire: ok(failure('Try another day')),
    class: 'refused',
    cause: 'failure_other',
  },
  {
    name: 'a Failure without a description',
    wire: ok('<R><Status>Failure</Status></R>'),
    class: 'refused',
    cause: 'failure_other',
  },
  {
    name: 'a Failure whose description is nil',
    wire: ok(`<R ${NIL}><Description i:nil="true"/><Status>Failure</Status></R>`),
    class: 'refused',
    cause: 'failure_other',
  },
  { name: 'a Failure whose description is blank', wire: ok(failure(' \n ')), class: 'refused', cause: 'failure_other' },
  {
    name: 'a Failure whose description says Success',
    wire: ok(failure('Success')),
    class: 'refused',
    cause: 'failure_other',
  },
  {
    name: 'a Failure that quotes a question about passwords',
    wire: ok(failure('Text not allowed: "Is my password wrong?"')),
    class: 'refused',
    cause: 'failure_other',
    lead: { question: 'Is my password wrong?' },
  },
  {
    name: 'a Failure that quotes the beginning of a question about phones',
    wire: ok(failure('Text too long: Is the phone on your si...')),
    class: 'refused',
    cause: 'failure_other',
    lead: { question: 'Is the phone on your site still for sale?' },
  },
  {
    name: 'a Failure that quotes a listing about merchants',
    wire: ok(failure('Bad details "shop: The Merchant &amp; Sons"')),
    class: 'refused',
    cause: 'failure_other',
    lead: { listing: { shop: 'The Merchant & Sons' } },
  },
  {
    name: 'a Failure that quotes a name that is a login',
    wire: ok(failure('Cannot text Login Forbidden at +14045551212')),
    class: 'refused',
    cause: 'failure_other',
    lead: { firstName: 'Login', lastName: 'Forbidden' },
  },
  {
    name: 'a Failure about the phone that quotes a question about passwords',
    wire: ok(failure('Phone 4045551212 unknown, asked: is my password wrong?')),
    class: 'rejected',
    reason: 'phone',
    lead: { question: 'Is my password wrong?' },
  },
];

export const STATUSES: readonly Case[] = [
  { name: 'a 302 to a Success', wire: http(302, '', 'location: /elsewhere\r\n'), class: 'unknown', cause: 'http_302' },
  { name: 'a 307 to a Success', wire: http(307, '', 'location: /elsewhere\r\n'), class: 'unknown', cause: 'http_307' },
  { name: 'a 304', wire: 'HTTP/1.1 304 Not Modified\r\n\r\n', class: 'unknown', cause: 'http_304' },
  { name: 'a 400 with a page', wire: http(400, '<html>Bad Request</html>'), class: 'unknown', cause: 'http_400' },
  { name: 'a 400 with a Success', wire: http(400, SUCCESS), class: 'unknown', cause: 'http_400' },
  { name: 'a 404', wire: http(404, 'Not Found'), class: 'unknown', cause: 'http_404' },
  { name: 'a 415', wire: http(415, ''), class: 'unknown', cause: 'http_415' },
  { name: 'a 500 with a Success', wire: http(500, SUCCESS), class: 'unknown', cause: 'http_500' },
  { name: 'a 502 with a page', wire: http(502, '<html>Bad Gateway</html>'), class: 'unknown', cause: 'http_502' },
  { name: 'a 504', wire: http(504, ''), class: 'unknown', cause: 'http_504' },
  { name: 'a 401', wire: http(401, '', 'www-authenticate: Basic\r\n'), class: 'credentials', cause: 'http_401' },
  { name: 'a 401 with a Success', wire: http(401, SUCCESS), class: 'credentials', cause: 'http_401' },
  {
    name: 'a 401 whose body breaks off',
    wire: 'HTTP/1.1 401 X\r\ncontent-length: 9\r\n\r\n<',
    class: 'credentials',
    cause: 'http_401',
  },
  { name: 'a 403 with a page', wire: http(403, '<html>Blocked</html>'), class: 'refused', cause: 'http_403' },
  { name: 'a 403 with a Success', wire: http(403, SUCCESS), class: 'refused', cause: 'http_403' },
  {
    name: 'a 403 whose Failure names the phone',
    wire: http(403, failure('Invalid phone')),
    class: 'refused',
    cause: 'http_403',
  },
  {
    name: 'a 403 whose Failure names the credentials',
    wire: http(403, failure('Not authorized')),
    class: 'credentials',
    cause: 'http_403',
  },
  {
    name: 'a 429 with seconds',
    wire: http(429, '', 'retry-after: 7\r\n'),
    class: 'not_sent',
    cause: 'http_429',
    retryAfterMs: 7_000,
  },
  {
    name: 'a 429 with a date',
    wire: http(429, '', 'retry-after: Tue, 24 Nov 2026 09:00:30 GMT\r\n'),
    class: 'not_sent',
    cause: 'http_429',
    retryAfterMs: 30_000,
  },
  { name: 'a 429 with a Failure', wire: http(429, failure('Invalid phone')), class: 'not_sent', cause: 'http_429' },
  { name: 'a 503', wire: http(503, '<html>Down</html>'), class: 'not_sent', cause: 'http_503' },
  { name: 'a 503 with a Success', wire: http(503, SUCCESS), class: 'not_sent', cause: 'http_503' },
  {
    name: 'a 503 in the past',
    wire: http(503, '', 'retry-after: -1\r\n'),
    class: 'not_sent',
    cause: 'http_503',
    retryAfterMs: 0,
  },
  { name: 'a 503 at no time', wire: http(503, '', 'retry-after: tomorrow\r\n'), class: 'not_sent', cause: 'http_503' },
  {
    name: 'a 503 whose body breaks off',
    wire: 'HTTP/1.1 503 X\r\ncontent-length: 9\r\nretry-after: 1\r\n\r\n<',
    class: 'not_sent',
    cause: 'http_503',
    retryAfterMs: 1_000,
  },
];
