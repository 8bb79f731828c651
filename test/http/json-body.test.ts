import t from 'tap';
import { parseJson } from '../../src/http/json-body.ts';

const WHERE: readonly (readonly [string, string])[] = [
  ['{"merchantId":NaN}', 'wrong at character 15'],
  ['{"site":"demo",}', 'wrong at character 16'],
  ['{"site":"demo"', 'it ends too early'],
  ['{"site":"de', 'wrong at character 9'],
  ['{"site":undefined}', 'wrong at character 9'],
  ['{} {}', 'wrong at character 4'],
];

t.test('a body that is no JSON is told where it stops being it, and is never quoted', async (t) => {
  for (const [text, where] of WHERE) {
    t.throws(() => parseJson(Buffer.from(text)), { code: 'invalid_json', message: `Is not JSON: ${where}.` }, text);
  }
});
