import t from 'tap';
import { TEXTS } from '../../src/http/form/texts.ts';
import { en } from '../../src/widget/messages/en.ts';

t.test('the button and the pages of plain forms say the same in the same words', async (t) => {
  for (const language of ['en', 'es', 'fr', 'de', 'ar'] as const) {
    const texts = language === 'en' ? en : (await import(`../../src/widget/messages/${language}.ts`)).texts;
    const { delivered, received, phoneMissing, names } = TEXTS[language];
    t.strictSame(
      [delivered, received, phoneMissing],
      [[texts.delivered, texts.deliveredText], [texts.stored, texts.storedText], texts.phoneMissing],
      language,
    );
    for (const name of ['firstName', 'lastName', 'question'] as const)
      t.equal(names[name].toLowerCase(), texts[name].toLowerCase(), `${language}: ${name}`);
  }
});
