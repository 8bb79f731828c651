import t, { type Test } from 'tap';
import { problem } from '../support/widget/fake-gateway.ts';
import { createPageLauncher } from '../support/widget/page-launcher.ts';
import { visitorOf } from '../support/widget/visitor.ts';

const KEEPS = { attributes: 'keep-offline' };
const EMPTY = 'localStorage.length === 0';

t.test('leads kept on the device', async (t) => {
  const { launchPage } = await createPageLauncher(t);

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
  });
});
