import type { Page } from 'playwright-core';
import t, { type Test } from 'tap';
import { problem, type Reply } from '../support/widget/fake-gateway.ts';
import { createPageLauncher } from '../support/widget/page-launcher.ts';
import { visitorOf } from '../support/widget/visitor.ts';

const KEEPS = { attributes: 'keep-offline' };
const EMPTY = 'localStorage.length === 0';

/** What the device holds of leads. */
function stored(page: Page): Promise<string[]> {
  return page.evaluate('Object.keys(localStorage)');
}

const SIX_FAULTS = Array<Reply>(6).fill('reset');

t.test('leads kept on the device', async (t) => {
  const { launchPage, launchTimedPage } = await createPageLauncher(t);

  t.test('a lead that is kept while there is no connection', async (t) => {
    async function keptOffline(t: Test) {
      const stage = await launchPage(t, KEEPS);
      const visitor = visitorOf(stage.page);
      await visitor.open();
      await stage.context.setOffline(true);
      await visitor.phone.fill('(404) 555-1212');
      await visitor.send.click();
      await visitor.status.getByText('Your message is kept on this device and will be sent when').waitFor();
      return { ...stage, visitor };
    }

    t.test('is sent once when the connection is back, and is removed from the device', async (t) => {
      const { gateway, visitor, context, page } = await keptOffline(t);
      t.match(await stored(page), [/^text-us:\d+(-\d+){3}$/]);
      await context.setOffline(false);
      await visitor.reads('Message sent');
      await page.waitForFunction(EMPTY);
      t.equal(gateway.posts().length, 1);
    });

    t.test('is sent once after the page was left, under its key and with a new token', async (t) => {
      const { gateway, context, page, url } = await keptOffline(t);
      const [name] = await stored(page);
      await page.close();
      await context.setOffline(false);
      const next = await context.newPage();
      await next.goto(url);
      await next.waitForFunction(EMPTY);
      // The browser may still send what the closed page had begun; the key makes both the same lead.
      const keys = new Set(gateway.posts().map(({ headers }) => `text-us:${headers['idempotency-key']}`));
      t.strictSame([...keys], [name]);
      t.equal(gateway.posts().at(-1)?.body.formToken, 'token-2');
      t.match(await next.evaluate('heard'), [{ type: 'success', detail: { id: 'cnv_1', status: 'delivered' } }]);
    });

    t.test('is sent once, although several tabs are open', async (t) => {
      const { gateway, context, page, url } = await keptOffline(t);
      await context.setOffline(false);
      await page.waitForFunction(EMPTY);
      t.equal(gateway.posts().length, 1);

      gateway.next.post.push('hang', 'hang', 'hang', 'hang');
      const visitor = visitorOf(page);
      await visitor.dialog.getByText('Close', { exact: true }).click();
      const sent = gateway.arrival('POST', /conversations/);
      await visitor.ask('(404) 555-1213');
      await sent;
      const tabs = await Promise.all([context.newPage(), context.newPage()]);
      await Promise.all(tabs.map((tab) => tab.goto(url)));
      for (const tab of tabs)
        await tab.waitForFunction(
          'customElements.get("text-us") && navigator.locks.query().then(({ held }) => held.length === 1)',
        );
      t.equal(gateway.posts().length, 2, 'others leave it to the tab that sends it');
    });

    t.test('stays the same lead when the page is reloaded while it is being sent', async (t) => {
      const { gateway, page } = await launchPage(t, KEEPS);
      gateway.next.post.push('hang');
      const first = gateway.arrival('POST', /conversations/);
      await visitorOf(page).ask();
      await first;
      await page.reload();
      await page.waitForFunction(EMPTY);
      t.equal(gateway.posts().length, 2);
      t.equal(new Set(gateway.posts().map(({ headers }) => headers['idempotency-key'])).size, 1);
      t.equal(gateway.leads.size, 1);
    });

    t.test('is removed after a final refusal or a stop, and kept after a rate limit', async (t) => {
      const { gateway, page, visitor, context } = await keptOffline(t);
      gateway.next.post.push(problem(429, 'rate_limited', [], { 'retry-after': '60' }));
      await context.setOffline(false);
      await visitor.alert.getByText('Please try again in 1 minute.').waitFor();
      t.equal((await stored(page)).length, 1);

      gateway.next.post.push(problem(422, 'invalid_phone', ['/consumer/phone']));
      await page.reload();
      await page.waitForFunction(EMPTY);
      t.match(await page.evaluate('heard'), [{ type: 'error', detail: { code: 'invalid_phone' } }]);

      gateway.next.post.push('hang');
      const sent = gateway.arrival('POST', /conversations/);
      await visitor.ask();
      await sent;
      t.equal((await stored(page)).length, 1);
      await page.getByText('Cancel', { exact: true }).click();
      await page.waitForFunction(EMPTY);
    });

    t.test('is sent again every minute while the browser reports to be online', async (t) => {
      const { gateway, page, url, context } = await keptOffline(t);
      await page.close();
      await context.setOffline(false);
      gateway.next.post.push(problem(429, 'rate_limited'));
      const next = await context.newPage();
      await next.clock.install();
      const first = gateway.arrival('POST', /conversations/);
      await next.goto(url);
      await first;
      await next.waitForFunction('navigator.locks.query().then(({ held }) => held.length === 0)');
      await next.clock.runFor(61_000);
      await next.waitForFunction(EMPTY);
      t.equal(gateway.posts().length, 2);
    });

    t.test(
      'is not touched if it belongs to another gateway, and removed if it is a week old or unreadable',
      async (t) => {
        const { gateway, page } = await launchPage(t, KEEPS);
        await page.evaluate(`
      const put = (key, base, at) =>
        localStorage.setItem('text-us:' + key, JSON.stringify({ at, lead: { key, base, body: { site: 'demo' }, trap: '' } }));
      put('other', 'https://other.example/', Date.now());
      put('old', '${gateway.url}', Date.now() - 7 * 86400000);
      localStorage.setItem('text-us:broken', '{');
      localStorage.setItem('mine', 'of the page');
    `);
        await page.reload();
        await page.waitForFunction('localStorage.length === 2');
        t.strictSame((await stored(page)).sort(), ['mine', 'text-us:other']);
        t.strictSame(gateway.posts(), []);
      },
    );

    t.test('without storage waits in the page, and the visitor is informed', async (t) => {
      const { gateway, page, context } = await launchPage(t, KEEPS);
      await page.evaluate('Storage.prototype.setItem = () => { throw new Error("full"); }');
      const visitor = visitorOf(page);
      await visitor.open();
      await context.setOffline(true);
      await visitor.phone.fill('(404) 555-1212');
      await visitor.send.click();
      await visitor.status.getByText('Please keep this page open.').waitFor();
      await context.setOffline(false);
      await visitor.reads('Message sent');
      t.equal(gateway.posts().length, 1);
    });
  });

  t.test('the message about a kept lead is true', async (t) => {
    t.test('if the lead could not be stored, the message does not say that it is kept', async (t) => {
      const { page, visitor, passAll } = await launchTimedPage(t, SIX_FAULTS, KEEPS);
      await page.evaluate('Storage.prototype.setItem = () => { throw new Error("full"); }');
      await visitor.ask();
      await passAll();
      await visitor.alert.getByText('Your message is not sent yet.').waitFor();
      t.equal(await page.evaluate('localStorage.length'), 0);
    });

    t.test('the lead is sent again after six failures, without an event about the connection', async (t) => {
      const { gateway, page, visitor, passAll, wait } = await launchTimedPage(t, SIX_FAULTS, KEEPS);
      // Its minutes are counted from when it comes into the page.
      await page.evaluate(`document.body.append(document.querySelector('text-us'))`);
      await visitor.ask();
      await passAll();
      await visitor.alert.getByText('is kept on this device and will be sent').waitFor();
      t.equal(gateway.posts().length, 6);
      await wait(60);
      await visitor.reads('Message sent');
      t.equal(gateway.leads.size, 1);
      await page.waitForFunction('localStorage.length === 0');
    });

    t.test('a corrected lead replaces the kept one', async (t) => {
      const { gateway, page, visitor, passAll } = await launchTimedPage(t, SIX_FAULTS, KEEPS);
      await visitor.ask();
      await passAll();
      await visitor.alert.getByText('is kept on this device').waitFor();
      await visitor.fill({ question: 'Is it still here?' });
      await visitor.send.click();
      await visitor.reads('Message sent');
      t.equal(await page.evaluate('localStorage.length'), 0);
      t.strictSame(
        [...gateway.leads.values()].map(({ body }) => (body.consumer as { question?: string }).question),
        ['Is it still here?'],
      );
    });

    t.test('on a page without storage and locks the lead waits in the page', async (t) => {
      const { gateway, page, context } = await launchPage(t, {
        ...KEEPS,
        policy: 'sandbox allow-scripts allow-forms',
      });
      const visitor = visitorOf(page);
      await visitor.open();
      await context.setOffline(true);
      await visitor.phone.fill('(404) 555-1212');
      await visitor.send.click();
      await visitor.status.getByText('Please keep this page open.').waitFor();
      await context.setOffline(false);
      await visitor.reads('Message sent');
      t.equal(gateway.posts().length, 1);
    });
  });
});
