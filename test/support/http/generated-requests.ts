import type { Random } from '../random.ts';
import { goodBody, ID, KEYS } from './app.ts';

/** A request as bytes, and how it has to be sent. */
export type GeneratedRequest = {
  readonly method: string;
  /** The request target as it stands in the first line. */
  readonly target: string;
  readonly bytes: Buffer;
  /** The framing may be wrong, so that the request needs a connection of its own. */
  readonly ownConnection: boolean;
};

/** Valid tokens, proofs and ids, so that some requests pass the checks. */
export type Evidence = { readonly formToken: string; readonly proof: object };

const METHODS = ['GET', 'POST', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY', 'PROPFIND'];

export type Route = readonly [method: string, path: string];

/** The routes of an OpenAPI document, with values for what is variable in their paths. */
export function documentedRoutes(paths: Readonly<Record<string, object>>): Route[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map(
      (method): Route => [method.toUpperCase(), path.replace('{id}', ID).replace('{key}', 'demo')],
    ),
  );
}

/** Leads more often than other requests, and paths that the document leaves out. */
const MORE_ROUTES: readonly Route[] = [
  ['POST', '/conversations'],
  ['POST', '/conversations'],
  ['GET', '/conversations/form'],
  ['GET', '/conversations/cnv_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
  ['GET', '/sites/dealer/form'],
  ['GET', '/sites/nobody/form'],
  ['POST', '/sites/dealer/text'],
  ['GET', '/docs'],
  ['GET', '/docs/'],
  ['GET', '/docs/problems'],
  ['GET', '/docs/static/index.html'],
  ['GET', '/docs/static/theme/reference.css'],
  ['GET', '/docs/static/nope.js'],
  ['GET', '/docs/static/favicon-16x16.png'],
  ['GET', '/widget/v1.js'],
  ['GET', '/widget/nope.js'],
  ['GET', '/demo'],
  ['GET', '/demo/config.json'],
  ['GET', '/nope'],
  ['GET', '/'],
];

/** Answers of 50 KB and more, which are asked for less often. */
const LARGE: readonly Route[] = [
  ['GET', '/docs/json'],
  ['GET', '/docs/yaml'],
  ['GET', '/docs/static/swagger-ui.css'],
  ['GET', '/openapi.json'],
];

const SEGMENTS = [
  ...['/..', '/../x', '/../../package.json', '/%2e%2e/x', '/..%2fx', '/.', '//', '/', '%00', '%2F', '%5c', '\\'],
  ...['%', '%zz', '%E0%A4', '%F0%9F%92%AC', ';a=b', ':', '*', '~', '.gitignore', 'é', '%0d%0aX: y', 'x'.repeat(300)],
];
const QUERIES = [
  ...['?', '?lang=es', '?lang=es-MX&_=1', '?lang=', `?lang=${'x'.repeat(80)}`, '?lang=a&lang=b', '?lang[]=a', '?%00'],
  ...['?__proto__=1', '?constructor[prototype]=1', '?lang=%00', '?lang=%E0', '?&&==', '?a#b', `?${'q'.repeat(2000)}`],
];

/** Values of header fields, by name. `undefined` leaves the field out although it is usual. */
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  origin: [
    'https://dealer.example',
    'https://evil.example',
    'null',
    '',
    'x',
    'https://[',
    `https://${'a'.repeat(400)}`,
  ],
  referer: ['https://dealer.example/car', 'https://evil.example/', 'about:blank', 'https://[', '', '/car', 'data:,x'],
  'sec-fetch-site': ['same-origin', 'same-site', 'cross-site', 'none', '', 'x'],
  'sec-fetch-mode': ['cors', 'navigate', 'x'],
  authorization: [
    ...Object.values(KEYS).map((key) => `Bearer ${key}`),
    ...['Bearer', 'Bearer  ', 'Bearer wrong', 'Basic eDp5', 'bearer x y', '', `Bearer ${'k'.repeat(600)}`, 'Bearer é'],
  ],
  'content-type': [
    ...['application/json', 'application/json; charset=utf-8', 'application/x-www-form-urlencoded', 'text/plain', ''],
    ...['multipart/form-data', 'multipart/form-data; boundary=x', 'application/json; charset=utf-16', ';', 'x', '/'],
    ...['application/json, application/json', 'application/json;;', 'APPLICATION/JSON;charset="utf-8";', '__proto__'],
  ],
  'content-encoding': ['identity', 'gzip', '', 'br, gzip'],
  accept: ['*/*', 'text/html', 'application/json;q=0', '', ';'],
  'accept-encoding': ['gzip', 'gzip;q=0', 'br', '*', '', 'gzip;q=x', 'identity;q=0, *;q=0'],
  'accept-language': ['es', 'es_MX', 'fr;q=0.1, ar', ';q=', 'x'.repeat(500), '*', ''],
  'idempotency-key': ['order-1', '"quoted"', '', ' ', 'é', 'x'.repeat(256), 'a b', '__proto__'],
  range: [
    'bytes=0-1',
    'bytes=5-1',
    'bytes=999999999-',
    'bytes=-0',
    'bytes=0-0,2-3',
    'lines=1',
    'bytes=x',
    '',
    'bytes=',
  ],
  'if-range': ['"x"', 'Sat, 01 Jan 2000 00:00:00 GMT', ''],
  'if-match': ['"x"', '*', 'W/"x"', '', ','],
  'if-none-match': ['"x"', '*', '', ',,', 'W/"'],
  'if-modified-since': ['Sat, 01 Jan 2000 00:00:00 GMT', 'Sat, 01 Jan 2050 00:00:00 GMT', 'x', ''],
  'if-unmodified-since': ['Sat, 01 Jan 2000 00:00:00 GMT', 'x', ''],
  'x-forwarded-for': [
    '203.0.113.7',
    '[2001:db8::7]:443',
    'fe80::1%eth0',
    'unknown',
    '',
    ',',
    '999.1.1.1',
    '::ffff:1.2.3.4',
  ],
  'x-forwarded-host': ['dealer.example', 'a, b', '', 'x y', '[', 'é'],
  'x-forwarded-proto': ['https', 'http, https', '', 'x:'],
  forwarded: ['for=1.2.3.4;host=x;proto=https', ';'],
  'x-request-id': ['7d9f3c1e-5b3a-4a53-9a53-0d7f3b3c9a11', 'abc', '', 'a b', 'x'.repeat(300), '{"a":1}'],
  traceparent: ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '00-0-0-0', 'x', '', 'x'.repeat(300)],
  tracestate: ['a=b', '', ','],
  cookie: ['a=b', '', 'x'.repeat(5000), ';;;='],
  'access-control-request-method': ['POST', 'GET', 'DELETE', '', 'x y'],
  'access-control-request-headers': ['content-type', 'x', '', ',,'],
  'access-control-request-private-network': ['true'],
  upgrade: ['h2c', 'websocket', ''],
  'http2-settings': ['AAMAAABkAAQAAP__'],
  te: ['trailers', ''],
  via: ['1.1 x'],
  'max-forwards': ['0'],
  'accept-version': ['1.0', 'x'],
  'user-agent': ['', 'x'.repeat(2000)],
  __proto__x: ['1'],
  constructor: ['1'],
};

/** Changes of framing and of fields that HTTP itself reads. Each line replaces the usual field of its name. */
const FRAMING: readonly (readonly string[])[] = [
  ['host: a', 'host: b'],
  ['host: a', 'host: a'],
  ['host:'],
  ['host: a b'],
  ['host: a, b'],
  ['host: ['],
  ['host: user@a'],
  ['host: a:99999'],
  [],
  ['host: gateway.test', 'content-length: 3'],
  ['host: gateway.test', 'content-length: 100000'],
  ['host: gateway.test', 'content-length: -1'],
  ['host: gateway.test', 'content-length: 1', 'content-length: 2'],
  ['host: gateway.test', 'content-length: 2', 'transfer-encoding: chunked'],
  ['host: gateway.test', 'transfer-encoding: chunked'],
  ['host: gateway.test', 'transfer-encoding: gzip, chunked'],
  ['host: gateway.test', 'transfer-encoding: x'],
  ['host: gateway.test', 'expect: 100-continue'],
  ['host: gateway.test', 'expect: x'],
  ['host: gateway.test', 'connection: close'],
  ['host: gateway.test', 'connection: upgrade', 'upgrade: websocket'],
  ['host: gateway.test', 'connection: content-type'],
  ['host: gateway.test', 'trailer: x'],
];

const TEXTS = [
  ...['', ' ', 'x', '\u0000', '\u000b', '\ud800', '💬', '__proto__', 'constructor', '../x', '-1', '1e999', 'true', '*'],
  ...[
    'https://dealer.example',
    'javascript:x',
    'https://[',
    '(404) 555-1212',
    '+44 7400 123456',
    '911',
    '+'.repeat(64),
  ],
  ...[
    '9'.repeat(64),
    'US',
    'us',
    'XX',
    'x'.repeat(65),
    'x'.repeat(1001),
    'x'.repeat(5000),
    '<a>&amp;]]>',
    '\r\nX: y',
    '%s',
  ],
];
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 1, 1.5, 2 ** 31, 2 ** 53, 1e308, [], {}, [[]], [null], { a: 1 }, { toString: 1 }],
  ...[{ length: 1 }, { phone: {} }, { __proto__x: 1 }, { constructor: { prototype: 1 } }, Array(40).fill('x')],
  Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`n${n}`, n])),
];
const FIELDS = [
  ...['site', 'advertiserId', 'merchantId', 'placementId', 'consumer', 'listing', 'consent', 'page', 'reference'],
  ...['formToken', 'proof', 'trap', 'consumer.phone', 'consumer.country', 'consumer.firstName', 'consumer.lastName'],
  ...['consumer.question', 'consent.text', 'consent.version', 'page.url', 'page.title', 'listing.vin', 'listing.'],
  ...['unknown', 'consumer.unknown', 'toString', 'consumer.constructor', 'lang', 'next', 'idempotencyKey', 'a.b.c'],
];
const SITES = ['demo', 'dealer', 'nobody', '', '__proto__', 'constructor'];

/** Makes one request: mostly a right one for its route, changed in a few places. The same choices give the same bytes. */
export function generateRequest(random: Random, documented: readonly Route[], evidence: Evidence): GeneratedRequest {
  const one = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  const [usual, path] = one(random.chance(0.01) ? LARGE : random.chance(0.5) ? documented : MORE_ROUTES);
  const method = random.chance(0.85) ? usual : one(METHODS);
  let target = path;
  if (random.chance(0.12)) target = insert(target, one(SEGMENTS), random);
  if (random.chance(0.15)) target += one(QUERIES);
  if (random.chance(0.01)) target = `http://elsewhere.example${target}`;

  const body = method === 'POST' || random.chance(0.1) ? generateBody(path, random, evidence) : Buffer.alloc(0);
  const fields: [string, string][] = [];
  if (body.length > 0) {
    fields.push(['content-type', takesForm(path) ? 'application/x-www-form-urlencoded' : 'application/json']);
  }
  if (random.chance(0.5)) fields.push(['origin', 'https://dealer.example']);
  for (let count = random.below(4); count > 0; count -= 1) {
    const name = one(Object.keys(HEADERS));
    const value = one(HEADERS[name] ?? ['']);
    if (random.chance(0.8)) remove(fields, name);
    fields.push([name, value]);
  }
  const framed = random.chance(0.06) ? one(FRAMING) : undefined;
  const lines = framed ? [...framed] : ['host: gateway.test'];
  if (!lines.some((line) => /^(content-length|transfer-encoding)/.test(line)) && body.length > 0) {
    lines.push(`content-length: ${body.length}`);
  }
  lines.push(...fields.map(([name, value]) => `${name}: ${value}`));
  const broken = random.chance(0.01);
  const head = `${method} ${target} HTTP/${random.chance(0.02) ? '1.0' : '1.1'}\r\n${lines.join('\r\n')}\r\n\r\n`;
  const whole = Buffer.concat([Buffer.from(head), body]);
  const bytes = broken ? breakBytes(whole, random) : whole;
  const [readMethod = '', readTarget = ''] = bytes.toString('latin1').split(/ |\r/, 2);
  return { method: readMethod, target: readTarget, bytes, ownConnection: framed !== undefined || broken };
}

function insert(target: string, segment: string, random: Random): string {
  const at = random.chance(0.6) ? target.length : random.below(target.length + 1);
  return target.slice(0, at) + segment + target.slice(at);
}

function remove(fields: [string, string][], name: string): void {
  const at = fields.findIndex(([each]) => each === name);
  if (at !== -1) fields.splice(at, 1);
}

function breakBytes(bytes: Buffer, random: Random): Buffer {
  const at = 1 + random.below(bytes.length - 1);
  if (random.chance(0.5)) return bytes.subarray(0, at);
  const changed = Buffer.from(bytes);
  changed[at] = random.below(256);
  return changed;
}

function generateBody(path: string, random: Random, evidence: Evidence): Buffer {
  const one = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  const value = (): unknown => (random.chance(0.6) ? one(TEXTS) : one(VALUES));
  if (random.chance(0.03)) return Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)));
  const lead: Record<string, unknown> = goodBody({ consumer: { phone: '(404) 555-1212' } });
  if (random.chance(0.3)) lead.site = one(SITES);
  if (random.chance(0.1)) lead.formToken = evidence.formToken;
  if (random.chance(0.15)) lead.proof = generateProof(random, evidence, value);
  for (let count = random.below(4); count > 0; count -= 1) set(lead, one(FIELDS), value(), random);
  if (takesForm(path)) return Buffer.from(formOf(lead, random));
  const text = JSON.stringify(lead);
  if (random.chance(0.02)) return Buffer.from(text.slice(0, random.below(text.length)));
  if (random.chance(0.02)) return Buffer.from(JSON.stringify(value()) ?? 'undefined');
  if (random.chance(0.01)) return Buffer.from(text.replace('{', '{"site":"demo",'));
  if (random.chance(0.01)) return Buffer.from('['.repeat(random.below(40_000)));
  if (random.chance(0.01)) return Buffer.from(JSON.stringify({ ...lead, listing: 'x'.repeat(70_000) }));
  return Buffer.from(text);
}

function set(lead: Record<string, unknown>, field: string, value: unknown, random: Random): void {
  const [first = '', ...rest] = field.split('.');
  if (random.chance(0.1)) delete lead[first];
  else if (rest.length === 0) lead[first] = value;
  else {
    const inner = lead[first];
    lead[first] = { ...(typeof inner === 'object' ? inner : {}), [rest.join('.')]: value };
  }
}

/** A proof whose fields are partly those of a real one; its other fields try to reach the options of the verifier. */
function generateProof(random: Random, { proof }: Evidence, value: () => unknown): string {
  const names = ['challenge', 'solution', 'hmacAlgorithm', 'hmacKeySignatureSecret', 'counterMode', 'deriveKey'];
  const payload: Record<string, unknown> = structuredClone(proof) as Record<string, unknown>;
  for (let count = 1 + random.below(2); count > 0; count -= 1)
    payload[names[random.below(names.length)] ?? ''] = value();
  return Buffer.from(JSON.stringify(payload)).toString(random.chance(0.9) ? 'base64' : 'base64url');
}

function formOf(lead: Record<string, unknown>, random: Random): string {
  const pairs = Object.entries(lead).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).map(([inner, each]) => [`${name}.${inner}`, each])
      : [[name, value]],
  );
  const text = pairs
    .map(
      ([name, value]) =>
        `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(textOf(value).toWellFormed())}`,
    )
    .join('&');
  return random.chance(0.03) ? text.replace(/%2[0-9]/, '%') : text;
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function takesForm(path: string): boolean {
  return path.endsWith('/form') || path.endsWith('/text');
}
