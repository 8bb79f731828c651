import { createChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/sha';
import type { CDPSession, Page } from 'playwright-core';
import t from 'tap';
import { createPageLauncher } from '../support/widget/page-launcher.ts';
import { visitorOf } from '../support/widget/visitor.ts';

const ROUNDS = 100;
const COLLECTIONS = 50;

/** Mounts, opens, closes and removes a button so many times. */
function mount(page: Page, times: number): Promise<void> {
  return page.evaluate(async (count) => {
    for (let i = 0; i < count; i++) {
      const button = document.createElement('text-us');
      button.setAttribute('site', 'demo');
      button.setAttribute('keep-offline', '');
      document.body.append(button);
      await button.open();
      button.listing = { round: i, padding: 'x'.repeat(10_000) };
      button.remove();
    }
  }, times);
}

type Weight = Record<'Nodes' | 'JSEventListeners' | 'JSHeapUsedSize', number>;

async function weigh(cdp: CDPSession): Promise<Weight> {
  await cdp.send('HeapProfiler.collectGarbage');
  const { metrics } = await cdp.send('Performance.getMetrics');
  const of = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
  return { Nodes: of('Nodes'), JSEventListeners: of('JSEventListeners'), JSHeapUsedSize: of('JSHeapUsedSize') };
}

/** Collects until the weight is at most this, or until that has been tried so often. A browser frees the last elements late. */
async function shed(cdp: CDPSession, page: Page, { Nodes, JSEventListeners }: Weight): Promise<Weight> {
  for (let round = 1; ; round++) {
    const now = await weigh(cdp);
    if ((now.Nodes <= Nodes && now.JSEventListeners <= JSEventListeners) || round === COLLECTIONS) return now;
    await page.evaluate('new Promise((resolve) => requestIdleCallback(resolve))');
  }
}

t.test('the life of a button', async (t) => {
  const { launchPage, launchTimedPage } = await createPageLauncher(t);

  t.test('in an application that mounts and navigates', async (t) => {
    t.test('a hundred removed buttons leave nothing behind', async (t) => {
      const { page, context, complaints } = await launchPage(t);
      const cdp = await context.newCDPSession(page);
      await cdp.send('Performance.enable');
      const empty = await weigh(cdp);
      // What the browser makes once and keeps.
      await mount(page, 5);
      const before = await shed(cdp, page, empty);
      await mount(page, ROUNDS);
      const after = await shed(cdp, page, before);
      t.ok(after.Nodes <= before.Nodes, `nodes: ${before.Nodes}, then ${after.Nodes}`);
      t.ok(
        after.JSEventListeners <= before.JSEventListeners,
        `listeners: ${before.JSEventListeners}, then ${after.JSEventListeners}`,
      );
      const grown = after.JSHeapUsedSize - before.JSHeapUsedSize;
      t.ok(grown < 400_000, `the heap grew by ${grown} bytes; the buttons held ${ROUNDS * 10_000}`);
      t.strictSame(complaints, []);
    });

    t.test('a moved button keeps working, and opens once per click', async (t) => {
      const { gateway, page, events } = await launchPage(t);
      await page.evaluate(`for (let i = 0; i < 10; i++) document.body.append(document.querySelector('text-us'))`);
      const visitor = visitorOf(page);
      await visitor.open();
      t.equal((await events()).length, 1);
      t.equal(gateway.received.filter(({ path }) => path.endsWith('/form')).length, 1);
      await page.evaluate(`document.body.prepend(document.querySelector('text-us'))`);
      await visitor.dialog.waitFor({ state: 'hidden' });
      await visitor.ask();
      await visitor.reads('Message sent');
      t.equal(gateway.posts()[0]?.body.formToken, 'token-2', 'a token is of one stay on the page');
    });

    t.test('a running submission continues when its button is removed', async (t) => {
      const { gateway, page } = await launchPage(t);
      gateway.form = { ...gateway.form, minFillS: 1 };
      const sent = gateway.arrival('POST', /conversations/);
      await visitorOf(page).ask();
      await page.evaluate(`document.querySelector('text-us').remove()`);
      await sent;
      t.equal(gateway.posts().length, 1);
    });

    t.test('a lead names the current page, without its fragment', async (t) => {
      const { gateway, page, url } = await launchPage(t);
      await page.evaluate(`
      history.pushState({}, '', '/inventory/2?color=blue#photos');
      document.title = '${'🚗'.repeat(300)}';
    `);
      const visitor = visitorOf(page);
      await visitor.ask();
      await visitor.reads('Message sent');
      t.strictSame(gateway.posts()[0]?.body.page, {
        url: new URL('/inventory/2?color=blue', url).href,
        title: '🚗'.repeat(256),
      });
    });

    t.test('a lead that waited for the connection leaves no listener behind', async (t) => {
      const { visitor, context, page, wait } = await launchTimedPage(t, []);
      const cdp = await context.newCDPSession(page);
      const listeners = async (): Promise<number> => {
        const { result } = await cdp.send('Runtime.evaluate', { expression: 'window' });
        return (await cdp.send('DOMDebugger.getEventListeners', { objectId: String(result.objectId) })).listeners
          .length;
      };
      await visitor.open();
      // The half second that a click waits for its form has its own listener; only later listeners count.
      await wait(1);
      const before = await listeners();
      await context.setOffline(true);
      await visitor.phone.fill('(404) 555-1212');
      await visitor.send.click();
      await visitor.status.getByText('No connection.').waitFor();
      await page.waitForFunction('waits === 1');
      t.equal(await listeners(), before + 1);
      await context.setOffline(false);
      await visitor.reads('Message sent');
      t.equal(await listeners(), before);
    });

    t.test('a lead that is stopped while its proof is computed is sent by the next click', async (t) => {
      const { gateway, page, context } = await launchPage(t);
      const challenge = await createChallenge({ algorithm: 'SHA-256', cost: 1, counter: 300_000, deriveKey });
      gateway.form = { ...gateway.form, challenge };
      const visitor = visitorOf(page);
      // It has no form from the dialog's opening: the form and its proof are the submission's own.
      gateway.next.form.push({ status: 503 });
      await visitor.open();
      await context.setOffline(true);
      await visitor.phone.fill('(404) 555-1212');
      await visitor.send.click();
      await visitor.status.getByText('No connection.').waitFor();
      const solver = gateway.arrival('GET', /proof/);
      await context.setOffline(false);
      await solver;
      await page.getByText('Cancel', { exact: true }).click();
      await visitor.alert.getByText('Stopped.').waitFor();
      t.strictSame(gateway.posts(), []);
      await visitor.send.click();
      await visitor.reads('Message sent');
      t.equal(gateway.posts().length, 1);
    });

    t.test('a lead that is stopped while another tab sends it is stopped in this tab', async (t) => {
      const { page } = await launchPage(t, { attributes: 'keep-offline' });
      const visitor = visitorOf(page);
      await page.evaluate(`{
      const request = navigator.locks.request.bind(navigator.locks);
      navigator.locks.request = async (name, ...rest) => {
        window.name = name;
        await new Promise((held) => request(name, () => (held(), new Promise(() => {}))));
        return request(name, ...rest);
      };
    }`);
      await visitor.ask();
      await page.waitForFunction('navigator.locks.query().then(({ pending }) => pending.length === 1)');
      const cancel = page.getByText('Cancel', { exact: true });
      await cancel.click();
      await visitor.alert.getByText('Stopped.').waitFor();
      t.equal(await cancel.isVisible(), false);
    });

    t.test('two buttons on a page are two forms', async (t) => {
      const { gateway, page } = await launchPage(t, { attributes: 'id="one" advertiser-id="1"' });
      await page.evaluate(`{
      const two = document.querySelector('#one').cloneNode();
      two.id = 'two';
      two.advertiserId = '2';
      document.body.append(two);
    }`);
      const [one, two] = [visitorOf(page, '#one'), visitorOf(page, '#two')];
      await one.open();
      await one.phone.fill('404 of one');
      await page.keyboard.press('Escape');
      await two.open();
      t.equal(await two.phone.inputValue(), '');
      await two.phone.fill('404 of two');
      await two.send.click();
      await two.reads('Message sent');
      await page.keyboard.press('Escape');
      await one.open();
      await one.send.click();
      await one.reads('Message sent');
      t.strictSame(
        gateway.posts().map(({ body }) => [body.advertiserId, (body.consumer as { phone: string }).phone]),
        [
          ['2', '404 of two'],
          ['1', '404 of one'],
        ],
      );
    });

    t.test('a page that loads the script twice has one button', async (t) => {
      const { gateway, page, complaints } = await launchPage(t);
      await page.evaluate(`import('${gateway.url}widget/v1.js?again')`);
      await visitorOf(page).open();
      t.strictSame(complaints, []);
    });
  });

  t.test('on a slow connection the dialog does not wait for the form', async (t) => {
    const { gateway, page } = await launchPage(t);
    gateway.next.form.push('hang');
    const visitor = visitorOf(page);
    await visitor.open();
    t.ok(await visitor.phone.evaluate((element) => element.matches(':focus')));
    t.equal(await visitor.button.getAttribute('aria-busy'), null);
  });
});
