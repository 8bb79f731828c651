import t from 'tap';
import { fileWith, loadFile, mistakes } from './helper.ts';

const FORM = '/sites/motors/form';
const formOf = (form: unknown) => loadFile(fileWith(FORM, form)).sites.get('motors')?.form;

t.test('a form has what the file says, and the defaults for the rest', async (t) => {
  t.match(formOf({ token: 'required', proof: 'adaptive', fields: { lastName: 'hidden' } }), {
    token: 'required',
    minFillS: 2,
    proof: 'adaptive',
    adaptiveAfter: 3,
    fields: { firstName: 'shown', lastName: 'hidden', question: 'shown' },
  });
  t.match(formOf({ minFillS: 0, proof: 'always', adaptiveAfter: 0 }), {
    minFillS: 0,
    proof: 'always',
    adaptiveAfter: 0,
  });
});

t.test('texts are found by language, whatever its letter case', async (t) => {
  const form = formOf({ texts: { en: { heading: 'Ask us' }, 'pt-BR': { heading: 'Escreva' } } });
  t.strictSame(
    [...(form?.texts ?? [])],
    [
      ['en', { heading: 'Ask us' }],
      ['pt-br', { heading: 'Escreva' }],
    ],
  );
});

const wrong: [name: string, value: unknown, at: string, fix: RegExp][] = [
  ['', 'on', '', /use an object such as/],
  ['/token', true, '/token', /use one of required, optional/],
  ['/tokens', 'required', '/tokens', /did you mean token\?/],
  ['/minFillS', -1, '/minFillS', /use an integer from 0 to 60/],
  ['/minFillS', '2', '/minFillS', /use an integer from 0 to 60/],
  ['/proof', 'allways', '/proof', /did you mean always\?/],
  ['/adaptiveAfter', 1.5, '/adaptiveAfter', /use an integer from 0/],
  ['/fields', ['question'], '/fields', /use an object such as/],
  ['/fields', { phone: 'hidden' }, '/fields/phone', /known are firstName, lastName, question/],
  ['/fields', { question: 'optional' }, '/fields/question', /use one of shown, hidden, required/],
  ['/texts', { english: { heading: 'x' } }, '/texts/english', /use a language such as en/],
  ['/texts', { en: 'Text us' }, '/texts/en', /use an object of texts by name/],
  ['/texts', { en: { 'a b': 'x' } }, '/texts/en/a b', /use the name of a text/],
  ['/texts', { en: { button: 'Text us' } }, '/texts/en/button', /the words of "button" are given by the page/],
  ['/texts', { en: { heading: 7 } }, '/texts/en/heading', /use a text of up to 1,000/],
  ['/texts', { en: { heading: 'x'.repeat(1001) } }, '/texts/en/heading', /use a text of up to 1,000/],
  ['/texts', { 'pt-BR': {}, 'pt-br': {} }, '/texts/pt-br', /keep one of the two/],
];
for (const [pointer, value, at, fix] of wrong) {
  t.test(`form${pointer} ${JSON.stringify(value).slice(0, 50)} is refused at its place`, async (t) => {
    const problems = mistakes(t, () => loadFile(fileWith(`${FORM}${pointer}`, value)));
    t.match(problems, [{ setting: `CONFIG_FILE: ${FORM}${at}`, fix }]);
  });
}

t.test('a consent text and version of a site are one line each', async (t) => {
  for (const [name, value] of [
    ['text', ' '],
    ['text', 'I\nagree'],
    ['text', 'x'.repeat(1001)],
    ['version', 7],
    ['version', ''],
  ] as const) {
    const problems = mistakes(t, () => loadFile(fileWith('/sites/motors/consent', { [name]: value })));
    t.match(problems, [{ setting: `CONFIG_FILE: /sites/motors/consent/${name}` }], `${name} ${value}`.slice(0, 20));
  }
});
