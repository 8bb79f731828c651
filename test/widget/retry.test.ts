import { createChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/sha';
import type { Page } from 'playwright-core';
import t from 'tap';
import { delivered, problem, type Reply } from '../support/widget/fake-gateway.ts';
import { createPageLauncher } from '../support/widget/page-launcher.ts';
import { visitorOf } from '../support/widget/visitor.ts';

const cancel = (page: Page) => page.getByText('Cancel', { exact: true });

/** Part of the button that has the focus; null where the page has it. */
function focused(page: Page): Promise<string | null> {
  return page.evaluate(`document.activeElement.shadowRoot?.activeElement?.getAttribute('part') ?? null`);
}

t.test('retries and cancelling', async (t) => {
  const { launchPage, launchTimedPage } = await createPageLauncher(t);

  t.test('a lead on a bad connection', async (t) => {
    const keysOf = (posts: readonly { headers: Record<string, unknown> }[]) => [
      ...new Set(posts.map(({ headers }) => headers['idempotency-key'])),
    ];

    t.test('that gets no answer for ten seconds is sent again under the same key', async (t) => {
      const { gateway, visitor, wait, pass } = await launchTimedPage(t, ['hang', delivered()]);
      const first = gateway.arrival('POST', /conversations/);
      await visitor.ask();
      await first;
      t.equal(await visitor.status.textContent(), 'Sending…');
      await wait(10);
      await visitor.status.getByText('The connection is slow. We keep trying…').waitFor();
      await pass(2);
      await visitor.reads('Message sent');
      t.equal(gateway.posts().length, 2);
      t.equal(keysOf(gateway.posts()).length, 1);
    });

    t.test(
      'is sent again after a broken connection, an error of the gateway, and while its first call still runs',
      async (t) => {
        const faults: Reply[] = [
          'reset',
          problem(500, 'internal_error'),
          problem(409, 'idempotency_in_progress'),
          problem(408, 'request_timeout'),
        ];
        const { gateway, visitor, pass } = await launchTimedPage(t, [...faults, delivered()]);
        await visitor.ask();
        for (const seconds of [2, 3, 5, 10]) await pass(seconds);
        await visitor.reads('Message sent');
        t.equal(gateway.posts().length, 5);
        t.equal(keysOf(gateway.posts()).length, 1);
        t.equal(gateway.leads.size, 1);
      },
    );

    t.test('waits as long as the gateway asks for', async (t) => {
      const { gateway, visitor, wait, pass } = await launchTimedPage(t, [
        problem(503, 'overloaded', [], { 'retry-after': '20' }),
        delivered(),
      ]);
      await visitor.ask();
      await pass(18);
      t.equal(gateway.posts().length, 1);
      await wait(3);
      await visitor.reads('Message sent');
    });

    t.test('is given up after six calls, and keeps the typed values and the key', async (t) => {
      const { gateway, visitor, passAll, events } = await launchTimedPage(t, Array<Reply>(6).fill('reset'));
      await visitor.ask();
      await passAll();
      await visitor.alert.getByText('Your message is not sent yet').waitFor();
      t.match((await events()).at(-1), { type: 'error', detail: { code: 'unreachable', status: 0 } });
      t.equal(await visitor.phone.inputValue(), '(404) 555-1212');

      await visitor.send.click();
      await visitor.reads('Message sent');
      t.equal(gateway.posts().length, 7);
      t.equal(keysOf(gateway.posts()).length, 1);
    });

    t.test('without a form token first gets one, with the same retries', async (t) => {
      const { gateway, visitor, pass } = await launchTimedPage(t, []);
      gateway.next.form.push('reset', 'reset', problem(503, 'overloaded'));
      await visitor.ask();
      for (const seconds of [2, 3]) await pass(seconds);
      await visitor.reads('Message sent');
      t.equal(gateway.posts()[0]?.body.formToken, 'token-1');
    });

    t.test('is sent when the connection is back, and the visitor is informed meanwhile', async (t) => {
      const { gateway, visitor, context, page } = await launchTimedPage(t, []);
      await visitor.open();
      await context.setOffline(true);
      await visitor.phone.fill('(404) 555-1212');
      await visitor.send.click();
      await visitor.status.getByText('No connection. Your message will be sent when you’re back online.').waitFor();
      t.strictSame(gateway.posts(), []);
      t.equal(await page.evaluate('localStorage.length'), 0, 'nothing stays on a device that was not asked to keep it');
      await context.setOffline(false);
      await visitor.reads('Message sent');
      t.equal(gateway.posts().length, 1);
    });

    t.test(
      'goes out at once where the browser is wrong about being offline, and is tried again from time to time',
      async (t) => {
        const { gateway, visitor, page, wait, pass } = await launchTimedPage(t, ['reset', 'reset']);
        await page.evaluate(`Object.defineProperty(navigator, 'onLine', { get: () => false })`);
        const first = gateway.arrival('POST', /conversations/);
        await visitor.ask();
        await first;
        t.match(await visitor.status.textContent(), /^No connection/);
        await pass(29);
        t.equal(gateway.posts().length, 1);
        await wait(2);
        await pass(31);
        await visitor.reads('Message sent');
        t.equal(gateway.posts().length, 3);
      },
    );

    t.test('that waited for the connection leaves no listener behind', async (t) => {
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

    t.test('is one lead, however often and by whatever control it is sent', async (t) => {
      const { gateway, visitor } = await launchTimedPage(t, ['hang']);
      const first = gateway.arrival('POST', /conversations/);
      await visitor.open();
      await visitor.phone.fill('(404) 555-1212');
      await visitor.send.dblclick({ force: true });
      await visitor.phone.press('Enter');
      await visitor.send.click({ force: true });
      await first;
      t.equal(gateway.posts().length, 1);
    });

    t.test('is another lead after a change', async (t) => {
      const { gateway, visitor } = await launchTimedPage(t, [problem(422, 'invalid_phone', ['/consumer/phone'])]);
      await visitor.ask('12');
      await visitor.dialog.getByText('We cannot text this number').waitFor();
      await visitor.phone.fill('(404) 555-1212');
      await visitor.send.click();
      await visitor.reads('Message sent');
      t.equal(keysOf(gateway.posts()).length, 2);
    });

    t.test('continues while the dialog is closed', async (t) => {
      const { gateway, visitor, wait, page } = await launchTimedPage(t, ['hang']);
      const first = gateway.arrival('POST', /conversations/);
      await visitor.ask();
      await first;
      await page.keyboard.press('Escape');
      t.notOk(await visitor.dialog.isVisible());
      await wait(12);
      await page.waitForFunction('heard.at(-1).type === "success"');
      t.equal(gateway.leads.size, 1);
      await visitor.open();
      await visitor.reads('Message sent');
      await page.keyboard.press('Escape');
      await visitor.open();
      await visitor.reads('Text us');
      t.equal(
        await visitor.phone.inputValue(),
        '',
        'the result is shown once, then the form is ready for another lead',
      );
    });
  });

  t.test('a lead that the visitor stops', async (t) => {
    t.test('is reported as possibly sent, and sent again as the same lead', async (t) => {
      const { gateway, visitor, wait, page } = await launchTimedPage(t, ['hang']);
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

    t.test('while it waits for form or solver, is stopped at once and sent by the next click', async (t) => {
      const { gateway, page, visitor, wait, pass } = await launchTimedPage(t, [problem(422, 'proof_required')]);
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

    t.test('while its proof is computed, is sent by the next click', async (t) => {
      const { gateway, page, context } = await launchPage(t);
      const challenge = await createChallenge({ algorithm: 'SHA-256', cost: 1, counter: 300_000, deriveKey });
      gateway.form = { ...gateway.form, challenge };
      const visitor = visitorOf(page);
      const loaded = page.waitForResponse(/dialog/);
      await visitor.button.hover();
      await (await loaded).finished();
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

    t.test('while another tab sends it, is stopped in this tab', async (t) => {
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
      await cancel(page).click();
      await visitor.alert.getByText('Stopped.').waitFor();
      t.equal(await cancel(page).isVisible(), false);
    });

    t.test('keeps the focus on the button that sends it, whatever the result', async (t) => {
      const { gateway, page } = await launchPage(t);
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
});
