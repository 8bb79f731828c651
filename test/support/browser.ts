import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';
import type { Test } from 'tap';

/** Our own, not the package's: its `args` switch web security off, and a test of CORS or CSP would pass falsely. */
const FLAGS = [
  '--no-sandbox',
  '--headless=new',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** A real browser that closes with the test. The first call on a machine unpacks it, which takes a few seconds. */
export async function launchBrowser(t: Test): Promise<Browser> {
  const browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: FLAGS,
    ignoreDefaultArgs: ['--headless'],
  });
  t.teardown(() => browser.close());
  return browser;
}
