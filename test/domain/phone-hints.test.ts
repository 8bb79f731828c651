import { getCountries } from 'libphonenumber-js/max/es6';
import t from 'tap';
import { parsePhone } from '../../src/domain/phone.ts';
import { phoneHints } from '../../src/domain/phone-hints.ts';

/** As the button applies them. */
function format(digits: string, country: string): string {
  const found = phoneHints(country)?.formats.find(([pattern]) => new RegExp(pattern).test(digits));
  return found ? digits.replace(new RegExp(found[0]), found[1]) : digits;
}

t.test('a number is spaced as in its country, and one of another kind is left as it is', async (t) => {
  for (const [country, digits, written] of [
    ['US', '4045551212', '(404) 555-1212'],
    ['US', '14045551212', '14045551212'],
    ['US', '555', '555'],
    ['GB', '07400123456', '07400 123456'],
    ['GB', '7400123456', '7400123456'],
    ['FR', '0612345678', '06 12 34 56 78'],
    ['AU', '0412345678', '0412 345 678'],
    ['MX', '2221234567', '222 123 4567'],
  ] as const) {
    t.equal(format(digits, country), written, `${country} ${digits}`);
  }
  t.equal(phoneHints('XX'), undefined);
});

t.test('in no country does spacing change a digit or the number that is read', async (t) => {
  let spaced = 0;
  for (const country of getCountries()) {
    const { placeholder = '' } = phoneHints(country) ?? {};
    const digits = placeholder.replace(/\D/g, '');
    const written = format(digits, country);
    if (written.replace(/\D/g, '') !== digits) t.fail(`${country}: ${digits} became ${written}`);
    if (written === digits) continue;
    spaced++;
    const allowed = new Set<string>(getCountries());
    if (parsePhone(written, country, allowed).e164 !== parsePhone(digits, country, allowed).e164) {
      t.fail(`${country}: ${written} is another number than ${digits}`);
    }
  }
  t.ok(spaced > 150, `${spaced} countries`);
});
