import { readFile } from 'node:fs/promises';
import type { Locator } from 'playwright-core';
import t from 'tap';
import { createPageLauncher } from '../support/widget/page-launcher.ts';
import { visitorOf } from '../support/widget/visitor.ts';

function style(locator: Locator, property: string): Promise<string> {
  return locator.evaluate((element, name) => getComputedStyle(element).getPropertyValue(name), property);
}

t.test('the element', async (t) => {
  const { launchPage } = await createPageLauncher(t);

  t.test('the element on a page', async (t) => {
    t.test('takes its texts from slots, also the text of the consent', async (t) => {
      const { gateway, page } = await launchPage(t, {
        content: `
        <b slot="button">Ask about this car</b>
        <span slot="heading">Ask <i>Example Motors</i></span>
        <span slot="intro">We are in from 9 to 5.</span>
        <span slot="consent">I agree to the <a href="/terms">terms</a>
          of texting.</span>
        <span slot="success">Bye.</span>`,
      });
      gateway.form = { ...gateway.form, consent: { required: true, version: '7' } };
      const visitor = visitorOf(page);
      await page.getByRole('button', { name: 'Ask about this car' }).click();
      await visitor.reads('Ask Example Motors');
      await page.getByText('We are in from 9 to 5.').waitFor();
      await visitor.phone.fill('(404) 555-1212');
      await page.getByRole('checkbox', { name: 'I agree to the terms of texting.' }).check();
      await visitor.send.click();
      await visitor.reads('Message sent');
      await page.getByText('Bye.').waitFor();
      t.strictSame(gateway.posts()[0]?.body.consent, { text: 'I agree to the terms of texting.', version: '7' });
    });

    t.test('is styled by custom properties and parts', async (t) => {
      const { page } = await launchPage(t, {
        before: `<style>
        text-us { --text-us-accent: rgb(1, 100, 2); --text-us-radius: 0px; --text-us-font: monospace; }
        text-us::part(dialog) { background: rgb(250, 240, 230); }
        text-us::part(phone) { letter-spacing: 3px; }
        text-us::part(button):hover { opacity: 0.5; }
      </style>`,
      });
      const visitor = visitorOf(page);
      t.equal(await style(visitor.button, 'background-color'), 'rgb(1, 100, 2)');
      t.equal(await style(visitor.button, 'border-radius'), '0px');
      t.equal(await style(visitor.button, 'font-family'), 'monospace');
      await visitor.open();
      t.equal(await style(visitor.dialog, 'background-color'), 'rgb(250, 240, 230)');
      t.equal(await style(visitor.phone, 'letter-spacing'), '3px');
    });

    t.test('neither inherits styles of the page nor changes them', async (t) => {
      const { page } = await launchPage(t, {
        before: `<style>
        html { font-size: 40px; }
        main { font: italic 30px/3 fantasy; letter-spacing: 9px; text-transform: uppercase; text-align: right; }
        button, input, dialog, label, p { display: none; color: red; border: 9px solid; }
      </style><p id="own">of the page</p>`,
      });
      const visitor = visitorOf(page);
      const before = await page.locator('#own').evaluate((element) => JSON.stringify([...getComputedStyle(element)]));
      await visitor.open();
      for (const part of [visitor.button, visitor.phone]) {
        t.equal(await style(part, 'font-size'), '16px');
        t.equal(await style(part, 'font-style'), 'normal');
        t.equal(await style(part, 'letter-spacing'), 'normal');
        t.equal(await style(part, 'text-transform'), 'none');
        t.not(await style(part, 'color'), 'rgb(255, 0, 0)');
      }
      t.equal(await page.locator('#own').evaluate((element) => JSON.stringify([...getComputedStyle(element)])), before);
    });

    t.test('shares no custom property with the page by accident', async (t) => {
      const letters = [...'abcdefghijklmnopqrstuvwxyz'];
      const { page } = await launchPage(t, {
        content: '<span slot="button" id="own">of the page</span>',
        before: `<style>
        * { ${letters.map((letter) => `--${letter}: 3px;`).join(' ')} }
        #own { padding-left: var(--a); padding-top: var(--b); }
      </style>`,
      });
      const visitor = visitorOf(page);
      await visitor.open();
      t.not(await style(visitor.dialog, 'background-color'), 'rgba(0, 0, 0, 0)');
      t.not(await style(visitor.dialog, 'border-radius'), '3px');
      for (const sheet of ['button', 'dialog']) {
        const css = await readFile(`src/widget/${sheet}.css`, 'utf8');
        for (const [name] of css.matchAll(/(?<![\w-])--[\w-]+(?=:)/g)) t.match(name, /^--tu-/);
      }
    });

    t.test('follows the colour scheme of the page, or its own', async (t) => {
      const { page } = await launchPage(t, { context: { colorScheme: 'dark' } });
      const visitor = visitorOf(page);
      await visitor.open();
      const isDark = async () => (await style(visitor.dialog, 'color')) === 'rgb(255, 255, 255)';
      t.notOk(await isDark(), 'a page that is light for all stays so');
      await page.evaluate(`document.documentElement.style.colorScheme = 'light dark'`);
      t.ok(await isDark(), 'one that follows the visitor takes the button along');
      for (const [theme, dark] of [
        ['light', false],
        ['dark', true],
        ['auto', true],
      ] as const) {
        await page.evaluate(`document.querySelector('text-us').theme = '${theme}'`);
        t.equal(await isDark(), dark, theme);
      }
    });

    t.test('motion and forced colours are respected', async (t) => {
      const { page } = await launchPage(t, {
        context: { reducedMotion: 'no-preference', forcedColors: 'active' },
      });
      const visitor = visitorOf(page);
      await visitor.open();
      const animation = () => visitor.dialog.evaluate((dialog) => getComputedStyle(dialog).animationName);
      t.not(await animation(), 'none');
      for (const part of [visitor.button, visitor.send, visitor.phone, visitor.dialog]) {
        const [width, colour] = await part.evaluate((element) => {
          const { borderTopWidth, borderTopColor } = getComputedStyle(element);
          return [borderTopWidth, borderTopColor];
        });
        t.equal(width, '1px');
        t.not(colour, 'rgba(0, 0, 0, 0)', 'a border that was transparent shows');
      }
      await page.emulateMedia({ reducedMotion: 'reduce' });
      t.equal(await animation(), 'none');
    });

    t.test('floats at the end of the page, on the side given by the writing direction', async (t) => {
      const { page } = await launchPage(t, { attributes: 'position="floating"' });
      const visitor = visitorOf(page);
      const viewport = page.viewportSize() ?? { width: 0, height: 0 };
      const edges = async () => (await visitor.button.boundingBox()) ?? { x: -1, y: -1, width: 0, height: 0 };
      const right = await edges();
      t.equal(Math.round(right.x + right.width), viewport.width - 16);
      t.equal(Math.round(right.y + right.height), viewport.height - 16);
      await page.evaluate(`document.documentElement.dir = 'rtl'`);
      t.equal((await edges()).x, 16);
      await page.evaluate(`document.querySelector('text-us').position = 'inline'`);
      t.not(Math.round((await edges()).y), Math.round(right.y));
    });
  });

  t.test('attributes and properties', async (t) => {
    t.test('may be set late, and are read when the lead is sent', async (t) => {
      const { gateway, page } = await launchPage(t, { attributes: `advertiser-id="1" listing='{"vin":"old"}'` });
      const visitor = visitorOf(page);
      await visitor.open();
      await page.evaluate(`{
      const button = document.querySelector('text-us');
      button.removeAttribute('advertiser-id');
      button.setAttribute('merchant-id', '77');
      button.setAttribute('listing', '2019 Honda Civic, blue');
      button.setAttribute('field-last-name', 'hidden');
      button.setAttribute('field-question', 'required');
    }`);
      t.notOk(await page.getByLabel('Last name').isVisible());
      await visitor.fill({ phone: '(404) 555-1212', question: 'Blue?' });
      await visitor.send.click();
      await visitor.reads('Message sent');
      const { advertiserId, merchantId, listing } = gateway.posts()[0]?.body ?? {};
      t.strictSame([advertiserId, merchantId, listing], [undefined, 77, '2019 Honda Civic, blue']);
    });

    t.test('a change of site or language loads the new form while the dialog is open', async (t) => {
      const { gateway, page } = await launchPage(t);
      await visitorOf(page).open();
      gateway.form = { ...gateway.form, fields: { firstName: 'hidden', lastName: 'hidden', question: 'shown' } };
      await page.evaluate(`document.querySelector('text-us').site = 'other'`);
      await page.getByLabel('First name').waitFor({ state: 'hidden' });
      await page.evaluate(`document.querySelector('text-us').lang = 'de'`);
      await page.getByLabel('Handynummer').waitFor();
      t.strictSame(
        gateway.received.map(({ path }) => path).filter((path) => path.endsWith('/form')),
        ['/sites/demo/form', '/sites/other/form', '/sites/other/form'],
      );
    });

    t.test('the listing that was set last counts', async (t) => {
      const { page } = await launchPage(t, { attributes: `listing='{"vin":"of the attribute"}'` });
      const listing = () => page.evaluate(`document.querySelector('text-us').listing`);
      t.strictSame(await listing(), { vin: 'of the attribute' });
      await page.evaluate(`document.querySelector('text-us').listing = { vin: 'of the property' }`);
      t.strictSame(await listing(), { vin: 'of the property' });
      await page.evaluate(`document.querySelector('text-us').setAttribute('listing', 'plain {text')`);
      t.equal(await listing(), 'plain {text');
      await page.evaluate(`document.querySelector('text-us').listing = '{"vin":"text of the property"}'`);
      t.strictSame(await listing(), { vin: 'text of the property' }, 'JSON is JSON, as frameworks hand it over');
      await page.evaluate(`document.querySelector('text-us').listing = null`);
      t.equal(await listing(), null);
    });

    t.test('reflect each other', async (t) => {
      const { page } = await launchPage(t, { attributes: 'placement-id="7" keep-offline' });
      t.strictSame(
        await page.evaluate(`{
        const button = document.querySelector('text-us');
        const seen = [button.site, button.placementId, button.keepOffline, button.worker, button.country];
        Object.assign(button, { placementId: 8, keepOffline: false, worker: true, country: 'CA', site: null });
        [...seen, ...['placement-id', 'keep-offline', 'worker', 'country', 'site'].map((name) => button.getAttribute(name))];
      }`),
        ['demo', '7', true, false, undefined, '8', null, '', 'CA', null],
      );
    });

    t.test('that were set before the script loaded are kept', async (t) => {
      const { gateway, page } = await launchPage(t, {
        before: `<text-us id="early"></text-us>
        <script>
          Object.assign(document.querySelector('#early'), {
            site: 'early', advertiserId: 9, listing: { vin: 'early' }, texts: { button: 'Early' }, own: 'of the page',
          });
        </script>`,
      });
      t.equal(await page.evaluate(`document.querySelector('#early').own`), 'of the page');
      const visitor = visitorOf(page, '#early');
      await page.getByRole('button', { name: 'Early' }).waitFor();
      await visitor.ask();
      await visitor.reads('Message sent');
      t.match(gateway.posts()[0]?.body, { site: 'early', advertiserId: '9', listing: { vin: 'early' } });
    });

    t.test('the attribute base names a gateway on another server', async (t) => {
      const { gateway, page } = await launchPage(t);
      await page.evaluate(`document.querySelector('text-us').base = '${gateway.url}behind/a/proxy'`);
      await visitorOf(page).open();
      t.equal(gateway.received.at(-1)?.path, '/behind/a/proxy/sites/demo/form');
    });
  });
});
