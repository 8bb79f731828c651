import t from 'tap';
import { delivered, problem } from '../support/widget/fake-gateway.ts';
import { createPageLauncher } from '../support/widget/page-launcher.ts';
import { visitorOf } from '../support/widget/visitor.ts';

t.test('submission', async (t) => {
  const { launchPage } = await createPageLauncher(t);

  t.test('a lead from the button', async (t) => {
    t.test('before a click only the script is loaded', async (t) => {
      const { gateway, page } = await launchPage(t);
      await visitorOf(page).button.waitFor();
      await page.waitForLoadState('networkidle');
      t.strictSame(
        gateway.received.map(({ path }) => path),
        ['/widget/v1.js'],
      );
      t.equal(await page.evaluate('performance.getEntriesByType("resource").length'), 1);
    });

    t.test('contains the typed values, the attributes, and the page as evidence', async (t) => {
      const { gateway, page, url, events, complaints } = await launchPage(t, {
        attributes: `advertiser-id="1659" placement-id="7" country="US" listing='{"vin":"2HGFC2F59KH500000","year":2019}'`,
      });
      gateway.form = {
        ...gateway.form,
        consent: { required: true, text: 'Text me about this car.', version: '2026-11' },
      };
      const visitor = visitorOf(page);
      await visitor.open();
      t.match(gateway.received.at(-1), { method: 'GET', path: '/sites/demo/form' });
      await visitor.fill({
        phone: ' (404) 555-1212 ',
        firstName: 'Ann',
        lastName: "O'Neil",
        question: 'Is it still available?\nAnn',
      });
      await page.getByLabel('Text me about this car.').check();
      await visitor.send.click();
      await visitor.reads('Message sent');

      const [post, ...more] = gateway.posts();
      t.strictSame(more, []);
      t.strictSame(post?.body, {
        site: 'demo',
        advertiserId: '1659',
        placementId: 7,
        consumer: {
          phone: '(404) 555-1212',
          country: 'US',
          firstName: 'Ann',
          lastName: "O'Neil",
          question: 'Is it still available?\nAnn',
        },
        listing: { vin: '2HGFC2F59KH500000', year: 2019 },
        consent: { text: 'Text me about this car.', version: '2026-11' },
        page: { url, title: '2019 Honda Civic' },
        formToken: 'token-1',
      });
      t.match(post?.headers['idempotency-key'], /^\d+(-\d+){3}$/);
      const key = post?.headers['idempotency-key'];
      t.strictSame(await events(), [
        { type: 'open', detail: null },
        { type: 'submit', detail: { key } },
        { type: 'success', detail: { key, id: 'cnv_1', status: 'delivered' } },
      ]);
      t.strictSame(complaints, []);
    });

    t.test('that is stored but not delivered yet is reported as stored', async (t) => {
      const { gateway, page, events } = await launchPage(t);
      gateway.next.post.push({ status: 202, body: { id: 'cnv_2', status: 'queued' }, headers: { 'retry-after': '5' } });
      const visitor = visitorOf(page);
      await visitor.ask();
      await visitor.reads('We have your message');
      t.match((await events()).at(-1), { type: 'success', detail: { id: 'cnv_2', status: 'queued' } });
    });

    t.test('is followed by an empty form with a new token and a new key', async (t) => {
      const { gateway, page } = await launchPage(t);
      const visitor = visitorOf(page);
      await visitor.ask();
      await visitor.reads('Message sent');
      await visitor.dialog.getByText('Close', { exact: true }).click();
      await visitor.open();
      t.equal(await visitor.phone.inputValue(), '');
      await visitor.phone.fill('(404) 555-1212');
      await visitor.send.click();
      await visitor.reads('Message sent');
      t.equal(gateway.leads.size, 2);
      t.strictSame(
        gateway.posts().map(({ body }) => body.formToken),
        ['token-1', 'token-2'],
      );
    });

    t.test('is not sent when the page cancels the event', async (t) => {
      const { gateway, page } = await launchPage(t);
      await page.evaluate(
        `document.querySelector('text-us').addEventListener('text-us:submit', (e) => e.preventDefault())`,
      );
      await visitorOf(page).ask();
      await page.waitForFunction('heard.some(({ type }) => type === "submit")');
      t.strictSame(gateway.posts(), []);
    });

    t.test('cannot be changed in the form while it is being sent', async (t) => {
      const { gateway, page } = await launchPage(t);
      gateway.form = { ...gateway.form, consent: { required: true } };
      gateway.next.post.push('hang');
      const visitor = visitorOf(page);
      await visitor.open();
      await visitor.phone.fill('(404) 555-1212');
      const consent = page.getByRole('checkbox');
      await consent.check();
      await visitor.send.click();
      await visitor.status.getByText('Sending…').waitFor();
      await consent.click();
      t.ok(await consent.isChecked(), 'by a click');
      await consent.press('Space');
      t.ok(await consent.isChecked(), 'by a key');
      await visitor.phone.press('9');
      t.equal(await visitor.phone.inputValue(), '(404) 555-1212');
      await page.getByText('Cancel', { exact: true }).click();
      await consent.click();
      t.notOk(await consent.isChecked(), 'afterwards it can');
    });

    t.test('waits until the least time that a visitor needs has passed', async (t) => {
      const { gateway, page } = await launchPage(t);
      gateway.form = { ...gateway.form, minFillS: 1 };
      const visitor = visitorOf(page);
      const given = gateway.arrival('GET', /form$/).then(() => performance.now());
      const taken = gateway.arrival('POST', /conversations/).then(() => performance.now());
      await visitor.ask();
      t.ok((await taken) - (await given) >= 1000);
    });

    t.test('contains the value that a robot put into the hidden field, and autofill skips that field', async (t) => {
      const { gateway, page } = await launchPage(t);
      const visitor = visitorOf(page);
      await visitor.open();
      const trap = page.locator('text-us .trap input');
      t.strictSame(
        await trap.evaluate((input: HTMLInputElement) => [input.name, input.id, input.autocomplete, input.tabIndex]),
        ['', '', 'off', -1],
      );
      t.notOk(await trap.evaluate((input) => input.getBoundingClientRect().bottom > 0), 'it is off the screen');
      await trap.evaluate((input: HTMLInputElement) => {
        input.value = 'https://spam.example';
      });
      await visitor.phone.fill('(404) 555-1212');
      await visitor.send.click();
      await visitor.reads('Message sent');
      t.equal(gateway.posts()[0]?.body.trap, 'https://spam.example');
    });

    t.test('gets one new token when its own has expired, without a message', async (t) => {
      const { gateway, page } = await launchPage(t);
      const visitor = visitorOf(page);
      for (const code of ['form_token_invalid', 'proof_required']) {
        const before = gateway.posts().length;
        gateway.next.post.push(problem(422, code), delivered());
        await visitor.ask();
        await visitor.reads('Message sent');
        const [first, second] = gateway.posts().slice(before);
        t.not(first?.body.formToken, second?.body.formToken, code);
        t.equal(first?.headers['idempotency-key'], second?.headers['idempotency-key']);
        await page.keyboard.press('Escape');
      }
      gateway.next.post.push(problem(422, 'form_token_invalid'), problem(422, 'form_token_invalid'));
      await visitor.ask();
      await visitor.alert.getByText('reach us another way').waitFor();
      t.equal(gateway.posts().length, 6);
    });
  });

  t.test('a lead that is sent just before the visitor leaves', async (t) => {
    t.test('is sent at once, without waiting for the least time', async (t) => {
      const { gateway, page } = await launchPage(t);
      gateway.form = { ...gateway.form, minFillS: 3600 };
      const visitor = visitorOf(page);
      await visitor.ask();
      await visitor.status.getByText('Sending…').waitFor();
      t.strictSame(gateway.posts(), []);
      const arrived = gateway.arrival('POST', /conversations/);
      await page.goto('about:blank');
      t.match((await arrived).body, { formToken: 'token-1', consumer: { phone: '(404) 555-1212' } });
    });

    t.test('is sent once more at once, without waiting after a fault', async (t) => {
      const { gateway, page } = await launchPage(t);
      gateway.next.post.push({ status: 503, headers: { 'retry-after': '30' } });
      const visitor = visitorOf(page);
      await visitor.ask();
      await visitor.status.getByText('We keep trying').waitFor();
      const arrived = gateway.arrival('POST', /conversations/);
      await page.goto('about:blank');
      const { headers } = await arrived;
      t.equal(headers['idempotency-key'], gateway.posts()[0]?.headers['idempotency-key']);
    });
  });
});
