import t from 'tap';
import { createProgress, csvLine, json, pairs, printable, table } from '../../src/cli/output.ts';

t.test('text from a stranger cannot control the terminal', async (t) => {
  t.equal(printable('a\u001b[2Jb\u009b31mc\u202ed\ne'), 'a\\u001b[2Jb\\u009b31mc\\u202ed\\u000ae');
  t.equal(printable('Zoë 🚗 汽车'), 'Zoë 🚗 汽车');
});

t.test('JSON is one line and parses to the same value', async (t) => {
  const value = { text: 'a\u001b\u009b\u202e\n"\\', deep: [1, null, true] };
  const line = json(value);
  t.match(line, /^[^\n\u009b\u202e]+\n$/);
  t.strictSame(JSON.parse(line), value);
});

t.test('a table aligns its columns and ends no line with blanks', async (t) => {
  t.equal(
    table(
      ['ID', 'NAME'],
      [
        ['1', 'a'],
        ['200', 'Ünï'],
      ],
    ),
    'ID   NAME\n1    a\n200  Ünï\n',
  );
});

t.test('pairs leave out what is absent', async (t) => {
  t.equal(
    pairs([
      ['id', 1],
      ['gone', undefined],
      ['status', 'held'],
    ]),
    'id      1\nstatus  held\n',
  );
});

t.test('a cell of CSV is quoted where it must be, and never a formula', async (t) => {
  t.equal(csvLine(['a', 'b,c', 'd"e', 'f\ng', undefined]), 'a,"b,c","d""e","f\ng",\r\n');
  t.equal(csvLine(['=1+1', '+1', '-1', '@x', '\tx']), "'=1+1,'+1,'-1,'@x,'\tx\r\n");
});

t.test('progress is a bar on a terminal and plain lines elsewhere', async (t) => {
  const written = (redraws: boolean): string => {
    let text = '';
    const progress = createProgress({ err: (part) => (text += part), redraws }, 4);
    progress(2);
    progress(4);
    return text;
  };
  t.equal(written(false), '2 of 4\n4 of 4\n');
  t.match(written(true), /^\r█{15}░{15} 2 of 4\r█{30} 4 of 4\n$/);
});
