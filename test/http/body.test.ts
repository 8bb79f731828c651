import t from 'tap';
import { parseJson } from '../../src/http/body.ts';

const WHERE: readonly (readonly [string, string])[] = [
  ['{"merchantId":NaN}', 'wrong at character 15'],
  ['{"site":"demo",}', 'wrong at character 16'],
  ['{"site":"demo"', 'it ends too early'],
  ['{"site":"de', 'wrong at character 9'],
  ['{"site":undefined}', 'wrong at character 9'],
  ['{} {}', 'wrong at character 4'],
];

t.test('the refusal of a body that is not JSON names the place and does not quote it', async (t) => {
  for (const [text, where] of WHERE) {
    t.throws(() => parseJson(Buffer.from(text)), { code: 'invalid_json', message: `Is not JSON: ${where}.` }, text);
  }
});

t.test('the first mistake of a body is reported', async (t) => {
  const told: readonly (readonly [string, string])[] = [
    ['{"a":1,"a":2', 'Comes twice in one object; send it once.'],
    ['{"a":1,,"a":2}', 'Is not JSON: wrong at character 8.'],
    [`{"a":"b" ${'['.repeat(17)}`, 'Is not JSON: wrong at character 10.'],
    [`{"a":${'['.repeat(30_000)}`, 'Is nested deeper than 16 levels.'],
  ];
  for (const [text, message] of told)
    t.throws(() => parseJson(Buffer.from(text)), { code: 'invalid_json', message }, text);
});
