import t from 'tap';
import type { Lead } from '../../src/domain/lead.ts';
import type { Outcome } from '../../src/domain/provider.ts';
import { classify, parseRetryAfter } from '../../src/provider/classify.ts';
import type { Exchange, Reply } from '../../src/provider/exchange.ts';
import { lead } from '../support/lead.ts';

const NOW = Date.UTC(2026, 10, 24, 9);
const success: Reply['body'] = { status: 'Success' };
const html: Reply['body'] = { unreadable: 'not_xml' };
const failure = (description: string): Reply['body'] => ({ status: 'Failure', description });

type Case = [what: string, exchange: Exchange, outcome: Outcome, lead?: Partial<Lead>];

const CASES: readonly Case[] = [
  ['Success in a 200', { httpStatus: 200, body: success }, { class: 'delivered' }],
  ['Success in a 201', { httpStatus: 201, body: success }, { class: 'delivered' }],
  ['Success in a 299', { httpStatus: 299, body: success }, { class: 'delivered' }],
  ['Success in a 300', { httpStatus: 300, body: success }, { class: 'unknown', cause: 'http_300' }],
  ['Success in a 401', { httpStatus: 401, body: success }, { class: 'credentials', cause: 'http_401' }],
  ['Success in a 403', { httpStatus: 403, body: success }, { class: 'refused', cause: 'http_403' }],
  ['Success in a 500', { httpStatus: 500, body: success }, { class: 'unknown', cause: 'http_500' }],
  ['Success in a 503', { httpStatus: 503, body: success }, { class: 'not_sent', cause: 'http_503' }],
  [
    'a Failure that names the phone',
    { httpStatus: 200, body: failure('Invalid phone') },
    { class: 'rejected', reason: 'phone', cause: 'failure_phone', description: 'Invalid phone' },
  ],
  [
    'a Failure that names a target of the caller',
    { httpStatus: 400, body: failure('No such merchant') },
    { class: 'rejected', reason: 'target', cause: 'failure_target', description: 'No such merchant' },
  ],
  [
    'a Failure that names a target of our own configuration',
    { httpStatus: 400, body: failure('Merchant not found') },
    { class: 'refused', cause: 'failure_target', description: 'Merchant not found' },
    { targetFrom: 'site' },
  ],
  [
    'a Failure that names a target and authorisation',
    { httpStatus: 400, body: failure('Merchant: access denied') },
    { class: 'credentials', cause: 'failure_credentials', description: 'Merchant: access denied' },
  ],
  [
    'a Failure about the service’s availability',
    { httpStatus: 200, body: failure('The service is under maintenance') },
    { class: 'not_sent', cause: 'failure_unavailable' },
  ],
  [
    'a Failure that names the credentials',
    { httpStatus: 500, body: failure('Wrong password') },
    { class: 'credentials', cause: 'failure_credentials', description: 'Wrong password' },
  ],
  [
    'a Failure that quotes a question about passwords',
    { httpStatus: 200, body: failure('Bad text: is my password wrong?') },
    { class: 'refused', cause: 'failure_other', description: 'Bad text: is my password wrong?' },
    { question: 'Is my password wrong?' },
  ],
  [
    'any other Failure',
    { httpStatus: 302, body: failure('Oops') },
    { class: 'refused', cause: 'failure_other', description: 'Oops' },
  ],
  [
    'a Failure without a description',
    { httpStatus: 200, body: { status: 'Failure' } },
    { class: 'refused', cause: 'failure_other' },
  ],
  [
    'a 401 whose Failure names the phone',
    { httpStatus: 401, body: failure('Invalid phone') },
    { class: 'credentials', cause: 'http_401', description: 'Invalid phone' },
  ],
  ['a 403 with a page', { httpStatus: 403, body: html }, { class: 'refused', cause: 'http_403' }],
  [
    'a 403 whose body broke off',
    { httpStatus: 403, body: { unreadable: 'truncated' } },
    { class: 'refused', cause: 'http_403' },
  ],
  [
    'a 403 whose Failure names the credentials',
    { httpStatus: 403, body: failure('Not authorized') },
    { class: 'credentials', cause: 'http_403', description: 'Not authorized' },
  ],
  [
    'a 403 whose Failure names the phone',
    { httpStatus: 403, body: failure('Invalid phone') },
    { class: 'refused', cause: 'http_403', description: 'Invalid phone' },
  ],
  [
    'a 403 whose Failure has no description',
    { httpStatus: 403, body: { status: 'Failure' } },
    { class: 'refused', cause: 'http_403' },
  ],
  [
    'a 429 with seconds',
    { httpStatus: 429, retryAfter: '30', body: html },
    { class: 'not_sent', cause: 'http_429', retryAfterMs: 30_000 },
  ],
  [
    'a 503 with a date',
    { httpStatus: 503, retryAfter: 'Tue, 24 Nov 2026 09:00:10 GMT', body: html },
    { class: 'not_sent', cause: 'http_503', retryAfterMs: 10_000 },
  ],
  ['a 503 without Retry-After', { httpStatus: 503, body: html }, { class: 'not_sent', cause: 'http_503' }],
  [
    'a 503 with an unreadable Retry-After',
    { httpStatus: 503, retryAfter: 'later', body: failure('Invalid phone') },
    { class: 'not_sent', cause: 'http_503' },
  ],
  ['a page in a 200', { httpStatus: 200, body: html }, { class: 'unknown', cause: 'not_xml' }],
  ['a page in a 400', { httpStatus: 400, body: html }, { class: 'unknown', cause: 'http_400' }],
  ['a page in a 502', { httpStatus: 502, body: html }, { class: 'unknown', cause: 'http_502' }],
  [
    'a 200 whose body broke off',
    { httpStatus: 200, body: { unreadable: 'truncated' } },
    { class: 'unknown', cause: 'truncated' },
  ],
  ['no reply, nothing written', { written: false, cause: 'dns' }, { class: 'not_sent', cause: 'dns' }],
  ['no reply to a written request', { written: true, cause: 'reset' }, { class: 'unknown', cause: 'reset' }],
];

for (const [what, exchange, outcome, changes] of CASES) {
  t.test(`${what} is ${outcome.class}`, async (t) => {
    t.strictSame(classify(exchange, lead(changes), NOW), outcome);
  });
}

const NOW_1994 = Date.UTC(1994, 10, 6, 8, 49, 7);

const RETRY_AFTER: [string | undefined, number | undefined][] = [
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
  ['1.5', 1_500],
  ['1e3', undefined],
  ['0x10', undefined],
  ['5, 10', 10_000],
  ['99999999999999999999', undefined],
  ['1994', 1_994_000],
  ['1994-11-06T08:49:37Z', 30_000],
  ['1994-11-06T09:49:37.000+01:00', 30_000],
  ['"60"', 60_000],
  ['120.5', 120_500],
  ['60, 60', 60_000],
  ['Sun, 06 Nov 1994 08:49:37 UTC', 30_000],
  ['Sun, 06 Nov 1994 08:49:37 +0000', 30_000],
  ['Sun, 06 Nov 1994 08:49:37 GMT, 5', 30_000],
  ['60, soon', undefined],
  [',', undefined],
  ['"', undefined],
  ['Sun, 99 Nov 1994 08:49:37 GMT', undefined],
  ['Sun, 06 Nov 1994 08:49:37 +0100', undefined],
];

for (const [value, expected] of RETRY_AFTER) {
  t.test(`Retry-After ${JSON.stringify(value)} is ${expected} ms`, async (t) => {
    t.equal(parseRetryAfter(value, NOW_1994), expected);
  });
}
