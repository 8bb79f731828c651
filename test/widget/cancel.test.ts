import { createChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/sha';
import type { Page } from 'playwright-core';
import t from 'tap';
import { problem } from './support/fake-gateway.ts';
import { openTheatre, setStage } from './support/stage.ts';
import { setTimedStage } from './support/timed.ts';
import { visitorOf } from './support/visitor.ts';

const cancel = (page: Page) => page.getByText('Cancel', { exact: true });

/** Part of the button that has the focus; null where the page has it. */
function focused(page: Page): Promise<string | null> {
  return page.evaluate(`document.activeElement.shadowRoot?.activeElement?.getAttribute('part') ?? null`);
}

t.test('a lead that the visitor stops', async (t) => {
  const theatre = await openTheatre(t);

  t.test('is told of honestly, and sent again as the same lead', async (t) => {
    const { gateway, visitor, wait, page } = await setTimedStage(t, theatre, ['hang']);
    const first = gateway.arrival('POST', /conversations/);
    await visitor.ask();
    await first;
    await cancel(page).click();
    await visitor.alert.getByText('Stopped. Your message may already have reached us').waitFor();
    await wait(60);
    t.equal(gateway.posts().length, 1, 'no call follows');
    await visitor.send.click();
    await visitor.reads('Message sent');
    t.equal(new Set(gateway.posts().map(({ headers }) => headers['idempotency-key'])).size, 1);
  });

  t.test('while it waits for its form or its solver is stopped at once, and sent by the next click', async (t) => {
    const { gateway, page, visitor, wait, pass } = await setTimedStage(t, theatre, [problem(422, 'proof_required')]);
    const challenge = await createChallenge({ algorithm: 'SHA-256', cost: 1, counter: 100, deriveKey });
    await visitor.open();
    gateway.form = { ...gateway.form, challenge };
    await visitor.phone.fill('(404) 555-1212');
    for (const [queue, path] of [
      ['form', /form$/],
      ['widget', /proof/],
    ] as const) {
      gateway.next[queue].push('hang');
      const asked = gateway.arrival('GET', path);
      await visitor.send.click();
      await asked;
      await cancel(page).click();
      await visitor.alert.getByText('Stopped.').waitFor();
    }
    await visitor.send.click();
    // Until the solver that never comes is given up.
    await wait(10);
    await pass(2);
    await visitor.reads('Message sent');
    t.equal(gateway.posts().length, 2);
    t.type(gateway.posts()[1]?.body.proof, 'string');
  });

  t.test('while its proof is worked on is sent by the next click', async (t) => {
    const { gateway, page, context } = await setStage(t, theatre);
    const challenge = await createChallenge({ algorithm: 'SHA-256', cost: 1, counter: 300_000, deriveKey });
    gateway.form = { ...gateway.form, challenge };
    const visitor = visitorOf(page);
    // Offline it has no form from the dialog's opening: the form and its proof are the submission's own.
    await context.setOffline(true);
    await visitor.open();
    await visitor.phone.fill('(404) 555-1212');
    await visitor.send.click();
    await visitor.status.getByText('No connection.').waitFor();
    const solver = gateway.arrival('GET', /proof/);
    await context.setOffline(false);
    await solver;
    await cancel(page).click();
    await visitor.alert.getByText('Stopped.').waitFor();
    t.strictSame(gateway.posts(), []);
    await visitor.send.click();
    await visitor.reads('Message sent');
    t.equal(gateway.posts().length, 1);
  });

  t.test('while another tab sends it is stopped here', async (t) => {
    const { page } = await setStage(t, theatre, { attributes: 'keep-offline' });
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
    await cancel(page).click();
    await visitor.alert.getByText('Stopped.').waitFor();
    t.equal(await cancel(page).isVisible(), false);
  });

  t.test('leaves the focus on the button that sends it, however that ends', async (t) => {
    const { gateway, page } = await setStage(t, theatre);
    const visitor = visitorOf(page);
    gateway.next.post.push('hang', 'hang');
    await visitor.ask();
    await page.keyboard.press('Tab');
    t.equal(await focused(page), 'cancel');
    await page.keyboard.press('Enter');
    await visitor.alert.getByText('Stopped.').waitFor();
    t.equal(await focused(page), 'submit', 'pressed');

    gateway.next.post.length = 0;
    let refuse = () => {};
    await page.route('**/conversations', async (route) => {
      await new Promise<void>((resolve) => {
        refuse = resolve;
      });
      await route.fulfill({
        status: 429,
        headers: { 'access-control-allow-origin': '*' },
        json: { code: 'rate_limited' },
      });
    });
    const asked = page.waitForRequest('**/conversations');
    await visitor.send.click();
    await asked;
    await page.keyboard.press('Tab');
    t.equal(await focused(page), 'cancel');
    refuse();
    await visitor.alert.getByText('Too many tries.').waitFor();
    t.equal(await focused(page), 'submit', 'gone by itself');
  });
});
