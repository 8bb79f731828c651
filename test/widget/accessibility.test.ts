import axe from 'axe-core';
import type { Locator, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { FORM, problem } from '../support/widget/fake-gateway.ts';
import { createPageLauncher, type PageOptions } from '../support/widget/page-launcher.ts';
import { visitorOf } from '../support/widget/visitor.ts';

/** Part of the element that has the focus, in the button or, as undefined, on the page. */
function focused(page: Page): Promise<string | undefined> {
  return page.evaluate(`document.activeElement.shadowRoot?.activeElement.getAttribute('part')`);
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function inspect(t: Test, page: Page, state: string): Promise<void> {
  const { violations, passes } = (await page.evaluate(
    `axe.run({ runOnly: ${JSON.stringify(RULES)} })`,
  )) as axe.AxeResults;
  const found = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`)}`,
  );
  t.strictSame(found, [], state);
  t.ok(
    passes.some(({ id }) => id === 'color-contrast'),
    `${state}: contrast was measured`,
  );
}

const LOOKS: readonly (readonly [string, PageOptions])[] = [
  ['light', {}],
  [
    'dark',
    {
      attributes: 'theme="dark" keep-offline',
      context: { colorScheme: 'dark' },
      before: '<style>:root { color-scheme: dark }</style>',
    },
  ],
  ['right to left', { lang: 'ar', before: '<script>document.documentElement.dir = "rtl"</script>' }],
  ['320 pixels wide', { context: { viewport: { width: 320, height: 568 } }, attributes: 'position="floating"' }],
  ['beside the main part of a page', { beside: true }],
];

const SCREENS = [
  { width: 320, height: 568 },
  { width: 390, height: 420 },
  { width: 667, height: 375 },
];

/** Whether all of it is within the window. */
function isInView(locator: Locator): Promise<boolean> {
  return locator.evaluate((element) => {
    const { top, bottom, height } = element.getBoundingClientRect();
    return height > 0 && top >= 0 && bottom <= innerHeight;
  });
}

t.test('accessibility', async (t) => {
  const { launchPage } = await createPageLauncher(t);

  t.test('with the keyboard and a screen reader', async (t) => {
    t.test('a lead is sent without losing the focus', async (t) => {
      const { gateway, page } = await launchPage(t, { before: '<a href="#x">before</a>', content: '' });
      gateway.form = { ...FORM, consent: { required: true } };
      const visitor = visitorOf(page);
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      t.equal(await focused(page), 'button');
      await page.keyboard.press('Enter');
      await visitor.dialog.waitFor();
      t.equal(await focused(page), 'input phone');

      const order = [];
      for (let i = 0; i < 6; i++) {
        await page.keyboard.press('Tab');
        order.push(await focused(page));
      }
      t.strictSame(order.slice(0, 5), ['input firstName', 'input lastName', 'input question', 'consent', 'submit']);
      for (let i = 0; i < 10; i++) {
        await page.keyboard.press('Tab');
        t.not(await page.evaluate('document.activeElement.textContent'), 'before', 'the page behind is out of reach');
      }

      await visitor.phone.focus();
      await page.keyboard.type('4045551212');
      gateway.next.post.push(problem(422, 'invalid_phone', ['/consumer/phone']));
      await page.getByRole('checkbox').focus();
      await page.keyboard.press('Space');
      await page.keyboard.press('Enter');
      await page.locator('text-us #phone-error').getByText('We cannot text').waitFor();
      t.equal(await focused(page), 'input phone');
      await page.keyboard.type('3');
      await page.keyboard.press('Enter');
      await visitor.reads('Message sent');
      t.equal(await focused(page), 'heading', 'the outcome is read out');
      await page.keyboard.press('Escape');
      t.equal(await focused(page), 'button', 'and back');
    });

    t.test('names, states and live regions match the visible form', async (t) => {
      const { gateway, page } = await launchPage(t);
      gateway.form = { ...FORM, fields: { ...FORM.fields, firstName: 'required' } };
      const visitor = visitorOf(page);
      t.equal(await visitor.button.getAttribute('aria-haspopup'), 'dialog');
      await visitor.open();
      t.match(await page.locator('text-us').ariaSnapshot(), '- dialog "Text us":');
      const dialog = page.getByRole('dialog', { name: 'Text us' });
      await dialog.getByRole('textbox', { name: 'Mobile number', exact: true }).waitFor();
      await dialog.getByRole('textbox', { name: 'Last name (optional)' }).waitFor();
      await dialog.getByRole('button', { name: 'Close' }).waitFor();
      const required = await page.locator('text-us [aria-required=true]').evaluateAll((all) => all.map(({ id }) => id));
      t.strictSame(required, ['phone', 'firstName']);
      t.strictSame(await visitor.phone.evaluate((input: HTMLInputElement) => [input.type, input.autocomplete]), [
        'tel',
        'tel',
      ]);
      for (const region of [visitor.status, visitor.alert]) {
        t.equal(
          await region.evaluate((element) => getComputedStyle(element).display),
          'block',
          'is there before it speaks',
        );
      }
    });

    t.test('a typed phone number is not changed', async (t) => {
      const { page } = await launchPage(t);
      const visitor = visitorOf(page);
      await visitor.open();
      for (const number of ['+1 (404) 555.12-12', '  404 555 1212 ', '٠٤٠٤', '404/555x12']) {
        await visitor.phone.fill('');
        await page.keyboard.type(number);
        t.equal(await visitor.phone.inputValue(), number);
      }
    });

    t.test('targets are at least 24 pixels large, and the main ones 44', async (t) => {
      const { gateway, page } = await launchPage(t, { context: { viewport: { width: 320, height: 568 } } });
      gateway.form = { ...FORM, consent: { required: true } };
      const visitor = visitorOf(page);
      await visitor.open();
      const sizes = await page
        .locator('text-us :is(button, input:not(.trap input), textarea):visible')
        .evaluateAll((all) =>
          all.map((element) => {
            const { width, height } = element.getBoundingClientRect();
            return { part: element.getAttribute('part'), size: Math.min(width, height) };
          }),
        );
      t.ok(sizes.length >= 7);
      for (const { part, size } of sizes)
        t.ok(size >= (part === 'submit' || part === 'button' ? 43.9 : 24), `${part}: ${size}`);
    });

    t.test('at a zoom of 200 and 400 percent all controls are reachable, and nothing overflows', async (t) => {
      // A window of 1280 by 900, zoomed.
      for (const zoom of [2, 4]) {
        const { gateway, page } = await launchPage(t, {
          context: { viewport: { width: 1280 / zoom, height: Math.round(900 / zoom) } },
          lang: 'de',
        });
        gateway.form = {
          ...FORM,
          consent: { required: true, text: 'Kraftfahrzeughaftpflichtversicherungsbestätigungen' },
        };
        const visitor = visitorOf(page);
        await visitor.open();
        const fits = await visitor.dialog.evaluate((dialog) => dialog.scrollWidth <= dialog.clientWidth);
        t.ok(fits, `${zoom}: no scrolling to the side`);
        await visitor.send.scrollIntoViewIfNeeded();
        await visitor.send.click();
        await page.locator('text-us #phone-error').getByText('Bitte geben Sie').waitFor();
        t.equal(await page.evaluate('document.documentElement.scrollWidth'), 1280 / zoom);
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
  });

  t.test('axe finds nothing', async (t) => {
    for (const [look, options] of LOOKS) {
      t.test(`in any state, ${look}`, async (t) => {
        const { gateway, page, context } = await launchPage(t, options);
        gateway.form = { ...FORM, consent: { required: true } };
        const visitor = visitorOf(page);
        await page.evaluate(axe.source);
        await inspect(t, page, 'button');

        await visitor.open();
        await inspect(t, page, 'form');
        await visitor.send.click();
        await page.locator('text-us [aria-invalid=true]').first().waitFor();
        await inspect(t, page, 'missing fields');

        await visitor.phone.fill('(404) 555-1212');
        await page.getByRole('checkbox').check();
        gateway.next.post.push(problem(429, 'rate_limited'));
        await visitor.send.click();
        await page.waitForFunction('heard.at(-1).type === "error"');
        await inspect(t, page, 'refused');

        await context.setOffline(true);
        await visitor.send.click();
        await page.getByRole('dialog').locator('[part=cancel]').waitFor();
        await inspect(t, page, 'offline');

        gateway.next.post.push({ status: 202, body: { id: 'cnv_1', status: 'queued' } });
        await context.setOffline(false);
        await page.waitForFunction('heard.at(-1).type === "success"');
        await inspect(t, page, 'done');
      });
    }
  });

  t.test('on a small screen', async (t) => {
    for (const viewport of SCREENS) {
      t.test(`the result of a lead is visible, ${viewport.width} by ${viewport.height}`, async (t) => {
        const { gateway, page, context } = await launchPage(t, { context: { viewport } });
        const visitor = visitorOf(page);
        await visitor.open();
        await visitor.phone.fill('(404) 555-1212');
        gateway.next.post.push(problem(429, 'rate_limited'));
        await visitor.phone.press('Enter');
        await visitor.alert.getByText('Too many tries.').waitFor();
        t.ok(await isInView(visitor.alert), 'the refusal');

        await context.setOffline(true);
        await visitor.phone.scrollIntoViewIfNeeded();
        await visitor.phone.press('Enter');
        await visitor.status.getByText('No connection.').waitFor();
        t.ok(await isInView(visitor.status), 'what goes on');
        t.ok(await isInView(page.locator('text-us [part=cancel]')), 'and how to stop it');
        t.equal(await page.evaluate('scrollY'), 0, 'the page behind stays where it was');
      });
    }
  });
});
