import fc from 'fast-check';
import t from 'tap';
import type { Lead } from '../../src/domain/lead.ts';
import { classifyFailure } from '../../src/provider/failure.ts';
import { messageOf, stripLeadValues } from '../../src/provider/lead-values.ts';
import { lead } from '../support/lead.ts';
import { SENTENCES } from './answers/sentences.ts';

for (const [blamed, descriptions] of Object.entries(SENTENCES)) {
  for (const description of descriptions) {
    t.test(`"${description}" is about ${blamed}`, async (t) => {
      t.equal(classifyFailure(description, lead()), blamed);
    });
  }
}

t.test('a Failure without a description is about other', async (t) => {
  t.equal(classifyFailure(undefined, lead()), 'other');
});

type Case = [what: string, lead: Partial<Lead>, description: string, left: string];

const CASES: readonly Case[] = [
  ['a question', { question: 'is my password wrong?' }, 'Bad text: "Is my PASSWORD wrong?".', 'bad text ·'],
  ['a question over several lines', { question: 'my\r\n password' }, 'Bad: my password!', 'bad ·'],
  ['every occurrence', { question: 'login' }, 'Login, login; LOGIN', '· · ·'],
  [
    'a question that was cut short, through a word',
    { question: 'is my password wrong or am I?' },
    'Too long: is my password wr...',
    'too long ·',
  ],
  [
    'a question that was cut short between words',
    { question: 'why does the password not work' },
    'Too long: "why does the password"',
    'too long ·',
  ],
  ['a question escaped for XML', { question: 'login "<b>"' }, 'Bad: login &quot;&lt;b&gt;&quot;', 'bad ·'],
  ['a question escaped for JSON', { question: 'my\nlogin' }, String.raw`Bad: my\nlogin`, 'bad ·'],
  ['a question escaped for a query', { question: 'é login' }, 'Bad: %C3%A9+login', 'bad ·'],
  [
    'a question with a comma',
    { question: 'I tried to order online, but my password did not work' },
    'No route: "I tried to order online, but my password did not work"',
    'no route ·',
  ],
  [
    'a question whose beginning is a value of the listing',
    { question: 'is my login right or wrong', listing: { note: 'bad is my login too' } },
    'Bad: is my login right or wrong',
    '·',
  ],
  ['a question escaped for a path', { question: 'é login' }, 'Bad: %C3%A9%20login', 'bad ·'],
  ['a question escaped for HTML', { question: "it's my login" }, 'Bad: it&#39;s my login', 'bad ·'],
  ['first and last name', { firstName: 'Pass', lastName: 'Word' }, 'Unknown pass word', 'unknown · ·'],
  ['a name in a compatibility spelling', { firstName: 'ｌｏｇｉｎ' }, 'Bad login', 'bad ·'],
  ['a page title', { page: { title: 'Login' } }, 'Bad login', 'bad ·'],
  ['a listing text', { listing: 'user name: x' }, 'Bad user name: x', 'bad ·'],
  ['a listing value', { listing: { plot: 'no permission', rooms: 4 } }, 'No permission in 4', '· in ·'],
  ['a whole listing', { listing: { login: 'a', size: 2 } }, 'Bad login: a; size: 2', 'bad ·'],
  ['a whole listing as JSON', { listing: { login: 'a', size: 2 } }, 'Bad {"login":"a","size":2}', 'bad ·'],
  ['a whole listing as a query', { listing: { 'log in': 'é' } }, 'Bad log+in=%C3%A9', 'bad ·'],
  ['an advertiser id', { target: { advertiserId: 'merchant-9' } }, 'Unknown merchant-9', 'unknown ·'],
  ['a merchant id', { target: { merchantId: 77 } }, 'Unknown 77', 'unknown ·'],
  ['a placement id', { placementId: 7 }, 'Bad 7', 'bad ·'],
  ['the phone in international spelling', {}, 'Bad +14045551212', 'bad ·'],
  ['the phone in national spelling', {}, 'Bad 4045551212', 'bad ·'],
  ['the phone in digits', {}, 'Bad 14045551212', 'bad ·'],
];

for (const [what, changes, description, left] of CASES) {
  t.test(`${what} is removed from a description`, async (t) => {
    t.equal(stripLeadValues(description, lead(changes)), left);
  });
}

t.test('a Failure that quotes the whole question is never classified by the question’s words', async (t) => {
  const word = fc.constantFrom(
    'my',
    'password',
    'phone',
    'number',
    'login',
    'is',
    'wrong',
    'invalid',
    "isn't",
    'é',
    '2',
  );
  const mark = fc.constantFrom(' ', ', ', '. ', '? ', ' & ', ' - ', ': ', '%', "' ", '\n', ' "', '+');
  const question = fc
    .array(fc.tuple(word, mark), { minLength: 1, maxLength: 12 })
    .map((parts) => parts.flat().join(''));
  const spelling = fc.constantFrom<(text: string) => string>(
    (text) => text,
    (text) => JSON.stringify(text),
    (text) => new URLSearchParams([['', text]]).toString().slice(1),
    (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll("'", '&#39;'),
  );
  fc.assert(
    fc.property(question, spelling, (question, quoted) => {
      t.equal(classifyFailure(`Not routed: ${quoted(question)}`, lead({ question })), 'other', {
        question,
        diagnostic: true,
      });
    }),
    { numRuns: 500 },
  );
});

t.test('a short value removes no part of another word', async (t) => {
  const one = lead({ firstName: 'o', lastName: 'pass' });
  t.equal(stripLeadValues('No password for o', one), 'no password for ·');
  t.equal(classifyFailure('No password for o', one), 'credentials');
  t.equal(classifyFailure('Wrong password', lead({ firstName: 'passwords' })), 'credentials');
});

t.test('a few words that a question shares with a description are not removed', async (t) => {
  const asked = lead({ question: 'The phone number on your page does not work' });
  t.equal(classifyFailure('The phone number is invalid', asked), 'phone');
});

t.test('removing a value does not join the words around it to a phrase', async (t) => {
  t.equal(classifyFailure('pass Ann word', lead({ firstName: 'Ann' })), 'other');
});

t.test('a long value is removed before a short value that is a part of it', async (t) => {
  const both = lead({ firstName: 'Ann', lastName: 'Ann Login' });
  t.equal(stripLeadValues('Bad: Ann Login', both), 'bad ·');
});

t.test('no description costs more than 500 ms of processor time', async (t) => {
  const units = [
    'phone value ',
    'phone number ',
    'invalid value for the field ',
    'phone 1 2 ',
    'no contact ',
    'x. ',
    '1 ',
  ];
  units.push(
    'service a b ',
    'please contact us ',
    'phone must be a at least ',
    'phone was were that you field ',
    'no such ',
  );
  for (const unit of units) {
    const description = unit.repeat(2_000 / unit.length);
    const { user } = process.cpuUsage();
    classifyFailure(description, lead({ question: unit.repeat(80) }));
    const spentMs = (process.cpuUsage().user - user) / 1000;
    t.ok(spentMs < 500, `${unit}: ${Math.round(spentMs)} ms`);
  }
});

t.test('equal messages about different leads are one text without their values, numbers and ids', async (t) => {
  const ann = lead({ firstName: 'Ann', target: { merchantId: 1659 } });
  const bob = lead({ firstName: 'Bob', target: { merchantId: 77 } });
  const said = messageOf('Merchant 1659 does not take texts of Ann. Ticket A-4711 at 10:32.', ann);
  t.equal(said, 'merchant · does not take texts of · | ticket a · at ·');
  t.equal(
    messageOf('Merchant 77 does not take texts of Bob. Ticket B-12 at 23:59.', bob)?.replace('ticket b', 'ticket a'),
    said,
  );
  t.equal(messageOf('4711: 12', ann), undefined, 'nothing is left of it');
  t.equal(messageOf(undefined, ann), undefined);
  t.equal(messageOf('word '.repeat(100), ann)?.length, 200);
});
