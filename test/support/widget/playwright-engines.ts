import { existsSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { firefox as playwright } from 'playwright-firefox';
import { launchBrowser } from '../browser.ts';
import { type BrowserPage, type Engine, USUAL_SIZE } from './browser-page.ts';

const FIREFOX = ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find((file) => existsSync(file));

/** The preferences keep Firefox from drawing scroll bars that take space, and from loading icons that pages do not name. */
const PREFERENCES = {
  'ui.prefersReducedMotion': 1,
  'ui.useOverlayScrollbars': 1,
  'widget.gtk.overlay-scrollbars.enabled': true,
  'browser.chrome.site_icons': false,
};

/** Playwright's own options for these looks have no effect in the stock Firefox. */
const LOOKS = {
  light: {},
  dark: { 'ui.systemUsesDarkTheme': 1, 'layout.css.prefers-color-scheme.content-override': 0 },
  'forced colours': { 'browser.display.document_color_use': 2, 'ui.useAccessibilityTheme': 1 },
};

export const CHROMIUM_ENGINE: Engine = {
  name: 'Chromium',
  missing: false,
  looks: ['light', 'dark', 'forced colours'],
  async launch(t, look = 'light') {
    const browser = await launchBrowser(t);
    const page = await browser.newPage({
      viewport: USUAL_SIZE,
      reducedMotion: 'reduce',
      colorScheme: look === 'dark' ? 'dark' : 'light',
      forcedColors: look === 'forced colours' ? 'active' : 'none',
    });
    return drive(page);
  },
};

/** The stock Firefox, driven by Playwright over WebDriver BiDi. */
export const FIREFOX_ENGINE: Engine = {
  name: 'Firefox',
  missing: FIREFOX === undefined && 'no Firefox on this machine: apt-get install firefox-esr',
  looks: ['light', 'dark', 'forced colours'],
  async launch(t, look = 'light') {
    const browser = await playwright.launch({
      channel: 'moz-firefox',
      executablePath: FIREFOX ?? '',
      firefoxUserPrefs: { ...PREFERENCES, ...LOOKS[look] },
    });
    t.teardown(() => browser.close());
    return drive(await browser.newPage({ viewport: USUAL_SIZE }));
  },
};

/** What both releases of Playwright have in common. */
type DrivenPage = Pick<Page, 'keyboard' | 'mouse' | 'setViewportSize'> & {
  screenshot(): Promise<Buffer>;
  goto(url: string): Promise<unknown>;
  evaluate<T>(expression: string): Promise<T>;
};

function drive(page: DrivenPage): BrowserPage {
  let size = USUAL_SIZE;
  return {
    async goto(url, { width, height } = USUAL_SIZE) {
      if (width !== size.width || height !== size.height) await page.setViewportSize({ width, height });
      size = { width, height };
      await page.goto(url);
    },
    evaluate: (expression) => page.evaluate(expression),
    click: (x, y) => page.mouse.click(x, y),
    async drag(from, to) {
      await page.mouse.move(...from);
      await page.mouse.down();
      await page.mouse.move(...to, { steps: 3 });
      await page.mouse.up();
    },
    async wheel(x, y) {
      await page.mouse.move(x, y);
      await page.mouse.wheel(0, 300);
    },
    screenshot: () => page.screenshot(),
    type: (text) => page.keyboard.type(text),
    press: (key, modifier) => page.keyboard.press(modifier ? `${modifier}+${key}` : key),
    // Playwright's own never ends for a page that is kept in memory.
    back: () => page.evaluate<void>('void setTimeout(() => history.back())'),
  };
}
