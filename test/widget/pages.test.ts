import t from 'tap';
import { challengeOf, isProof } from '../support/widget/challenge.ts';
import { createPageLauncher, type PageOptions, type WidgetPage } from '../support/widget/page-launcher.ts';
import { visitorOf } from '../support/widget/visitor.ts';

/** A page that writes down every event of the dialog that it hears anywhere, in both phases. */
const LISTENING = `<script>
  window.leaked = [];
  const types = ['keydown', 'keypress', 'keyup', 'beforeinput', 'input', 'click', 'dblclick', 'mousedown', 'mouseup', 'mousemove',
    'pointerdown', 'pointerup', 'pointermove', 'focusin', 'focusout', 'focus', 'blur', 'submit', 'change', 'paste', 'wheel', 'dragover', 'drop'];
  const note = (event) => {
    const button = document.querySelector('text-us');
    if (button?.shadowRoot?.querySelector('dialog[open]') && event.target === button) leaked.push(event.type);
  };
  for (const type of types) for (const capture of [true, false]) document.addEventListener(type, note, capture);
</script>`;

/** What old libraries do to the built-ins: Prototype.js, MooTools and their likes. */
const OLD_LIBRARIES = `<script>
  Array.from = (list) => { const copy = []; for (let i = 0; i < (list?.length ?? 0); i++) copy.push(list[i]); return copy; };
  Array.prototype.toJSON = Object.prototype.toJSON = function () { return 'of the library'; };
  Array.prototype.reduce = Array.prototype.flatten = function () { return this; };
  Array.prototype.remove = Object.prototype.clone = Object.prototype.each = function () { return this; };
  Function.prototype.bind = function () { return this; };
  String.prototype.strip = String.prototype.at = function () { return 'of the library'; };
  Element.prototype.scrollTo = Element.prototype.hide = Element.prototype.show = Element.prototype.update = () => {};
</script>`;

t.test('on pages of other people', async (t) => {
  const { launchPage } = await createPageLauncher(t);

  /** Opens a page and gives its dialog, opened by the page. */
  async function opened(t: Parameters<typeof launchPage>[0], options: PageOptions): Promise<WidgetPage> {
    const stage = await launchPage(t, options);
    await stage.page.evaluate(`document.querySelector('text-us').open()`);
    await visitorOf(stage.page).dialog.waitFor();
    return stage;
  }

  t.test('no event of the dialog reaches the page, and the public events do', async (t) => {
    const { gateway, page, events } = await opened(t, { before: LISTENING });
    gateway.form = { ...gateway.form, consent: { required: true } };
    await page.evaluate(`document.querySelector('text-us').site = 'other'`);
    const visitor = visitorOf(page);
    await page.getByRole('checkbox').check();
    await visitor.phone.click();
    await page.keyboard.type('(404) 555-1212 s/');
    await page.keyboard.press('Backspace');
    await page.keyboard.press('Backspace');
    await page.getByText('Your question').click();
    await page.keyboard.type('one');
    await page.keyboard.press('Enter');
    await page.keyboard.type('two');
    await page.getByLabel('Your question').hover();
    await page.mouse.wheel(0, 40);
    for (const type of ['dragover', 'drop']) await visitor.phone.dispatchEvent(type);
    await visitor.phone.focus();
    await page.keyboard.press('Enter');
    await visitor.reads('Message sent');
    t.strictSame(await page.evaluate('leaked'), []);
    t.match(gateway.posts()[0]?.body.consumer, { phone: '(404) 555-1212', question: 'one\ntwo' });
    t.strictSame(
      (await events()).map(({ type }) => type),
      ['open', 'submit', 'success'],
    );
  });

  t.test('nor does it in a closed shadow root, on the way up', async (t) => {
    const { page } = await launchPage(t);
    await page.evaluate(`{
      const host = document.body.appendChild(document.createElement('div'));
      const button = document.querySelector('text-us');
      host.attachShadow({ mode: 'closed' }).append(button);
      window.leaked = [];
      for (const type of ['keydown', 'input', 'click', 'focusin']) document.addEventListener(type, ({ type }) => leaked.push(type));
      window.inner = button.shadowRoot;
      button.open();
    }`);
    await page.waitForFunction('inner.activeElement?.id === "phone"');
    await page.evaluate('leaked.length = 0');
    await page.keyboard.type('404');
    await page.evaluate(`inner.querySelector('[part=submit]').click()`);
    t.strictSame(await page.evaluate('[leaked, inner.querySelector("#phone").value]'), [[], '404']);
  });

  t.test('a click inside follows no link and no handler around the element, and does its own work', async (t) => {
    const { page, gateway } = await launchPage(t, {
      content: '<span slot="consent">I agree to the <a id="terms" href="#terms">terms</a>.</span>',
    });
    gateway.form = { ...gateway.form, consent: { required: true } };
    await page.evaluate(`{
      window.heard = [];
      const card = document.createElement('a');
      card.href = '#card';
      card.innerHTML = '<div onclick="heard.push(1)"></div>';
      document.body.append(card);
      card.firstChild.append(document.querySelector('text-us'));
    }`);
    const visitor = visitorOf(page);
    await visitor.open();
    t.equal(new URL(page.url()).hash, '', 'the button itself opens the dialog only');
    await page.evaluate('heard.length = 0');
    const places = ['#phone', '#question', '[part=intro]', '#heading', 'label[for=firstName]', 'form', '#consent'];
    for (const place of places) await page.locator(`text-us ${place}`).first().click();
    t.ok(await page.getByRole('checkbox').isChecked());
    await page.locator('text-us label[for=lastName]').click();
    t.equal(await page.evaluate(`document.activeElement.shadowRoot.activeElement.id`), 'lastName');
    await page.getByText('I agree to the').click({ position: { x: 2, y: 2 } });
    t.notOk(await page.getByRole('checkbox').isChecked(), 'a label works as ever');
    await visitor.send.click();
    t.strictSame([new URL(page.url()).hash, await page.evaluate('heard')], ['', []]);
    await page.locator('#terms').click();
    t.equal(new URL(page.url()).hash, '#terms', 'a link of the page in a slot is followed');
    await page.getByRole('button', { name: 'Close' }).click();
    await visitor.dialog.waitFor({ state: 'hidden' });
    t.strictSame([new URL(page.url()).hash, await page.evaluate('heard')], ['#terms', []]);
  });

  const HIDING: readonly (readonly [string, PageOptions, string])[] = [
    [
      'a rule for hidden',
      { before: '<style>[hidden] { display: none !important }</style>', attributes: 'hidden' },
      'void 0',
    ],
    ['a hidden ancestor', {}, `document.querySelector('main').hidden = true`],
    [
      'a closed <details>',
      {},
      `{
        const details = document.createElement('details');
        details.append(document.querySelector('text-us'));
        document.querySelector('main').append(details);
      }`,
    ],
    [
      'a modal of the page that hides the rest from screen readers',
      {},
      `document.querySelector('main').ariaHidden = 'true'`,
    ],
    [
      'a menu that closes at the click',
      {},
      `addEventListener('click', () => { document.querySelector('main').hidden = true; })`,
    ],
  ];
  for (const [what, options, hide] of HIDING) {
    t.test(`the dialog is shown in spite of ${what}`, async (t) => {
      const { page, gateway, events } = await launchPage(t, {
        ...options,
        content: '<span slot="heading">Ask us</span>',
        before: `${options.before ?? ''}<style>text-us { --text-us-accent: rgb(1, 100, 2); }</style>`,
      });
      await page.evaluate(hide);
      if (/menu/.test(what)) await visitorOf(page).button.click();
      else await page.evaluate(`document.querySelector('text-us').open()`);
      const dialog = page.getByRole('dialog', { name: 'Ask us' });
      await dialog.waitFor();
      const send = dialog.getByRole('button', { name: 'Send' });
      t.equal(await send.evaluate((button) => getComputedStyle(button).backgroundColor), 'rgb(1, 100, 2)');
      await dialog.getByLabel('Mobile number').fill('(404) 555-1212');
      await send.click();
      await page.getByText('Look out for').waitFor();
      t.equal(gateway.posts().length, 1);
      await page.keyboard.press('Escape');
      await page.getByText('Look out for').waitFor({ state: 'hidden' });
      await page.waitForFunction(`document.querySelectorAll('text-us').length === 1`);
      t.strictSame(
        (await events()).map(({ type }) => type),
        ['open', 'submit', 'success'],
      );
    });
  }

  t.test('a dialog that the page hides while it is open is shown again, with what was typed', async (t) => {
    const { page } = await opened(t, {});
    const visitor = visitorOf(page);
    await visitor.phone.fill('404');
    await page.evaluate(`document.querySelector('main').style.display = 'none'`);
    await page.waitForFunction(`document.querySelectorAll('text-us').length === 2`);
    t.equal(await page.getByLabel('Mobile number').inputValue(), '404');
    await page.keyboard.press('Escape');
    await page.waitForFunction(`document.querySelectorAll('text-us').length === 1`);
    await page.evaluate(`document.querySelector('main').style.display = ''`);
    await visitor.open();
    t.equal(await visitor.phone.inputValue(), '404');
  });

  t.test('where nothing at all is visible the dialog is not opened, and the author is told', async (t) => {
    const { page, events } = await launchPage(t);
    const said: string[] = [];
    page.on('console', (line) => said.push(line.text()));
    await page.evaluate(`{
      addEventListener('text-us:warning', ({ detail }) => heard.push({ type: 'warning', detail }));
      document.body.style.display = 'none';
      document.querySelector('text-us').open();
    }`);
    await page.waitForFunction('heard.length');
    t.match(await events(), [{ type: 'warning', detail: { code: 'not_visible' } }]);
    t.match(said, [/hidden by the page/]);
    await page.evaluate(`document.body.style.display = ''`);
    t.equal(await page.evaluate(`document.querySelector('text-us').shadowRoot.querySelector('dialog[open]')`), null);
    await visitorOf(page).open();
  });

  t.test('inherited styles of the page do not reach button and dialog', async (t) => {
    const { page } = await opened(t, {
      before: `<style>body { pointer-events: none; visibility: hidden; -webkit-text-fill-color: transparent; color: transparent;
        user-select: none; cursor: none; word-spacing: 2em; writing-mode: vertical-rl; -webkit-text-stroke: 2px red; caret-color: transparent;
        text-shadow: 0 0 9px red; font-variant: small-caps; line-height: 9; text-align: justify; white-space: nowrap; }
        * { letter-spacing: 5px; }</style>`,
    });
    for (const part of ['button', 'dialog']) {
      const found = await page
        .locator(`text-us ${part}`)
        .first()
        .evaluate((element) => {
          const style = getComputedStyle(element);
          return [
            'pointer-events',
            'visibility',
            '-webkit-text-fill-color',
            'word-spacing',
            'writing-mode',
            'letter-spacing',
            '-webkit-text-stroke-width',
            'text-shadow',
            'font-variant-caps',
            'white-space',
            'text-align',
          ].map((name) => style.getPropertyValue(name).replace(style.color, 'the colour'));
        });
      t.strictSame(
        found,
        ['auto', 'visible', 'the colour', '0px', 'horizontal-tb', 'normal', '0px', 'none', 'normal', 'normal', 'start'],
        part,
      );
    }
    t.not(await page.locator('text-us dialog').evaluate((dialog) => getComputedStyle(dialog).userSelect), 'none');
    await visitorOf(page).phone.click();
  });

  t.test('old libraries change neither a lead nor its proof', async (t) => {
    const { page, gateway } = await launchPage(t, {
      before: OLD_LIBRARIES,
      attributes: `listing='{"vin":"2HGFC2F59KH500000","colours":["blue","white"]}' keep-offline`,
    });
    gateway.form = { ...gateway.form, challenge: await challengeOf(100) };
    const visitor = visitorOf(page);
    await visitor.ask();
    await visitor.reads('Message sent');
    const { body } = gateway.posts()[0] ?? {};
    t.match(body, {
      consumer: { phone: '(404) 555-1212' },
      listing: { vin: '2HGFC2F59KH500000', colours: 'blue, white' },
    });
    t.ok(await isProof(body?.proof));
  });

  t.test('a page that is swapped right after Send does not lose the lead', async (t) => {
    const { page, gateway } = await opened(t, {});
    await visitorOf(page).phone.fill('(404) 555-1212');
    const arrived = gateway.arrival('POST', /conversations/);
    await page.evaluate(`{
      document.querySelector('text-us').shadowRoot.querySelector('[part=submit]').click();
      document.body.innerHTML = '<h1>Next</h1>';
    }`);
    t.match((await arrived).body, { consumer: { phone: '(404) 555-1212' } });
  });
});
