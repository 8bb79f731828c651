import t from 'tap';
import { parsePhone } from '../../src/domain/phone.ts';
import { Refusal } from '../../src/domain/refusal.ts';

const US = new Set(['US']);

t.test('a number is read in any spelling', async (t) => {
  const spellings = [
    '(404) 555-1212',
    '4045551212',
    '404.555.1212',
    '1 404 555 1212',
    '+1 (404) 555\u20111212',
    '+14045551212',
    'tel:+1-404-555-1212',
    '\u202a+1 404 555 1212\u202c',
    '  404\u00a0555\u00a01212 ',
    '٤٠٤٥٥٥١٢١٢',
    '４０４５５５１２１２',
    '011 1 404 555 1212',
  ];
  for (const spelling of spellings) {
    t.strictSame(
      parsePhone(spelling, 'US', US),
      { e164: '+14045551212', callingCode: '1', national: '4045551212' },
      JSON.stringify(spelling),
    );
  }
});

t.test('a number keeps the zeros that belong to it', async (t) => {
  t.strictSame(parsePhone('02 3661 8300', 'IT', new Set(['IT'])), {
    e164: '+390236618300',
    callingCode: '39',
    national: '0236618300',
  });
});

t.test('a number that may belong to several countries passes when one of them is served', async (t) => {
  t.equal(parsePhone('+1 555 555 5555', 'US', new Set(['CA'])).e164, '+15555555555');
});

t.test('what cannot be texted is refused', async (t) => {
  const cases: [string, string, string, ReadonlySet<string>][] = [
    ['letters', 'call me', 'invalid_phone', US],
    ['a vanity number', '1-800-FLOWERS', 'invalid_phone', US],
    ['text around a number', 'call 4045551212 now', 'invalid_phone', US],
    ['two numbers', '4045551212 4045551213', 'invalid_phone', US],
    ['an emergency number', '911', 'invalid_phone', US],
    ['a European emergency number', '112', 'invalid_phone', new Set(['GB'])],
    ['a number without its area code', '555-1212', 'invalid_phone', US],
    ['a digit too many', '40455512123', 'invalid_phone', US],
    ['an extension', '404 555 1212 ext. 5', 'invalid_phone', US],
    ['an RFC 3966 extension', 'tel:+14045551212;ext=5', 'invalid_phone', US],
    ['a premium-rate number', '+1 900 555 1234', 'invalid_phone', US],
    ['a British premium-rate number', '0906 123 4567', 'invalid_phone', new Set(['GB'])],
    ['a German premium-rate number', '+49 900 123 4567', 'invalid_phone', new Set(['DE'])],
    ['nothing but invisible characters', '\u200e\u200f', 'invalid_phone', US],
    ['a plus', '+', 'invalid_phone', US],
    ['a number of a country that is not served', '+44 20 7946 0958', 'country_not_allowed', US],
    ['a number of no country', '+800 1234 5678', 'country_not_allowed', US],
    ['a Canadian number where only US numbers are taken', '+1 416 555 0123', 'country_not_allowed', US],
  ];
  for (const [name, text, code, allowed] of cases) {
    const country = allowed === US ? 'US' : 'GB';
    t.throws(() => parsePhone(text, country, allowed), { name: 'Refusal', code }, name);
  }
});

t.test('a country that does not exist is named as the wrong field', async (t) => {
  try {
    parsePhone('4045551212', 'XX', US);
    t.fail('it was taken');
  } catch (error) {
    t.ok(error instanceof Refusal);
    t.match(error, { code: 'invalid_request', errors: [{ pointer: '/consumer/country' }] });
  }
});

t.test('a refusal never quotes the number', async (t) => {
  try {
    parsePhone('+1 404 555 12123456', 'US', US);
    t.fail('it was taken');
  } catch (error) {
    t.notMatch((error as Error).message, /12123456/);
  }
});
