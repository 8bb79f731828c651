import type { Test } from 'tap';
import { testApp } from '../../http/app.ts';
import { PAGE_CONTRASTS } from '../contrast.ts';
import { FULL_SITE } from '../full-form.ts';
import { LATE_TOOLS } from '../page-tools.ts';
import { type TestBrowser, until } from '../stage.ts';
import { findNoPaleColours, showFullForm, throughAllStates } from './states.ts';

/** Whether the dialog's text is lighter than what is behind it. */
const IS_DARK = `(({ color, backgroundColor }) => {
  const canvas = document.createElement('canvas').getContext('2d');
  const light = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data.slice(0, 3).reduce((sum, byte) => sum + byte, 0);
  };
  return light(color) > light(backgroundColor);
})(getComputedStyle(tools.find('dialog')))`;

/** In a browser whose visitor prefers dark pages: the button and the pages of the gateway follow where they should. */
export function checkDark(t: Test, browser: TestBrowser): void {
  const { page } = browser;

  t.test('a button that follows the visitor is dark, and nothing in it pale in any state', async (t) => {
    const stage = await showFullForm(t, browser, { attributes: 'theme="auto"' });
    t.ok(await page.evaluate(`matchMedia('(prefers-color-scheme: dark)').matches`), 'the browser prefers dark pages');
    await throughAllStates(stage, async (state) => {
      if (state === 'form') t.ok(await page.evaluate(IS_DARK));
      await findNoPaleColours(t, page, state);
    });
  });

  t.test('a button on a page that is light whatever visitors prefer is light', async (t) => {
    const stage = await browser.show(t);
    await stage.open();
    t.notOk(await page.evaluate(IS_DARK));
  });

  t.test('nothing is pale on the form page of a site and its answers, dark and light', async (t) =>
    throughTextPage(t, browser, async (state) => {
      for (const scheme of ['', 'light']) {
        await page.evaluate(`void (document.documentElement.style.colorScheme = '${scheme}')`);
        await findNoPaleColours(t, page, `${state} ${scheme}`, PAGE_CONTRASTS);
      }
    }),
  );
}

/**
 * In a browser with the few colours that a visitor has chosen. Chromium and Firefox have this; WebKitGTK has no setting for it,
 * and `forced-colors` never matches there.
 */
export function checkForcedColours(t: Test, browser: TestBrowser): void {
  const { page } = browser;

  t.test('in forced colours texts, borders and drawings of every state stand out', async (t) => {
    const stage = await showFullForm(t, browser);
    t.ok(await page.evaluate(`matchMedia('(forced-colors: active)').matches`), 'the browser forces colours');
    await throughAllStates(stage, async (state) => findNoPaleColours(t, page, state));
  });

  t.test('in forced colours the form page of a site and its answers stand out', async (t) =>
    throughTextPage(t, browser, async (state) => findNoPaleColours(t, page, state, PAGE_CONTRASTS)),
  );
}

/** Brings the form page of a site that uses every option through its states. */
async function throughTextPage(t: Test, { page }: TestBrowser, look: (state: string) => Promise<void>): Promise<void> {
  const { listen } = await testApp(t, { settings: { sites: new Map([['demo', FULL_SITE]]) } });
  await page.goto(`http://127.0.0.1:${await listen()}/sites/demo/text`);
  const send = (phone: string) =>
    page.evaluate(`(() => {
      document.querySelector('#phone').value = '${phone}';
      document.querySelector('#consent').checked = true;
      document.querySelector('form button').click();
    })()`);
  const reach = async (state: string, isReached: string): Promise<void> => {
    await until(page, `document.readyState === 'complete' && ${isReached}`);
    await page.evaluate(LATE_TOOLS);
    await look(state);
  };
  await reach('the form', `document.querySelector('form')`);
  await send('12');
  await reach('a refusal', `document.querySelector('[role=alert]')`);
  await send('(404) 555-1212');
  await reach('the answer', `!document.querySelector('form')`);
}
