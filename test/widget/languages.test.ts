import t from 'tap';
import { FORM } from '../support/widget/fake-gateway.ts';
import { createPageLauncher } from '../support/widget/page-launcher.ts';
import { visitorOf } from '../support/widget/visitor.ts';

t.test('languages', async (t) => {
  const { launchPage } = await createPageLauncher(t);

  t.test('the language of the button', async (t) => {
    t.test("is the browser's if the page names none or an invalid one", async (t) => {
      const { page } = await launchPage(t, { lang: 'no such_language', context: { locale: 'de-AT' } });
      const visitor = visitorOf(page);
      await visitor.button.waitFor();
      t.equal(await visitor.button.textContent(), 'Text us', 'nonsense is English');
      await page.evaluate(
        `document.documentElement.removeAttribute('lang'); document.querySelector('text-us').lang = ''`,
      );
      await page.evaluate(`document.body.append(document.querySelector('text-us'))`);
      t.equal(await visitor.button.textContent(), 'Schreiben Sie uns');
    });

    t.test('is loaded as a part of the script if the form comes late', async (t) => {
      const { gateway, page } = await launchPage(t, { lang: 'es' });
      gateway.next.form.push('hang');
      const visitor = visitorOf(page);
      await visitor.open();
      await page.getByLabel('Número de celular').waitFor();
      t.equal(await visitor.dialog.getAttribute('lang'), 'es');
      t.match(gateway.received.at(-1)?.path, /v1\.es\.[0-9a-f]{12}\.js$/);
    });

    t.test('is tried again if neither came', async (t) => {
      const { gateway, page, complaints } = await launchPage(t, { lang: 'es' });
      gateway.next.form.push({ status: 503 });
      gateway.next.widget.push({ status: 500 });
      const visitor = visitorOf(page);
      await visitor.open();
      await page.getByLabel('Número de celular').waitFor();
      t.strictSame(complaints, []);
    });

    t.test('has the texts of the site, replaced by those of the page', async (t) => {
      const { gateway, page } = await launchPage(t, {
        lang: 'es',
        attributes: `texts='{"phone":"Su teléfono"}'`,
      });
      gateway.form = (lang) => ({ ...FORM, texts: { phone: 'Móvil', question: `Pregunta (${lang})` } });
      await visitorOf(page).open();
      await page.getByLabel('Su teléfono').waitFor();
      await page.getByLabel('Pregunta (es)').waitFor();
      await page.getByLabel('Apellido').waitFor();
      await page.evaluate(`document.querySelector('text-us').texts = { phone: 'Celular' }`);
      await page.getByLabel('Celular').waitFor();
    });

    t.test('is declared correctly for the shown texts', async (t) => {
      for (const lang of ['it', 'he']) {
        const { gateway, page } = await launchPage(t, { lang });
        const visitor = visitorOf(page);
        await visitor.open();
        for (const part of [visitor.button, visitor.dialog]) t.equal(await part.getAttribute('lang'), 'en', lang);
        t.equal(await visitor.dialog.getAttribute('dir'), 'ltr', lang);
        await page.keyboard.press('Escape');
        gateway.form = { ...FORM, texts: { phone: `in ${lang}` } };
        await page.evaluate(`document.querySelector('text-us').site = 'other'`);
        await visitor.open();
        await page.getByLabel(`in ${lang}`).waitFor();
        t.equal(await visitor.dialog.getAttribute('lang'), lang, 'the site has words in it');
      }
    });

    t.test('may be any language, by an object of texts', async (t) => {
      const { page } = await launchPage(t, { lang: 'he' });
      await page.evaluate(`document.querySelector('text-us').texts = { button: 'שלחו לנו הודעה', send: 'שליחה' }`);
      const visitor = visitorOf(page);
      await visitor.open();
      await visitor.reads('שלחו לנו הודעה');
      t.equal(await visitor.send.textContent(), 'שליחה');
      t.equal(await visitor.dialog.getAttribute('dir'), 'rtl');
    });
  });
});
