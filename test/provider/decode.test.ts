import t from 'tap';
import { decodeAnswer, decodeText, MAX_ANSWER_BYTES } from '../../src/provider/decode.ts';

const decode = (text: string) => decodeAnswer(Buffer.from(text), { contentType: 'text/xml; charset=utf-8' });
const NIL = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"';

t.test('an answer gives its status and its description', async (t) => {
  t.strictSame(decode('<R><Status>Success</Status></R>'), { status: 'Success' });
  t.strictSame(decode('<R><Description>No such\n merchant</Description><Status>\n Failure </Status></R>'), {
    status: 'Failure',
    description: 'No such\n merchant',
  });
});

t.test('elements are known by their local names, in any namespace and order', async (t) => {
  t.strictSame(decode('<a:R xmlns:a="urn:a"><a:Status>Failure</a:Status><a:Description>x</a:Description></a:R>'), {
    status: 'Failure',
    description: 'x',
  });
});

t.test('a description that is nil, empty or blank is absent', async (t) => {
  for (const description of [
    '<Description i:nil="true"/>',
    '<Description i:nil="1">x</Description>',
    '<Description/>',
  ]) {
    t.strictSame(decode(`<R ${NIL}>${description}<Status>Failure</Status></R>`), { status: 'Failure' });
  }
  t.strictSame(decode('<R><Status>Failure</Status><Description> \n</Description></R>'), { status: 'Failure' });
  t.match(decode('<R xmlns:i="urn:other"><Status>Failure</Status><Description i:nil="true">x</Description></R>'), {
    description: 'x',
  });
});

t.test('a description is kept up to 2,000 characters and never cut through one', async (t) => {
  const answer = decode(`<R><Status>Failure</Status><Description>${'🚗'.repeat(3000)}</Description></R>`);
  t.equal('description' in answer && answer.description, '🚗'.repeat(2000));
});

t.test('all of several descriptions are kept', async (t) => {
  t.match(decode('<R><Status>Failure</Status><Description>a</Description><Description>b</Description></R>'), {
    description: 'a\nb',
  });
});

t.test('elements named like members of JavaScript objects are plain elements', async (t) => {
  for (const name of ['__proto__', 'constructor', 'hasOwnProperty', '_', 'cdata', 'toString']) {
    t.strictSame(decode(`<R><${name}>x</${name}><Status>Success</Status></R>`), { status: 'Success' }, name);
    t.strictSame(decode(`<R><Status><${name}/><![CDATA[Success]]></Status></R>`), { unreadable: 'bad_status' }, name);
  }
});

t.test('a body over 64 KiB is not parsed', async (t) => {
  const padded = (bytes: number): string => '<R><Status>Success</Status></R>'.padEnd(bytes);
  t.strictSame(decode(padded(MAX_ANSWER_BYTES)), { status: 'Success' });
  t.strictSame(decode(padded(MAX_ANSWER_BYTES + 1)), { unreadable: 'too_large' });
});

t.test('a Success in a document that is not well-formed does not count', async (t) => {
  for (const text of [
    '<R xmlns="urn:<"><Status>Success</Status></R>',
    '<R a="1" a="2"><Status>Success</Status></R>',
    '<R :a="1"><Status>Success</Status></R>',
    '<R a:="1"><Status>Success</Status></R>',
    '<R a:b:c="1"><Status>Success</Status></R>',
    '<R>]]><Status>Success</Status></R>',
    '<R><!-- a -- b --><Status>Success</Status></R>',
    '<R><!-- a ---><Status>Success</Status></R>',
  ]) {
    t.strictSame(decode(text), { unreadable: 'not_xml' }, text);
  }
  const allowed =
    '<a:R xmlns:a = "u:r:n>" b = ":c:"><!-- a - b --><a:Status d=\'a="1" a="1"\'>Success</a:Status></a:R>';
  t.strictSame(decode(allowed), { status: 'Success' });
});

t.test('no body of 64 KiB costs more than 500 ms of processor time', async (t) => {
  const fill = (unit: string): string => unit.repeat(Math.floor(65_000 / unit.length));
  const many = Array.from({ length: 3000 }, (_, i) => `xmlns:n${i}="u"`).join(' ');
  const worst: Record<string, string> = {
    levels: fill('<a>'),
    elements: `<R>${fill('<a/>')}</R>`,
    namespaces: `<R ${many}>${'<a/>'.repeat(200)}</R>`,
    'spaced attributes': `<R ${many.replaceAll('=', ' =')}/>`,
    references: `<R>${fill('&amp;')}</R>`,
    'open tags': fill('<'),
    'open quotes': fill('<a b="'),
    'open comments': `<R>${fill('<!--')}`,
    comments: `<R>${fill('<!---->')}</R>`,
    sections: `<R>${fill('<![CDATA[]]>')}</R>`,
    instructions: `<R>${fill('<?a?>')}</R>`,
    'declarations without end': `<?xml ${fill('encoding= ')}`,
    spaces: `<R>${fill(' ')}</R>`,
  };
  for (const [name, text] of Object.entries(worst)) {
    const { user } = process.cpuUsage();
    const answer = decode(text.slice(0, MAX_ANSWER_BYTES));
    const spentMs = (process.cpuUsage().user - user) / 1000;
    t.ok('unreadable' in answer && spentMs < 500, `${name}: ${Math.round(spentMs)} ms`);
  }
});

const MEDIA_TYPE = 'text/xml';
const big = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

t.test('without a declared encoding the bytes are UTF-8', async (t) => {
  t.equal(decodeText(Buffer.from('<é/>'), undefined), '<é/>');
  t.equal(decodeText(Buffer.from('<é/>'), MEDIA_TYPE), '<é/>');
});

t.test('a byte order mark decides before anything else, and is no part of the text', async (t) => {
  t.equal(decodeText(Buffer.from('\ufeff<é/>'), `${MEDIA_TYPE}; charset=utf-16`), '<é/>');
  t.equal(decodeText(Buffer.from('\ufeff<é/>', 'utf16le'), `${MEDIA_TYPE}; charset=utf-8`), '<é/>');
  t.equal(decodeText(big('\ufeff<é/>'), undefined), '<é/>');
});

t.test('the content type decides before the declaration, and the bytes before both', async (t) => {
  const declared = '<?xml version="1.0" encoding="utf-16"?><é/>';
  t.equal(decodeText(Buffer.from(declared), `${MEDIA_TYPE}; charset="UTF-8"`), declared);
  t.equal(decodeText(Buffer.from(declared, 'utf16le'), `${MEDIA_TYPE};charset=utf-16`), declared);
  t.equal(decodeText(big(declared), `${MEDIA_TYPE};charset=utf-16`), declared);
  t.equal(decodeText(big(declared), `${MEDIA_TYPE};charset=utf-16be`), declared);
  t.equal(decodeText(Buffer.from(declared, 'utf16le'), `${MEDIA_TYPE};charset=utf-16le`), declared);
});

t.test('a declared single-byte encoding is used only for bytes that are not valid UTF-8', async (t) => {
  const declared = `<?xml version='1.0' encoding='windows-1252'?><é/>`;
  t.equal(decodeText(Buffer.from(declared), MEDIA_TYPE), declared, 'UTF-8 bytes under a wrong declaration');
  t.equal(decodeText(Buffer.from(declared, 'latin1'), MEDIA_TYPE), declared);
  t.equal(decodeText(Buffer.from('<?xml version="1.0" encoding="ebcdic"?><a/>'), MEDIA_TYPE), undefined);
  for (const wrong of ['utf-16', 'iso-8859-1']) {
    const text = `<?xml version="1.0" encoding="${wrong}"?><é/>`;
    t.equal(decodeText(Buffer.from(text), MEDIA_TYPE), text, wrong);
    t.equal(decodeText(Buffer.from(text), `${MEDIA_TYPE}; charset="${wrong}"`), text, wrong);
  }
  t.match(decodeText(Buffer.from('<?xml version="1.0" encoding="UTF-8"?><a/>'), MEDIA_TYPE), '<a/>');
});

t.test('an unknown charset, and bytes that are invalid in their charset, give no text', async (t) => {
  t.equal(decodeText(Buffer.from('<a/>'), `${MEDIA_TYPE}; charset=iso-8859-1`), '<a/>');
  t.equal(decodeText(Buffer.from('<a/>'), `${MEDIA_TYPE}; charset=utf-7`), undefined);
  t.equal(decodeText(Buffer.from('<é/>', 'latin1'), MEDIA_TYPE), undefined);
  t.equal(decodeText(Buffer.from([0xc0, 0xbc]), MEDIA_TYPE), undefined);
  t.equal(decodeText(Buffer.from([0xff, 0xfe, 0x3c]), MEDIA_TYPE), undefined);
});

t.test('a no-break space after the root is content and no white space', async (t) => {
  const success = '<R><Status>Success</Status></R>';
  t.strictSame(decode(`${success}\u00a0`), { unreadable: 'not_xml' });
  t.strictSame(decode(`${success} \t\r\n`), { status: 'Success' });
});
