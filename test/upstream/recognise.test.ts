import t from 'tap';
import { type BodyHeaders, decodeAnswer } from '../../src/upstream/decode.ts';
import { recognising } from '../../src/upstream/recognise.ts';

const XML = { contentType: 'text/xml' };
const SUCCESS = '<R><Status>Success</Status></R>';

/** Reads answers one after another; gives what was read, and which of them were read anew. */
function reader() {
  const readAnew: string[] = [];
  const decode = recognising((body, headers) => {
    readAnew.push(Buffer.from(body).toString());
    return decodeAnswer(body, headers);
  });
  return { readAnew, read: (text: string, headers: BodyHeaders = XML) => decode(Buffer.from(text), headers) };
}

t.test('a Success that comes again byte for byte is read once', async (t) => {
  const { readAnew, read } = reader();
  t.strictSame([read(SUCCESS), read(SUCCESS), read(SUCCESS)], Array(3).fill({ status: 'Success' }));
  t.strictSame(readAnew, [SUCCESS]);
});

t.test('one byte of difference, or another header, is another answer', async (t) => {
  const { readAnew, read } = reader();
  read(SUCCESS);
  t.strictSame(read('<R><Status>Failure</Status></R>'), { status: 'Failure' });
  t.strictSame(read(`${SUCCESS}<R/>`), { unreadable: 'two_roots' });
  t.strictSame(read(SUCCESS, { ...XML, contentEncoding: 'gzip' }), { unreadable: 'content_encoding' });
  t.strictSame(read(SUCCESS, { contentType: 'text/xml; charset=utf-7' }), { unreadable: 'charset' });
  t.strictSame(read(SUCCESS), { status: 'Success' });
  t.equal(readAnew.length, 5);
});

t.test('what may quote a lead is not kept', async (t) => {
  for (const answer of [
    '<R><Status>Success</Status><Description>for +14045551212</Description></R>',
    '<R><Status>Failure</Status></R>',
  ]) {
    const { readAnew, read } = reader();
    t.strictSame(read(answer), read(answer));
    t.equal(readAnew.length, 2);
  }
});

t.test('what is remembered does not change with the buffer that it came in', async (t) => {
  const decode = recognising(decodeAnswer);
  const body = Buffer.from(SUCCESS);
  decode(body, XML);
  body.write('Failure', SUCCESS.indexOf('Success'));
  t.strictSame(decode(body, XML), { status: 'Failure' });
});
