import type { Test } from 'tap';
import { type TestBrowser, until } from '../stage.ts';

const LANGUAGES = [
  { lang: 'es-MX', button: 'Escríbanos', phone: 'Número de celular', dir: 'ltr' },
  { lang: 'fr', button: 'Écrivez-nous', phone: 'Numéro de mobile', dir: 'ltr' },
  { lang: 'de', button: 'Schreiben Sie uns', phone: 'Handynummer', dir: 'ltr' },
  { lang: 'ar', button: 'راسلنا', phone: 'رقم الجوال', dir: 'rtl' },
  { lang: 'en-GB', button: 'Text us', phone: 'Mobile number', dir: 'ltr' },
  { lang: 'xx', button: 'Text us', phone: 'Mobile number', dir: 'ltr' },
];

/** The languages of the button, and what has to be loaded for them. */
export function checkLanguages(t: Test, { show, page }: TestBrowser): void {
  t.test('the language is that of the page or the element, and its texts come with the form at a click', async (t) => {
    const stage = await show(t);
    const { gateway } = stage;
    await stage.awaits('button', 'Text us');
    const loaded = () => gateway.received.map(({ path }) => path.replace(/\.[0-9a-f]{12}/, ''));
    const seen = loaded();
    for (const { lang, button, phone, dir } of LANGUAGES) {
      await page.evaluate(`void (document.querySelector('text-us').lang = '${lang}')`);
      t.ok(await stage.sees('button', button), button);
      t.strictSame(loaded(), seen, 'nothing is loaded for a button');
      await stage.open();
      if (seen.length === 1) seen.push('/widget/v1.dialog.js');
      seen.push('/sites/demo/form');
      await stage.awaits('textbox', phone);
      const shown = await stage.of<unknown[]>(
        'dialog',
        undefined,
        '[getComputedStyle(it).direction, it.lang, it.scrollWidth > it.clientWidth]',
      );
      t.strictSame(shown, [dir, lang === 'xx' ? 'en' : lang, false], 'direction, language, and no scrolling sideways');
      await stage.leave();
    }
    t.strictSame(loaded(), seen);
  });

  t.test('the texts are loaded as a part of the script if the form does not come', async (t) => {
    const stage = await show(t, { lang: 'es' });
    stage.gateway.next.form.push({ status: 503 });
    await stage.open();
    await until(page, `tools.find('textbox', 'Número de celular')`);
    t.equal(await stage.of('dialog', undefined, 'it.lang'), 'es');
    t.match(stage.gateway.received.at(-1)?.path, /v1\.es\.[0-9a-f]{12}\.js$/);
  });
}
