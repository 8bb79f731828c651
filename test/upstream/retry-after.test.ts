import t from 'tap';
import { parseRetryAfter } from '../../src/upstream/retry-after.ts';

const NOW = Date.UTC(1994, 10, 6, 8, 49, 7);

const CASES: [string | undefined, number | undefined][] = [
  ['0', 0],
  ['120', 120_000],
  [' 5 ', 5_000],
  ['-5', 0],
  ['4294967295', 4_294_967_295_000],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 30_000],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 30_000],
  ['Sun Nov  6 08:49:37 1994', 30_000],
  ['Sun, 06 Nov 1994 08:49:00 GMT', 0],
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['0x10', undefined],
  ['5, 10', undefined],
  ['99999999999999999999', undefined],
  ['1994', 1_994_000],
  ['1994-11-06T08:49:37Z', undefined],
  ['Sun, 99 Nov 1994 08:49:37 GMT', undefined],
  ['Sun, 06 Nov 1994 08:49:37 +0100', undefined],
];

for (const [value, expected] of CASES) {
  t.test(`Retry-After ${JSON.stringify(value)} is ${expected} ms`, async (t) => {
    t.equal(parseRetryAfter(value, NOW), expected);
  });
}
