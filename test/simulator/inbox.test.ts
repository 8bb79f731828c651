import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { launchBrowser } from '../support/browser.ts';
import { call, control, documentOf, LEAD, simulatorFor } from '../support/simulator/harness.ts';

t.test('the inbox loads all its files from the simulator, under a policy that allows no other source', async (t) => {
  const simulator = await simulatorFor(t);
  const page = await call(simulator.inboxUrl, '', { method: 'GET' });
  t.equal(page.status, 200);
  const policy = String(page.headers['content-security-policy']);
  t.match(policy, "default-src 'none'; script-src 'self'; style-src 'self';");
  t.notMatch(policy, 'unsafe');

  const loaded = [...page.body.toString().matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, address]) => String(address));
  t.ok(loaded.length > 5);
  for (const address of loaded) {
    t.match(address, /^\/[a-z]+\.(css|js|svg)$/, 'no address of another host');
    const file = await call(new URL(address, simulator.inboxUrl).href, '', { method: 'GET' });
    t.equal(file.status, 200, address);
    t.equal(file.headers['x-content-type-options'], 'nosniff');
    t.notMatch(file.body.toString(), /innerHTML|insertAdjacentHTML|https?:\/\/(?!www\.w3\.org)/, address);
  }
});

t.test('other paths are 404 in any spelling', async (t) => {
  const simulator = await simulatorFor(t);
  for (const path of ['login', 'inbox/inbox.js', '..%2fmain.ts', 'constructor', '%00', '%2f'])
    t.equal((await call(`${simulator.inboxUrl}${path}`, '', { method: 'GET' })).status, 404, path);
  t.equal((await call(simulator.inboxUrl, '', { method: 'POST' })).status, 404);
});

t.test('the inbox in a browser', async (t) => {
  const browser = await launchBrowser(t);

  /** A new inbox. Any console message or error of the page fails the test. */
  async function open(t: Test, viewport = { width: 1100, height: 700 }) {
    const simulator = await simulatorFor(t);
    const context = await browser.newContext({ viewport });
    t.teardown(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    page.on('console', (line) => t.fail(`the console says: ${line.text()}`));
    page.on('pageerror', (error) => t.fail(`the page throws: ${error.message}`));
    await page.goto(simulator.inboxUrl);
    await page.locator('#live[data-state=live]').waitFor();
    const arrive = async (changes: Record<string, string> = {}) => {
      await call(simulator.endpoint, documentOf({ ...LEAD, ...changes }));
    };
    return { simulator, page, arrive };
  }

  const item = (page: Page, name: string) => page.locator('#list button', { hasText: name });
  const focused = (page: Page) => page.locator(':focus');

  t.test('explains what to do while it is empty, and shows conversations as they arrive', async (t) => {
    const { page, arrive } = await open(t);
    t.ok(await page.getByText('Nothing has arrived yet').isVisible());
    await arrive();
    await item(page, "Ann O'Neil").waitFor();
    t.notOk(await page.getByText('Nothing has arrived yet').isVisible());
    await page.locator('#announce', { hasText: "New conversation from Ann O'Neil" }).waitFor({ state: 'attached' });
    const details = await page.locator('#details').textContent();
    for (const part of ["Ann O'Neil", '+1 (404) 555-1212', 'Is it still available?', 'Make', 'Honda', '1659'])
      t.match(details, part);
    await page.locator('#details', { hasText: /Took\s*\d+ ms/ }).waitFor();

    await arrive({ ConsumerFirstName: 'Bo', ConsumerPhoneNumber: '4045552030' });
    await item(page, 'Bo').waitFor();
    t.match(
      await page.locator('#list li').first().textContent(),
      /Bo[\s\S]*503[\s\S]*not opened/,
      'the newest is first',
    );
    t.equal(await page.locator('#details h2').textContent(), "Ann O'Neil", 'the selected conversation stays selected');
  });

  t.test('can be used with the keyboard alone', async (t) => {
    const { page, arrive } = await open(t);
    for (const name of ['One', 'Two', 'Three']) await arrive({ ConsumerFirstName: name });
    await item(page, 'Three').waitFor();

    await page.keyboard.press('Tab');
    t.equal(await focused(page).textContent(), 'Skip to the conversation');
    await page.keyboard.press('Enter');
    t.equal(await focused(page).getAttribute('id'), 'details');
    t.not(await focused(page).evaluate('getComputedStyle(document.activeElement).outlineStyle'), 'none');

    await item(page, 'Three').focus();
    const moves = [
      ['ArrowDown', 'Two'],
      ['End', 'One'],
      ['ArrowDown', 'One'],
      ['ArrowUp', 'Two'],
      ['Home', 'Three'],
    ] as const;
    for (const [key, name] of moves) {
      await page.keyboard.press(key);
      t.match(await focused(page).textContent(), name, `${key} moves to ${name}`);
      t.match(await page.locator('#details h2').textContent(), name, 'and shows it');
      t.equal(await page.locator('#list [tabindex="0"]').count(), 1, 'one item is in the tab order');
    }
    await arrive({ ConsumerFirstName: 'Four' });
    await item(page, 'Four').waitFor();
    t.match(await focused(page).textContent(), 'Three', 'an arrival does not move the focus');
    await page.keyboard.press('Enter');
    t.equal(await focused(page).getAttribute('id'), 'details', 'Enter opens');
    await page.keyboard.press('Escape');
    t.match(await focused(page).textContent(), 'Three', 'Escape goes back');
  });

  t.test('shows hostile text as text', async (t) => {
    const { page, arrive } = await open(t);
    const name = '<img src=x onerror="document.title=1">';
    const question = '</p><script>document.title=2</script>&lt;b&gt;';
    await arrive({ ConsumerFirstName: name, ConsumerLastName: '', ConsumerQuestion: question });
    await item(page, '<img').waitFor();
    t.equal(await page.locator('#details h2').textContent(), name);
    t.equal(await page.locator('.bubble').textContent(), question);
    t.equal(await page.locator('#list img, #details img, #details script').count(), 0);
    t.equal(await page.title(), 'Conversations');
  });

  t.test('orders the answers to the next calls', async (t) => {
    const { simulator, page, arrive } = await open(t);
    await page.locator('#panel summary').click();
    await page.selectOption('#fault', '429_seconds');
    t.match(await page.locator('#hint').textContent(), /not got the lead.*404\s555\s2028/s);
    await page.locator('#count').fill('2');
    await page.locator('#queue').click();
    await page.locator('#plan', { hasText: '429_seconds × 2, then delivered' }).waitFor();
    t.match((await control(simulator, 'GET', '/control')).told, { queue: [{ fault: '429_seconds', count: 2 }] });
    await arrive();
    await page.locator('#plan', { hasText: /^429_seconds, then delivered/ }).waitFor();
    await page.locator('#normal').click();
    await page.locator('#plan', { hasText: 'All calls: delivered' }).waitFor();
    await page.locator('#plan').press('Escape');
    t.notOk(await page.locator('#orders').isVisible());

    await page.locator('#empty-inbox').click();
    await page.getByText('Nothing has arrived yet').waitFor();
  });

  t.test('reconnects to a restarted simulator and drops the messages of the old one', async (t) => {
    const context = await browser.newContext();
    t.teardown(() => context.close());
    const page = await context.newPage();
    const before = await simulatorFor(t, { now: () => 1 });
    await page.goto(before.inboxUrl);
    await call(before.endpoint, documentOf(LEAD));
    await item(page, 'Ann').waitFor();
    await before.close();
    await page.locator('#live', { hasText: 'Reconnecting' }).waitFor();

    const after = await simulatorFor(t, { now: () => 2, port: Number(new URL(before.endpoint).port) });
    await call(after.endpoint, documentOf({ ...LEAD, ConsumerFirstName: 'Bo' }));
    await item(page, 'Bo').waitFor();
    t.equal(await page.locator('#list li').count(), 1);
    await page.locator('#live[data-state=live]').waitFor();
  });

  t.test('fits 320 pixels: the list, a conversation and a way back', async (t) => {
    const { page, arrive } = await open(t, { width: 320, height: 600 });
    await arrive({ ConsumerQuestion: 'x'.repeat(500), ListingDetails: `${'n'.repeat(60)}: ${'y'.repeat(250)}` });
    await item(page, 'Ann').click();
    t.notOk(await page.locator('#list').isVisible());
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), 320, 'nothing overflows');
    await page.getByRole('button', { name: 'All conversations' }).click();
    t.ok(await page.locator('#list').isVisible());
    t.match(await focused(page).textContent(), 'Ann');
    t.equal(await page.evaluate('document.documentElement.scrollWidth'), 320);
  });
});
