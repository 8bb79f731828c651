import { type CountryCode, getExampleNumber, type PhoneNumber } from 'libphonenumber-js/max/es6';
import examples from 'libphonenumber-js/mobile/examples';
import t from 'tap';
import { canonicalNumber, parsePhone } from '../../src/domain/phone.ts';
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

t.test('what surrounds a number and says nothing of it is dropped', async (t) => {
  const spellings = [
    "'404 255 0107",
    '‘404 255 0107',
    'Cell: 404 255 0107',
    'Tel. 404 255 0107',
    'phone number: 404 255 0107',
    'My cell: 404 255 0107',
    'm: 404 255 0107',
    '(cell) 404 255 0107',
    '404 255 0107 (cell)',
    '404 255 0107 - Mobile',
    '404 255 0107 (c)',
    '404 255 0107.',
    '404•255•0107',
    '404 · 255 · 0107',
    '(+1) 404-255-0107',
    '+(1) 404 255 0107',
    '404\u00ad255\u00ad0107',
    '४०४२५५०१०७',
    '๔๐๔๒๕๕๐๑๐๗',
    '৪০৪২৫৫০১০৭',
    '𝟜𝟘𝟜𝟚𝟝𝟝𝟘𝟙𝟘𝟟',
  ];
  for (const spelling of spellings) t.equal(parsePhone(spelling, 'US', US).e164, '+14042550107', spelling);
});

t.test('a known misspelling is repaired when exactly one valid number results', async (t) => {
  const cases: [string, string, string][] = [
    ['(+44) 07400 123457', 'GB', '+447400123457'],
    ['+48 (0) 512 345 678', 'PL', '+48512345678'],
    ['+44 (0)7400 123456', 'GB', '+447400123456'],
    ['+52 1 55 1234 5678', 'MX', '+525512345678'],
    ['044 55 1234 5679', 'MX', '+525512345679'],
    ['045 55 1234 5679', 'MX', '+525512345679'],
    ['01 55 1234 5679', 'MX', '+525512345679'],
    ['4042550108.0', 'US', '+14042550108'],
    ['14042550108.0', 'US', '+14042550108'],
    ['39 347 123 4567', 'IT', '+393471234567'],
    ['43 664 1234567', 'AT', '+436641234567'],
  ];
  for (const [text, country, e164] of cases) t.equal(parsePhone(text, country, new Set([country])).e164, e164, text);
});

t.test('a text with several readings, or a trace of a misspelling that cannot be undone, is refused', async (t) => {
  const cases: [string, string][] = [
    // 0151 23456782 in Germany, or +1 512 345 6782 without its plus.
    ['15123456782.0', 'DE'],
    // The library reads a fixed-line number 04915 123456781; without its plus it is the mobile number +49 151 23456781.
    ['49 151 23456781', 'DE'],
    // Austrian numbers have no fixed length: with and without the zero both are valid.
    ['+43664123456.0', 'AT'],
    // A number with its plus never was a decimal of a spreadsheet.
    ['+918123456789.0', 'IN'],
    // The Czech Republic has had no trunk zero since 2002.
    ['+420 (0) 601 123 456', 'CZ'],
    // The library takes 113 12 for the code of a Chinese carrier and would leave +86 3456789.
    ['+86 1 13123456789', 'CN'],
  ];
  for (const [text, country] of cases)
    t.throws(() => parsePhone(text, country, new Set([country])), { code: 'invalid_phone' }, text);
});

t.test('a plain text that is possible and in no known range is taken as typed', async (t) => {
  t.equal(parsePhone('+1 555 555 5555', 'US', US).e164, '+15555555555');
  t.equal(parsePhone('555.555.5555', 'US', US).e164, '+15555555555');
  t.equal(parsePhone('+972 (0)50-123-4567', 'IL', new Set(['IL'])).e164, '+972501234567');
});

t.test('a personal number of the United Kingdom is refused', async (t) => {
  t.throws(() => parsePhone('070 1234 5678', 'GB', new Set(['GB'])), { code: 'invalid_phone', message: /personal/ });
});

t.test('an Argentine mobile number is one number with and without the 9 behind the calling code', async (t) => {
  t.equal(canonicalNumber('+5491123456789'), canonicalNumber('+541123456789'));
  t.not(canonicalNumber('+5491123456789'), canonicalNumber('+5491123456780'));
  t.equal(canonicalNumber('+14042550107'), '+14042550107');
});

t.test('over all countries a mobile number in each spelling gives that number or a refusal', async (t) => {
  const misspell: Readonly<Record<string, (number: PhoneNumber) => string>> = {
    international: (number) => number.formatInternational(),
    national: (number) => number.formatNational(),
    'national digits': (number) => number.nationalNumber,
    'without its plus': (number) => number.number.slice(1),
    'with a zero in brackets': (number) => `+${number.countryCallingCode} (0) ${number.nationalNumber}`,
    'as a decimal': (number) => `${number.nationalNumber}.0`,
    'as a decimal with calling code': (number) => `${number.number.slice(1)}.0`,
    'as a decimal with plus': (number) => `${number.number}.0`,
    'with its calling code in brackets': (number) => `(+${number.countryCallingCode}) ${number.nationalNumber}`,
    'behind a label': (number) => `Cell: ${number.formatNational()}`,
    'before a label': (number) => `${number.formatInternational()} (mobile)`,
    'with bullets': (number) => number.formatInternational().replaceAll(/[ -]/g, '•'),
  };
  // Read without a known repair, so that far more than half of the world's numbers have to be taken and not only refused.
  const always = ['international', 'national', 'behind a label', 'before a label', 'with bullets'];
  for (const [spelling, write] of Object.entries(misspell)) {
    const other: string[] = [];
    let taken = 0;
    for (const country of Object.keys(examples) as CountryCode[]) {
      const number = getExampleNumber(country, examples);
      if (!number) continue;
      try {
        const read = parsePhone(write(number), country, new Set([country]));
        if (read.e164 === number.number) taken += 1;
        else other.push(`${country}: ${write(number)} became ${read.e164}`);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
    }
    t.strictSame(other, [], `${spelling}: no other number`);
    if (always.includes(spelling)) t.ok(taken > 230, `${spelling}: ${taken} countries' numbers are taken`);
  }
});
