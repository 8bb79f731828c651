import type { Test } from 'tap';
import { type TestBrowser, until } from '../stage.ts';

const FALLBACK = {
  content: `<a href="#fallback">Text (404) 555-1212</a><span slot="button" hidden>Ask us</span>
    <span slot="heading" hidden>Ask about the Civic</span><span slot="intro" hidden>We answer.</span>`,
};
const LINK = 'Text (404) 555-1212';

/** What a page shows before, without and around the script. */
export function checkFallback(t: Test, { show, page }: TestBrowser): void {
  const shown = () => page.evaluate(`tools.wordsOf(document.querySelector('text-us'))`);

  t.test('without the script visitors see the link of the page, styled, and nothing of the slots', async (t) => {
    const { gateway } = await show(t, { ...FALLBACK, policy: "script-src 'none'" });
    t.strictSame(gateway.received, [], 'the policy blocks the script');
    t.equal(await shown(), LINK, 'without a style sheet');
    await page.evaluate(`new Promise((resolve) => {
      for (const slot of document.querySelectorAll('[slot]')) slot.hidden = false;
      document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: '${gateway.url}widget/v1.css', onload: resolve }));
    })`);
    t.equal(await shown(), LINK, 'with it, and without hidden');
    t.ok(await page.evaluate(`tools.describe(tools.find('link')).height >= 43.9`));
  });

  t.test('with the script the link is gone, and the slots are shown', async (t) => {
    const stage = await show(t, { ...FALLBACK, before: '<style>[hidden] { display: none !important }</style>' });
    await stage.awaits('button', 'Ask us');
    t.notOk(await stage.sees('link'));
    await stage.click('button', 'Ask us');
    await stage.reads('Ask about the Civic');
    await until(page, `tools.wordsOf(tools.find('dialog')).includes('We answer.')`);
  });

  t.test('an engine without dialogs or constructed sheets keeps the link, without an error', async (t) => {
    for (const missing of ['delete window.HTMLDialogElement', 'delete Document.prototype.adoptedStyleSheets']) {
      const stage = await show(t, { ...FALLBACK, before: `<script nonce="tests">${missing}</script>` });
      await page.evaluate(`import('${stage.gateway.url}widget/v1.js').then(() => {})`);
      t.ok(await stage.sees('link', LINK), missing);
      t.equal(await page.evaluate(`Boolean(customElements.get('text-us'))`), false);
      t.strictSame(await stage.complaints(), []);
    }
  });

  t.test('the dialog is loaded once, when a visitor comes near', async (t) => {
    const { gateway, open } = await show(t);
    const paths = () => gateway.received.map(({ path }) => path.replace(/[0-9a-f]{12}/, 'HASH'));
    await until(page, `customElements.get('text-us')`);
    t.strictSame(paths(), ['/widget/v1.js']);
    const loaded = gateway.arrival('GET', /dialog/);
    await page.press('Tab');
    await loaded;
    await open();
    t.strictSame(paths(), ['/widget/v1.js', '/widget/v1.dialog.HASH.js', '/sites/demo/form']);
  });

  t.test('a dialog that fails to load is loaded again for the same click', async (t) => {
    const stage = await show(t);
    stage.gateway.next.dialog.push({ status: 500 }, { status: 500 });
    const again = stage.gateway.arrival('GET', /dialog/);
    await stage.click('button', 'Text us');
    await again;
    await until(page, `tools.elapse('wait') || tools.find('dialog')`);
    await stage.awaits('dialog');
  });

  t.test(
    'where it cannot be loaded after four attempts, the link of the page is shown, and the author is told',
    async (t) => {
      const stage = await show(t, FALLBACK);
      stage.gateway.next.dialog.push(...Array(9).fill({ status: 500 }));
      await stage.awaits('button', 'Ask us');
      // Not by a click, whose pointer and focus load the dialog as well.
      await page.evaluate(`void document.querySelector('text-us').open()`);
      // Each attempt waits for a while, or until the browser says that it is online.
      await until(page, `(dispatchEvent(new Event('online')), tools.heard.length)`);
      t.equal(stage.gateway.received.filter(({ path }) => path.includes('dialog')).length, 4);
      t.match(await stage.events(), [{ type: 'warning', detail: { code: 'not_loaded' } }]);
      t.notOk(await stage.sees('button'));
      t.equal(await stage.focus(), `link ${LINK}`);
      await stage.click('link', LINK);
      await until(page, `location.hash === '#fallback'`);
    },
  );
}
