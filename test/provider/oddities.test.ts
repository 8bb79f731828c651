import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import t from 'tap';
import type { Outcome } from '../../src/domain/provider.ts';
import { classify, parseRetryAfter } from '../../src/provider/classify.ts';
import { createProviderClient } from '../../src/provider/client.ts';
import { decodeAnswer } from '../../src/provider/decode.ts';
import { lead } from '../support/lead.ts';
import { account, NOW, rawServer } from '../support/provider/raw-server.ts';

/*
 * Answers that hosts and proxies spoil in ways that nobody listed. An independent parser says which of them hold a
 * Success; every other answer must not become `delivered`, and none may throw.
 */

const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'latin1'] as const;
const DECLARED = [
  'utf-8',
  'UTF-8',
  'utf8',
  'utf-16',
  'iso-8859-1',
  'ISO-8859-9',
  'windows-1252',
  'us-ascii',
  'utf-7',
  'x',
];

/** Whether any reading of the bytes is a document with one root and exactly one `Status` child that says Success. */
function holdsSuccess(bytes: Uint8Array): boolean {
  return ENCODINGS.some((encoding) => {
    const text = decodeAs(encoding, bytes);
    return text !== undefined && isSuccess(text);
  });
}

function decodeAs(encoding: (typeof ENCODINGS)[number], bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isSuccess(text: string): boolean {
  const parser = new SaxesParser({ xmlns: true });
  const path: string[] = [];
  const statuses: string[] = [];
  let broken = false;
  parser.on('error', () => {
    broken = true;
  });
  parser.on('opentag', ({ local }) => {
    if (path.length === 1 && local === 'Status') statuses.push('');
    else if (path[1] === 'Status') broken = true;
    path.push(local);
  });
  parser.on('closetag', () => path.pop());
  const add = (more: string) => {
    if (path.length === 2 && path[1] === 'Status') statuses.push(`${statuses.pop()}${more}`);
  };
  parser.on('text', add);
  parser.on('cdata', add);
  try {
    // Hosts write blank lines before the XML declaration, and faulty declarations. Both are read, although XML does not allow
    // them: what the document says does not depend on them.
    parser.write(text.replace(/<\?.*?\?>/gs, '').trimStart()).close();
  } catch {
    return false;
  }
  return !broken && statuses.length === 1 && statuses[0]?.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '') === 'Success';
}

const quoted = fc.constantFrom('"', "'");
const prolog = fc.oneof(
  fc.constant(''),
  fc
    .tuple(quoted, fc.constantFrom(...DECLARED))
    .map(([q, name]) => `<?xml version=${q}1.0${q} encoding=${q}${name}${q}?>`),
  fc.constantFrom('<?xml version="1.0"?>', '<!-- served by x -->', '\n', ' ', '<!DOCTYPE R>', '<html>', 'junk'),
);
const status = fc.constantFrom(
  '<Status>Success</Status>',
  '<Status>Success</Status>',
  '<Status>Success</Status>',
  '<Status> \n Success\t</Status>',
  '<Status><![CDATA[Success]]></Status>',
  '<Status>Succ<!-- -->ess</Status>',
  '<Status>S&#117;ccess</Status>',
  '<Status>success</Status>',
  '<Status>Success\u00a0</Status>',
  '<Status>Failure</Status>',
  '<Status>Failure</Status><Status>Success</Status>',
  '<Status/>',
  '<Status><b>Success</b></Status>',
  '<status>Success</status>',
  '<x><Status>Success</Status></x>',
  '',
);
const description = fc.constantFrom(
  '',
  '<Description/>',
  '<Description>é — Success</Description>',
  '<Description>&nbsp;</Description>',
);
const frame = fc.constantFrom<readonly [string, string]>(
  ['<R>', '</R>'],
  ['<R>', '</R>'],
  ['<R>', '</R>'],
  ['<a:R xmlns:a="urn:a">', '</a:R>'],
  ['<R xmlns="urn:a">', '</R>'],
  ['<R', '</R>'],
  ['<R>', ''],
  ['', ''],
  ['<R>', '</R><R/>'],
  ['<R>', '</R> trailing'],
  ['<R>', '</R>\n<!-- end -->\n'],
);
const document = fc
  .tuple(prolog, frame, status, description, fc.boolean())
  .map(([start, [open, close], one, two, turned]) => `${start}${open}${turned ? two + one : one + two}${close}`);

function encodeAs(text: string, encoding: (typeof ENCODINGS)[number]): Buffer {
  if (encoding === 'utf-8') return Buffer.from(text);
  if (encoding === 'latin1') return Buffer.from(text, 'latin1');
  const bytes = Buffer.from(text, 'utf16le');
  return encoding === 'utf-16be' ? bytes.swap16() : bytes;
}

/** Bytes of a document, sometimes with a byte order mark, cut off, or with one byte changed. */
const bytes = fc
  .record({
    text: document,
    encoding: fc.constantFrom(...ENCODINGS),
    mark: fc.constantFrom('', '', '\ufeff'),
    spoil: fc.option(
      fc.record({ at: fc.nat(200), byte: fc.nat(255), how: fc.constantFrom('cut', 'change', 'insert') }),
    ),
  })
  .map(({ text, encoding, mark, spoil }) => {
    const whole = encodeAs(mark + text, encoding);
    if (!spoil) return whole;
    const [before, after] = [whole.subarray(0, spoil.at), whole.subarray(spoil.at)];
    if (spoil.how === 'cut') return before;
    return Buffer.concat([before, Buffer.from([spoil.byte]), spoil.how === 'change' ? after.subarray(1) : after]);
  });

const contentType = fc.oneof(
  fc.constantFrom(
    undefined,
    '',
    'text/xml',
    'text/html',
    'application/octet-stream',
    ';',
    'text/xml; charset',
    'text/xml; charset=""',
  ),
  fc
    .tuple(
      fc.constantFrom('text/xml; charset=', 'application/xml;CHARSET = '),
      quoted,
      fc.constantFrom(...DECLARED),
      fc.boolean(),
    )
    .map(([start, q, name, quote]) => (quote ? `${start}${q}${name}${q}` : `${start}${name}`)),
);
const contentEncoding = fc.constantFrom(undefined, undefined, '', 'identity', 'Identity, identity', 'gzip', 'x,');
const retryAfter = fc.oneof(
  fc.constantFrom(
    undefined,
    '120',
    '+0000',
    '120.5',
    '"60"',
    '60, 120',
    'UTC',
    'Tue, 24 Nov 2026 09:00:30 +0000',
    'Tue, 24 Nov 2026 09:00:30 UTC',
    '2026-11-24T09:00:30Z',
    '2026-11-24',
  ),
  fc.string({ maxLength: 40 }),
);

t.test('whatever an answer says of its encoding, only a Success is delivered and nothing is thrown', async (t) => {
  let delivered = 0;
  fc.assert(
    fc.property(
      bytes,
      contentType,
      contentEncoding,
      retryAfter,
      fc.integer({ min: 200, max: 599 }),
      fc.boolean(),
      (body, type, encoding, after, httpStatus, is200) => {
        const decoded = decodeAnswer(body, { contentType: type, contentEncoding: encoding });
        const exchange = { httpStatus: is200 ? 200 : httpStatus, retryAfter: after, body: decoded };
        const outcome = classify(exchange, lead(), NOW);
        if (outcome.class !== 'delivered') return;
        delivered += 1;
        if (!holdsSuccess(body) || exchange.httpStatus > 299) throw new Error('delivered without a Success');
      },
    ),
    { numRuns: 3_000, seed: 20261128 },
  );
  t.ok(delivered > 50, `${delivered} of the answers were a Success`);
});

t.test('a Success is read by its bytes whatever encoding its header and its declaration name', async (t) => {
  const supported = DECLARED.filter((name) => name !== 'utf-7' && name !== 'x');
  for (const declared of supported) {
    for (const encoding of ['utf-8', 'utf-16le', 'utf-16be'] as const) {
      for (const mark of ['', '\ufeff']) {
        const text = `${mark}<?xml version="1.0" encoding="${declared}"?><R><Status>Success</Status><D>é</D></R>`;
        for (const header of [
          undefined,
          'text/xml',
          `text/xml; charset=${declared}`,
          `text/xml;charset="${declared}"`,
        ]) {
          const read = decodeAnswer(encodeAs(text, encoding), { contentType: header });
          t.strictSame(read, { status: 'Success' }, `${encoding}${mark && ' with a mark'} as ${declared}, ${header}`);
        }
      }
    }
  }
});

t.test('a document without a root says nothing', async (t) => {
  for (const text of [
    '<!-- only a comment -->',
    '<?xml version="1.0"?>',
    '<?x?>\n<!-- y -->',
    '<?xml version="1.0"?>\n ',
  ]) {
    t.strictSame(decodeAnswer(Buffer.from(text), {}), { unreadable: 'not_xml' }, text);
  }
});

t.test('no Retry-After throws, and each gives no time or a finite one that is not negative', async (t) => {
  fc.assert(
    fc.property(retryAfter, (value) => {
      const ms = parseRetryAfter(value, NOW);
      if (ms !== undefined && !(Number.isFinite(ms) && ms >= 0)) throw new Error(`${ms}`);
    }),
    { numRuns: 2_000, seed: 20261128 },
  );
  t.pass();
});

const interim = fc.constantFrom(
  '',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 100\r\n\r\n',
  'HTTP/1.1 100 Continue\r\nserver: x\r\nretry-after: 5\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n',
);
const line = fc.constantFrom(
  'content-type: text/xml\r\n',
  'content-type: text/xml; charset="utf-16"\r\n',
  'Content-Type:\r\n',
  'content-encoding: identity\r\n',
  'content-encoding: gzip\r\n',
  'retry-after: 60\r\n',
  'retry-after: "60"\r\n',
  'retry-after: 2026-11-24T09:00:30Z\r\n',
  'x-odd: \u00e9\u0080\r\n',
  'set-cookie: a=b\r\n',
);
const wire = fc
  .record({
    before: interim,
    status: fc.constantFrom('200 OK', '200', '201 Created', '204 No Content', '400 X', '429 X', '500 X', '503 X'),
    lines: fc.array(line, { maxLength: 5 }),
    body: bytes,
    framing: fc.constantFrom('length', 'length', 'chunked', 'close', 'short', 'long'),
  })
  .map(({ before, status, lines, body, framing }) => {
    const size = { length: body.length, short: Math.max(0, body.length - 1), long: body.length + 1 };
    const framed =
      framing === 'chunked'
        ? 'transfer-encoding: chunked\r\n'
        : framing === 'close'
          ? 'connection: close\r\n'
          : `content-length: ${size[framing]}\r\n`;
    const head = Buffer.from(`${before}HTTP/1.1 ${status}\r\n${lines.join('')}${framed}\r\n`, 'latin1');
    const chunk = [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')];
    const sent = framing !== 'chunked' ? [body] : body.length === 0 ? [Buffer.from('0\r\n\r\n')] : chunk;
    return { bytes: Buffer.concat([head, ...sent]), body };
  });

t.test('on the wire too: one call for each answer, no exception, and only a Success is delivered', async (t) => {
  let reply: Buffer = Buffer.alloc(0);
  const { url, requests } = await rawServer(t, (socket) => socket.end(reply));
  const client = createProviderClient({ account: () => account({ url }), timeoutMs: 10_000, now: () => NOW });
  t.teardown(() => client.close());
  const classes = new Set<Outcome['class']>();
  let calls = 0;
  await fc.assert(
    fc.asyncProperty(wire, async ({ bytes: sent, body }) => {
      reply = sent;
      calls += 1;
      const { outcome } = await client.send(lead());
      classes.add(outcome.class);
      const isShort = body.length > 0 && holdsSuccess(body.subarray(0, -1));
      if (outcome.class === 'delivered' && !holdsSuccess(body) && !isShort) throw new Error('not a Success');
    }),
    // These answers hold each of the classes below.
    { numRuns: 300, seed: 20_261_128 },
  );
  t.equal(requests.length, calls);
  t.ok(classes.has('delivered') && classes.has('unknown') && classes.has('not_sent'), [...classes].join());
});

const SUCCESS = '<R><Status>Success</Status></R>';
const TWICE: [name: string, answer: string, outcome: Outcome][] = [
  [
    'two content types',
    `200 OK\r\ncontent-type: text/xml\r\ncontent-type: text/xml; charset=utf-8\r\n`,
    { class: 'delivered' },
  ],
  [
    'two content encodings',
    `200 OK\r\ncontent-encoding: identity\r\ncontent-encoding: identity\r\n`,
    { class: 'delivered' },
  ],
  [
    'two Retry-After',
    '503 X\r\nretry-after: 1\r\nretry-after: 5\r\n',
    { class: 'not_sent', cause: 'http_503', retryAfterMs: 5_000 },
  ],
];

for (const [name, answer, outcome] of TWICE) {
  t.test(`an answer with ${name} is read as if the lines were one`, async (t) => {
    const { url } = await rawServer(t, `HTTP/1.1 ${answer}content-length: ${SUCCESS.length}\r\n\r\n${SUCCESS}`);
    const client = createProviderClient({ account: () => account({ url }), timeoutMs: 10_000, now: () => NOW });
    t.teardown(() => client.close());
    t.strictSame((await client.send(lead())).outcome, outcome);
  });
}
