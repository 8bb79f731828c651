import t from 'tap';
import { createProgress, json, pairs, table } from '../../src/cli/output.ts';
import { csvLine } from '../../src/lib/csv.ts';
import { printable } from '../../src/lib/text.ts';

t.test('text from a stranger cannot control the terminal', async (t) => {
  t.equal(printable('a\u001b[2Jb\u009b31mc\u202ed\ne'), 'a\\u001b[2Jb\\u009b31mc\\u202ed\\u000ae');
  t.equal(printable('Zoë 🚗 汽车 👩‍🔧'), 'Zoë 🚗 汽车 👩‍🔧');
  t.equal(printable('a\u200bb\ufeffc\u{e0041}d\ud800e'), 'a\\u200bb\\ufeffc\\udb40\\udc41d\\ud800e');
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

t.test('every cell of CSV is quoted, and shows control characters', async (t) => {
  t.equal(csvLine(['a', 'b,c', 'd"e', 'f\ng\u001b[2J', undefined]), '"a","b,c","d""e","f\\u000ag\\u001b[2J",""\r\n');
});

t.test('no cell of CSV holds a formula, not even where a spreadsheet splits it in another place', async (t) => {
  const cells = [
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@x', "'@x"],
    ['＝1＋1', "'＝1＋1"],
    ['＋1', "'＋1"],
    ['－1', "'－1"],
    ['＠x', "'＠x"],
    ['  =1', "  '=1"],
    ['a;=1', "a;'=1"],
    ['a, =1', "a, '=1"],
    ['a|+1', "a|'+1"],
    ['a\t@x', "a\\u0009'@x"],
    ['a\r\n-1', "a\\u000d\\u000a'-1"],
    ['a";"=1', `a"";""'=1`],
    ["a';'＝1", "a';''＝1"],
    ['a=1, b-c; user@host', 'a=1, b-c; user@host'],
  ] as const;
  for (const [cell, shown] of cells) t.equal(csvLine([cell]), `"${shown}"\r\n`, cell);
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
