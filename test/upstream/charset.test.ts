import t from 'tap';
import { decodeText } from '../../src/upstream/charset.ts';

const XML = 'text/xml';
const big = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

t.test('without a word about it, the bytes are UTF-8', async (t) => {
  t.equal(decodeText(Buffer.from('<é/>'), undefined), '<é/>');
  t.equal(decodeText(Buffer.from('<é/>'), XML), '<é/>');
});

t.test('a byte order mark decides before anything else, and is no part of the text', async (t) => {
  t.equal(decodeText(Buffer.from('\ufeff<é/>'), `${XML}; charset=utf-16`), '<é/>');
  t.equal(decodeText(Buffer.from('\ufeff<é/>', 'utf16le'), `${XML}; charset=utf-8`), '<é/>');
  t.equal(decodeText(big('\ufeff<é/>'), undefined), '<é/>');
});

t.test('the content type decides before the declaration', async (t) => {
  const declared = '<?xml version="1.0" encoding="utf-16"?><é/>';
  t.equal(decodeText(Buffer.from(declared), `${XML}; charset="UTF-8"`), declared);
  t.equal(decodeText(Buffer.from(declared, 'utf16le'), `${XML};charset=utf-16`), declared);
  t.equal(decodeText(big(declared), `${XML};charset=utf-16`), declared);
  t.equal(decodeText(big(declared), `${XML};charset=utf-16be`), declared);
  t.equal(decodeText(Buffer.from(declared, 'utf16le'), `${XML};charset=utf-16le`), declared);
});

t.test('the declaration decides where nothing else does', async (t) => {
  t.equal(decodeText(Buffer.from(`<?xml version='1.0' encoding='windows-1252'?><a/>`), XML), undefined);
  t.match(decodeText(Buffer.from('<?xml version="1.0" encoding="UTF-8"?><a/>'), XML), '<a/>');
});

t.test('an unknown charset and bytes that are wrong in theirs are no text', async (t) => {
  t.equal(decodeText(Buffer.from('<a/>'), `${XML}; charset=iso-8859-1`), undefined);
  t.equal(decodeText(Buffer.from('<a/>'), `${XML}; charset=utf-7`), undefined);
  t.equal(decodeText(Buffer.from('<é/>', 'latin1'), XML), undefined);
  t.equal(decodeText(Buffer.from([0xc0, 0xbc]), XML), undefined);
  t.equal(decodeText(Buffer.from([0xff, 0xfe, 0x3c]), XML), undefined);
});
