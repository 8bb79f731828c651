import axe from 'axe-core';
import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { launchBrowser } from '../support/browser.ts';
import { startGateway } from '../support/gateway.ts';
import { visitorOf } from '../support/widget/visitor.ts';

t.test('the demo page of the real gateway', async (t) => {
  const [browser, gateway] = await Promise.all([
    launchBrowser(t),
    startGateway(t, { DATABASE_URL: `sqlite:${t.testdir()}/demo.db` }),
  ]);

  async function open(t: Test, width: number, colorScheme: 'light' | 'dark'): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width, height: 800 },
      colorScheme,
      reducedMotion: 'reduce',
    });
    t.teardown(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('console', (line) => {
      if (!line.text().includes('status of 422')) t.fail(`the console says: ${line.text()}`);
    });
    page.on('pageerror', (error) => t.fail(`the page throws: ${error.message}`));
    await page.goto(`${gateway.url}/demo`);
    await page.frameLocator('iframe').locator('#live[data-state=live]').waitFor();
    return page;
  }

  t.test('shows a click arrive in the inbox beside it', async (t) => {
    const page = await open(t, 1280, 'light');
    const inbox = page.frameLocator('iframe');
    for (const [id, name] of [
      ['#inline', 'Ann'],
      ['#floating', 'Bo'],
    ] as const) {
      const visitor = visitorOf(page, id);
      await visitor.open();
      await visitor.fill({ phone: '(404) 555-1212', firstName: name, question: `Is it still here, asks ${name}` });
      await visitor.send.click();
      await visitor.reads('Message sent');
      await inbox.locator('#list').getByText(`Is it still here, asks ${name}`).waitFor();
      await page.keyboard.press('Escape');
    }
    t.pass('both arrived');
  });

  t.test('has links that work', async (t) => {
    const page = await open(t, 1280, 'light');
    for (const link of await page.locator('nav a').all()) {
      const words = (await link.textContent()) ?? '';
      const target = page.locator((await link.getAttribute('href')) ?? '');
      t.match(await target.textContent(), words);
    }
  });

  t.test('shows a refusal of the provider at the field', async (t) => {
    const page = await open(t, 1280, 'light');
    const visitor = visitorOf(page, '#inline');
    await visitor.ask('(404) 555-2010');
    await visitor.dialog.getByText('We cannot text this number').waitFor();
    await visitor.phone.fill('+44 7700 900123');
    await visitor.send.click();
    await visitor.dialog.getByText('We cannot text numbers of this country').waitFor();
    await visitor.phone.fill('12');
    await visitor.send.click();
    await visitor.dialog.getByText('We cannot text this number').waitFor();
    t.pass('three refusals');
  });

  for (const [width, scheme] of [
    [1280, 'dark'],
    [320, 'light'],
  ] as const) {
    t.test(`is accessible and fits at ${width} pixels, ${scheme}`, async (t) => {
      const page = await open(t, width, scheme);
      t.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
      await page.evaluate(axe.source);
      for (const [state, reach] of [
        ['page', async () => {}],
        ['dialog', () => visitorOf(page, '#floating').open()],
      ] as const) {
        await reach();
        const { violations } = (await page.evaluate(`axe.run({ exclude: ['iframe'] })`)) as axe.AxeResults;
        t.strictSame(
          violations.map(
            ({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`)}`,
          ),
          [],
          state,
        );
      }
    });
  }

  t.test('has a playground that shows the button, the lines to copy, what is sent and the events', async (t) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
    t.teardown(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on('pageerror', (error) => t.fail(`the page throws: ${error.message}`));
    page.on('console', (line) => {
      if (line.type() === 'error') t.fail(`the console says: ${line.text()}`);
    });
    await page.goto(`${gateway.url}/demo/playground.html`);
    await page.getByLabel('Language').selectOption('es');
    await page.getByLabel('Label of the button').fill('Ask "us" & more');
    await page.getByLabel('Accent', { exact: true }).fill('#ffd54f');
    await page.getByText('On accent: 1.4 to 1 (too low, 4.5 is needed)').waitFor();
    await page.getByLabel('On accent').fill('#000000');
    const snippet = (await page.locator('#snippet').textContent()) ?? '';

    for (const option of ['The question first', 'One field for the name', 'A choice of three countries'])
      await page.getByLabel(option).check();
    await page.getByLabel('Show the number after sending').check();
    await page.getByLabel('Words after sending').fill('Until soon.');
    t.match(await page.locator('#config').textContent(), /"questionFirst": true[\s\S]*"countryPicker": true/);

    const visitor = visitorOf(page);
    await visitor.ask('(404) 555-1212');
    await visitor.dialog.getByRole('heading', { name: 'Mensaje enviado' }).waitFor();
    await visitor.dialog.getByText('Until soon.').waitFor();
    await visitor.dialog.getByRole('button', { name: 'Corregir' }).click();
    t.strictSame(
      await visitor.dialog
        .locator('form [id]:is(input, textarea):visible')
        .evaluateAll((all) => all.map(({ id }) => id)),
      ['question', 'phone', 'name'],
    );
    await visitor.dialog.getByRole('combobox', { name: 'País' }).selectOption('MX');
    t.match(
      await page.locator('#json').textContent(),
      /"phone": "\(404\) 555-1212"[\s\S]*\n201\n[\s\S]*"status": "delivered"/,
    );
    t.match(await page.locator('#events').textContent(), /text-us:success[\s\S]*text-us:submit[\s\S]*text-us:open/);

    // The copied lines make the same button on a page of their own.
    await page.keyboard.press('Escape');
    await page.route('**/copied', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<!doctype html>${snippet}` }),
    );
    await page.goto(`${gateway.url}/copied`);
    const copied = visitorOf(page);
    t.equal(await page.locator('text-us [slot=button]').textContent(), 'Ask "us" & more');
    await copied.button.waitFor();
    t.equal(
      await page.evaluate(
        "getComputedStyle(document.querySelector('text-us').shadowRoot.querySelector('[part=button]')).backgroundColor",
      ),
      'rgb(255, 213, 79)',
    );
    t.match(await page.locator('text-us').getAttribute('listing'), '"model":"Civic EX"');
  });

  t.test('has a playground that is accessible and fits at 320 pixels', async (t) => {
    const context = await browser.newContext({ viewport: { width: 320, height: 800 }, colorScheme: 'dark' });
    t.teardown(() => context.close());
    const page = await context.newPage();
    await page.goto(`${gateway.url}/demo/playground.html`);
    await page.locator('#stage text-us').waitFor();
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), 320);
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate('axe.run()')) as axe.AxeResults;
    t.strictSame(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`),
      [],
    );
  });
});
