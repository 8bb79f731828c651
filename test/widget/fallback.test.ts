import t from 'tap';
import { createPageLauncher } from '../support/widget/page-launcher.ts';
import { visitorOf } from '../support/widget/visitor.ts';

const FALLBACK = {
  content: `<a href="#fallback">Text (404) 555-1212</a><span slot="button" hidden>Ask us</span>
    <span slot="heading" hidden>Ask about the Civic</span><span slot="intro" hidden>We answer.</span>`,
};

t.test('around the script', async (t) => {
  const { browser, launchPage } = await createPageLauncher(t);

  t.test('without it visitors see the link of the page, styled, and nothing of the slots', async (t) => {
    const { url, gateway } = await launchPage(t, FALLBACK);
    const context = await browser.newContext({ javaScriptEnabled: false });
    t.teardown(() => context.close());
    const page = await context.newPage();
    await page.goto(url);
    const seen = () => page.locator('text-us > :visible').allTextContents();
    t.strictSame(await seen(), ['Text (404) 555-1212'], 'without a style sheet');
    const html = (await page.content())
      .replaceAll(' hidden', '')
      .replace('</head>', `<link rel="stylesheet" href="${gateway.url}widget/v1.css"></head>`);
    await page.setContent(html);
    const link = page.getByRole('link', { name: 'Text (404) 555-1212' });
    t.strictSame(await seen(), ['Text (404) 555-1212'], 'with it, and without `hidden`');
    t.ok(((await link.boundingBox())?.height ?? 0) >= 44);
  });

  t.test('the dialog is loaded once, when a visitor comes near', async (t) => {
    for (const event of ['pointerenter', 'touchstart', 'focus']) {
      const { page, gateway } = await launchPage(t);
      const paths = () => gateway.received.map(({ path }) => path.replace(/[0-9a-f]{12}/, 'HASH'));
      t.strictSame(paths(), ['/widget/v1.js']);
      const loaded = gateway.arrival('GET', /dialog/);
      await visitorOf(page).button.dispatchEvent(event);
      await loaded;
      await visitorOf(page).open();
      t.strictSame(paths(), ['/widget/v1.js', '/widget/v1.dialog.HASH.js', '/sites/demo/form'], event);
    }
  });

  t.test('with keep-offline it is loaded at once, so that it opens without a connection', async (t) => {
    const { page, context } = await launchPage(t, { attributes: 'keep-offline' });
    await page.waitForFunction(`performance.getEntriesByType('resource').some(({ name }) => /dialog/.test(name))`);
    await context.setOffline(true);
    await visitorOf(page).open();
  });

  t.test('a click waits for a slow dialog, and shows that it does', async (t) => {
    const { page, gateway } = await launchPage(t);
    let release!: () => void;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route(/dialog/, async (route) => {
      await held;
      await route.continue();
    });
    const visitor = visitorOf(page);
    await visitor.button.click();
    await page.waitForFunction(`document.querySelector('text-us').shadowRoot.querySelector('button[aria-busy=true]')`);
    await visitor.button.click();
    release();
    await visitor.dialog.waitFor();
    t.equal(await visitor.button.getAttribute('aria-busy'), null);
    t.equal(gateway.received.filter(({ path }) => path.includes('dialog')).length, 1);
  });
});
