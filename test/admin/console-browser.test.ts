import type { AddressInfo } from 'node:net';
import axe from 'axe-core';
import type { BrowserContextOptions, Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { adminOver, TOKEN } from '../support/admin/admin.ts';
import { launchBrowser } from '../support/browser.ts';

// A page takes axe half a second, and a loaded machine longer.
t.setTimeout(90_000);
const browser = await launchBrowser(t);

/** The rules that may find something else in another look of the same elements. The first look is held to all rules. */
const RULES_OF_LOOKS = ['color-contrast', 'link-in-text-block', 'target-size', 'scrollable-region-focusable'];
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const LOOKS: readonly (readonly [string, BrowserContextOptions])[] = [
  ['light', { colorScheme: 'light' }],
  ['dark and 360 pixels wide', { colorScheme: 'dark', viewport: { width: 360, height: 740 } }],
];
const PAGES = ['', '/leads', '/providers', '/suppressions', '/audit', '/configuration', '/nothing'];

/** The console on a socket, and a page of a browser that keeps what its console complains of. */
async function openConsole(t: Test, options: BrowserContextOptions = {}) {
  const admin = adminOver(t);
  const app = await admin.app;
  await app.listen({ host: '127.0.0.1', port: 0 });
  const base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/console`;
  const context = await browser.newContext(options);
  t.teardown(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    // The browser complains of every answer with 4xx, and there is one on purpose.
    if (message.type() === 'error' && !message.text().includes('404')) complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  return { ...admin, base, page, complaints };
}

async function logIn(page: Page, base: string): Promise<void> {
  await page.goto(`${base}/login`);
  // The browser moves the focus to the field with the first frame, which may come after the page is loaded.
  await page.locator('input[name=token]:focus').waitFor();
  await page.keyboard.type(TOKEN);
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Overview' }).waitFor();
}

async function inspect(t: Test, page: Page, state: string, more: axe.RunOptions = {}): Promise<void> {
  // The policy of the page lets no script in; a debugger's evaluation is not subject to it.
  await page.evaluate(axe.source);
  const { violations } = (await page.evaluate(
    `axe.run(${JSON.stringify({ runOnly: RULES, ...more })})`,
  )) as axe.AxeResults;
  t.strictSame(
    violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`)}`,
    ),
    [],
    `${state}: axe finds nothing`,
  );
  const [width, window] = (await page.evaluate('[document.documentElement.scrollWidth, innerWidth]')) as [
    number,
    number,
  ];
  t.equal(width, window, `${state}: the page does not scroll sideways`);
}

/** Presses the tab key until the element that the text names has the focus, as somebody without a mouse does. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let n = 0; n < 80; n += 1) {
    if (await page.evaluate(`document.activeElement.matches(${JSON.stringify(selector)})`)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`not reached by the tab key: ${selector}`);
}

for (const [look, options] of LOOKS) {
  t.test(`axe finds nothing on any page, and nothing overflows, ${look}`, async (t) => {
    const { base, page, complaints, store, operations } = await openConsole(t, options);
    await page.goto(`${base}/login`);
    await inspect(t, page, 'log-in');
    await logIn(page, base);
    const ids = [await store('parked', { question: 'Is the red one still there? '.repeat(6) })];
    for (const status of ['held', 'unknown', 'queued', 'delivered', 'rejected'] as const) ids.push(await store(status));
    await operations.suppress({ phone: '+14045551212' }, 'ada');
    const rules: axe.RunOptions = options.viewport ? { runOnly: { type: 'rule', values: RULES_OF_LOOKS } } : {};
    for (const path of [...PAGES, `/leads/${ids[0]}`]) {
      await page.goto(base + path);
      await inspect(t, page, path || 'overview', rules);
    }
    if (options.viewport) {
      // Contrast was measured on other pages, and takes seconds on this long one.
      await page.goto(`${base}/runbook`);
      await inspect(t, page, 'runbook', { rules: { 'color-contrast': { enabled: false } } });
      t.strictSame(complaints, []);
      return;
    }
    await page.goto(`${base}/leads/${ids[0]}`);
    await page.getByRole('button', { name: 'Reveal' }).click();
    await page.getByRole('heading', { name: 'in full' }).waitFor();
    await inspect(t, page, 'revealed');
    await page.getByRole('button', { name: 'release' }).click();
    await page.getByRole('button', { name: 'Send 1 lead' }).waitFor();
    await inspect(t, page, 'preview');
    await page.getByRole('button', { name: 'Send 1 lead' }).click();
    await page.getByText('were queued').waitFor();
    await inspect(t, page, 'job');
    t.strictSame(complaints, []);
  });
}

t.test('by the keyboard alone an operator logs in, finds a lead and reveals it', async (t) => {
  const { base, page, complaints, store } = await openConsole(t);
  const id = await store('parked', { question: 'Is the red one still there?' });
  await logIn(page, base);
  await tabTo(page, '.skip');
  await tabTo(page, 'nav a[href$="/leads"]');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Leads' }).waitFor();
  await tabTo(page, `a[href$="/leads/${id}"]`);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'masked' }).waitFor();
  t.notMatch(await page.content(), 'red one');
  await tabTo(page, 'form[action$="/reveal"] button');
  await page.keyboard.press('Enter');
  await page.getByText('Is the red one still there?').waitFor();
  t.strictSame(complaints, []);
});

t.test('a new lead appears on open pages without a reload, and the focus stays', async (t) => {
  const { base, page, complaints, store } = await openConsole(t);
  await logIn(page, base);
  const listening = page.waitForResponse((answer) => answer.url().endsWith('/events'));
  await page.goto(`${base}/leads`);
  await listening;
  await page.getByText('No lead').waitFor();
  await page.evaluate('window.notReloaded = true');
  await page.getByRole('textbox', { name: 'Site' }).focus();
  const id = await store('parked');
  await page.locator(`a[href$="/leads/${id}"]`).waitFor();
  t.equal(await page.evaluate('window.notReloaded'), true);
  t.equal(await page.evaluate('document.activeElement.name'), 'site');
  t.strictSame(complaints, []);
});
