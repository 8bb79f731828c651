import { gzipSync } from 'node:zlib';
import { goodBody } from '../../support/http/app.ts';
import { post, type Refused, refuses } from '../../support/http/refusals.ts';
import { request } from '../../support/http/wire.ts';

const GOOD = JSON.stringify(goodBody());
const invalid = 'invalid_json';

function notUtf8(...bytes: number[]): Buffer {
  return Buffer.concat([
    Buffer.from('{"site":"demo","consumer":{"phone":"(404) 555-1212","question":"'),
    Buffer.from(bytes),
    Buffer.from('"}}'),
  ]);
}

function typed(name: string, headers: Record<string, string>, body: string | Buffer = GOOD): Refused {
  return post(name, body, 415, 'unsupported_media_type', undefined, headers);
}

refuses('a body that is not JSON is refused', [
  post('an empty body', '', 400, invalid, ''),
  post('blank', ' \r\n\t', 400, invalid, ''),
  post('cut off', GOOD.slice(0, -1), 400, invalid, ''),
  post('one brace', '{', 400, invalid, ''),
  post('more after the end', `${GOOD}}`, 400, invalid, ''),
  post('two values', `${GOOD}${GOOD}`, 400, invalid, ''),
  post('single quotes', "{'site':'demo'}", 400, invalid, ''),
  post('a comma too many', '{"site":"demo",}', 400, invalid, ''),
  post('a comment', `/* lead */${GOOD}`, 400, invalid, ''),
  post('an unquoted key', '{site:"demo"}', 400, invalid, ''),
  post('NaN', '{"merchantId":NaN}', 400, invalid, ''),
  post('Infinity', '{"merchantId":-Infinity}', 400, invalid, ''),
  post('undefined', '{"site":undefined}', 400, invalid, ''),
  post('a leading zero', '{"merchantId":007}', 400, invalid, ''),
  post('hexadecimal', '{"merchantId":0x7}', 400, invalid, ''),
  post('a raw line break in a text', '{"site":"de\nmo"}', 400, invalid, ''),
  post('a raw NUL in a text', '{"site":"de\u0000mo"}', 400, invalid, ''),
  post('a bad escape', '{"site":"\\x41"}', 400, invalid, ''),
  post('form data declared as JSON', 'site=demo&phone=4045551212', 400, invalid, ''),
  post('XML declared as JSON', '<lead/>', 400, invalid, ''),
  post('gzip declared as JSON', gzipSync(GOOD), 400, invalid, ''),
  post('two byte order marks', `\ufeff\ufeff${GOOD}`, 400, invalid, ''),
  {
    name: 'no body and no length',
    status: 400,
    code: invalid,
    pointer: '',
    send: ['POST /conversations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\r\n'],
  },
]);

refuses('a body that is not UTF-8 is refused', [
  post('a lone continuation byte', notUtf8(0x80), 400, invalid, ''),
  post('a sequence cut short', notUtf8(0xe2, 0x82), 400, invalid, ''),
  post('an overlong slash', notUtf8(0xc0, 0xaf), 400, invalid, ''),
  post('a surrogate in bytes', notUtf8(0xed, 0xa0, 0x80), 400, invalid, ''),
  post('beyond U+10FFFF', notUtf8(0xf4, 0x90, 0x80, 0x80), 400, invalid, ''),
  post('Latin-1', notUtf8(0xe9), 400, invalid, ''),
  post('0xFF', notUtf8(0xff), 400, invalid, ''),
  post('UTF-16', Buffer.from(`\ufeff${GOOD}`, 'utf16le'), 400, invalid, ''),
]);

refuses('a key that comes twice in one object is refused, however it is spelled', [
  post('at the root', '{"site":"demo","site":"dealer","consumer":{"phone":"1"}}', 400, invalid, '/site'),
  post('in the consumer', '{"site":"demo","consumer":{"phone":"1","phone":"2"}}', 400, invalid, '/consumer/phone'),
  post('with an escaped letter', '{"site":"demo","s\\u0069te":"dealer"}', 400, invalid, '/site'),
  post('in a listing', '{"listing":{"vin":"1","make":"2","vin":"1"}}', 400, invalid, '/listing/vin'),
  post('in a list of objects', '{"x":[{"a":1},{"a":1,"b":{},"a":2}]}', 400, invalid, '/x/1/a'),
  post('__proto__', '{"__proto__":1,"__proto__":2}', 400, invalid, '/__proto__'),
  post('empty keys', '{"":1,"":2}', 400, invalid, '/'),
]);

refuses('a body with more than 16 levels is refused', [
  post('17 lists', `${'['.repeat(17)}${']'.repeat(17)}`, 400, invalid, '/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0'),
  post('17 objects', `${'{"a":'.repeat(17)}1${'}'.repeat(17)}`, 400, invalid, '/a'.repeat(16)),
  post('30,000 lists', `${'['.repeat(30_000)}${']'.repeat(30_000)}`, 400, invalid, '/0'.repeat(16)),
  post('10,000 objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 400, invalid, '/a'.repeat(16)),
  post('30,000 lists without an end', '['.repeat(30_000), 400, invalid, '/0'.repeat(16)),
]);

refuses('a body of another type, charset or encoding is refused', [
  typed('form data', { 'content-type': 'application/x-www-form-urlencoded' }, 'site=demo'),
  typed('multipart', { 'content-type': 'multipart/form-data; boundary=x' }, '--x--'),
  typed('plain text, as a page can send without a preflight', { 'content-type': 'text/plain' }),
  typed('XML', { 'content-type': 'application/xml' }, '<lead/>'),
  typed('another JSON', { 'content-type': 'application/ld+json' }),
  typed('a type that begins right', { 'content-type': 'application/jsonp' }),
  typed('two types', { 'content-type': 'text/plain, application/json' }),
  typed('an empty type', { 'content-type': '' }),
  typed('no slash', { 'content-type': 'json' }),
  typed('Latin-1', { 'content-type': 'application/json; charset=iso-8859-1' }),
  typed('UTF-16', { 'content-type': 'application/json; charset="utf-16"' }),
  typed('a second charset', { 'content-type': 'application/json; charset=utf-8; charset=latin1' }),
  typed('gzip', { 'content-encoding': 'gzip' }, gzipSync(GOOD)),
  typed('brotli', { 'content-encoding': 'br' }),
  typed('deflate within gzip', { 'content-encoding': 'deflate, gzip' }),
  {
    name: 'no type',
    status: 415,
    code: 'unsupported_media_type',
    send: [`POST /conversations HTTP/1.1\r\nhost: a\r\ncontent-length: ${GOOD.length}\r\n\r\n${GOOD}`],
  },
]);

const MEGABYTE = Buffer.alloc(1024 * 1024, ' ');

refuses('a body of more than 64 KiB is refused, with or without a Content-Length', [
  post('one byte too many', GOOD.padEnd(65_537), 413, 'body_too_large'),
  post('a megabyte', MEGABYTE, 413, 'body_too_large'),
  post('a megabyte with Connection: close', MEGABYTE, 413, 'body_too_large', undefined, {
    connection: 'close',
  }),
  {
    name: 'a megabyte in chunks',
    status: 413,
    code: 'body_too_large',
    send: [
      'POST /conversations HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n',
      ...Array.from({ length: 16 }, () => `10000\r\n${' '.repeat(65_536)}\r\n`),
      '0\r\n\r\n',
    ],
  },
  post('a megabyte of another type', MEGABYTE, 415, 'unsupported_media_type', undefined, {
    'content-type': 'image/png',
  }),
  {
    name: 'a megabyte to an unknown path',
    status: 404,
    code: 'not_found',
    send: [request({ path: '/nope', body: MEGABYTE })],
  },
]);
