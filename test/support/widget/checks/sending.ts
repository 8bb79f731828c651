import type { Test } from 'tap';
import { FORM } from '../fake-gateway.ts';
import { type TestBrowser, until } from '../stage.ts';

/** From a click to a lead at the gateway. */
export function checkSending(t: Test, { show, page }: TestBrowser): void {
  t.test('before a click only the script is loaded', async (t) => {
    const { gateway } = await show(t);
    const addresses = `performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => !/favicon/.test(name))`;
    t.strictSame(await until(page, `${addresses}.length && ${addresses}`), [`${gateway.url}widget/v1.js`]);
    t.strictSame(
      gateway.received.map(({ path }) => path),
      ['/widget/v1.js'],
    );
  });

  t.test('a lead contains the typed values, the attributes, and the page as evidence', async (t) => {
    const stage = await show(t, {
      attributes: `advertiser-id="1659" placement-id="7" country="US" listing='{"vin":"2HGFC2F59KH500000","year":2019}'`,
      form: { ...FORM, consent: { required: true, text: 'Text me about this car.', version: '2026-11' } },
    });
    const { gateway, url } = stage;
    await stage.open();
    t.match(gateway.received.at(-1), { method: 'GET', path: '/sites/demo/form' });
    await stage.fill({
      phone: ' (404) 555-1212 ',
      firstName: 'Ann',
      lastName: "O'Neil",
      question: 'Is it still available?\nAnn',
    });
    await stage.click('checkbox', 'Text me about this car.');
    await stage.click('button', 'Send');
    await stage.reads('Message sent');

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
    const key = post?.headers['idempotency-key'];
    t.match(key, /^\d+(-\d+){3}$/);
    t.strictSame(await stage.events(), [
      { type: 'open', detail: null },
      { type: 'submit', detail: { key } },
      { type: 'success', detail: { key, id: 'cnv_1', status: 'delivered' } },
    ]);
    t.strictSame(await stage.complaints(), []);
  });

  t.test('a lead is followed by an empty form with a new token and a new key', async (t) => {
    const stage = await show(t);
    await stage.ask();
    await stage.reads('Message sent');
    await stage.click('button', 'Close');
    await stage.misses('dialog');
    await stage.open();
    t.equal(await stage.of('textbox', /^Mobile/, 'it.value'), '');
    await stage.fill({ phone: '(404) 555-1212' });
    await stage.click('button', 'Send');
    await stage.reads('Message sent');
    t.equal(stage.gateway.leads.size, 2);
    t.strictSame(
      stage.gateway.posts().map(({ body }) => body.formToken),
      ['token-1', 'token-2'],
    );
  });

  t.test('a lead is not sent when the page cancels the event', async (t) => {
    const stage = await show(t);
    await page.evaluate(
      `document.querySelector('text-us').addEventListener('text-us:submit', (e) => e.preventDefault())`,
    );
    await stage.ask();
    await stage.heard('submit', 1);
    t.strictSame(stage.gateway.posts(), []);
  });

  t.test('a lead cannot be changed in the form while it is being sent', async (t) => {
    const stage = await show(t, { form: { ...FORM, consent: { required: true } }, posts: ['hang'] });
    const isTicked = () => stage.of('checkbox', undefined, 'it.checked');
    await stage.open();
    await stage.fill({ phone: '(404) 555-1212' });
    await stage.click('checkbox');
    await stage.click('button', 'Send');
    await stage.hears('status', 'Sending…');
    await stage.click('checkbox');
    t.ok(await isTicked(), 'by a click');
    await page.press(' ');
    t.ok(await isTicked(), 'by a key');
    await stage.click('textbox', /^Mobile/);
    await page.type('9');
    t.equal(await stage.of('textbox', /^Mobile/, 'it.value'), '(404) 555-1212');
    await stage.click('button', 'Cancel');
    await stage.hears('alert', 'Stopped.');
    await stage.click('checkbox');
    t.notOk(await isTicked(), 'afterwards it can');
  });

  t.test('a lead waits until the least time that a visitor needs has passed', async (t) => {
    const stage = await show(t, { form: { ...FORM, minFillS: 2 } });
    await stage.ask();
    const ms = await stage.passWait();
    t.ok(ms > 600 && ms <= 2050, String(ms));
    await stage.reads('Message sent');
  });

  t.test('a lead that is sent just before the visitor leaves is sent at once, without that time', async (t) => {
    const stage = await show(t, { form: { ...FORM, minFillS: 3600 } });
    await stage.ask();
    await stage.hears('status', 'Sending…');
    t.strictSame(stage.gateway.posts(), []);
    const arrived = stage.gateway.arrival('POST', /conversations/);
    await page.goto('about:blank');
    t.match((await arrived).body, { formToken: 'token-1', consumer: { phone: '(404) 555-1212' } });
  });

  t.test('it is sent once more at once, without waiting after a fault', async (t) => {
    const stage = await show(t, { posts: [{ status: 503, headers: { 'retry-after': '30' } }] });
    await stage.ask();
    await stage.hears('status', 'We keep trying');
    const arrived = stage.gateway.arrival('POST', /conversations/);
    await page.goto('about:blank');
    const { headers } = await arrived;
    t.equal(headers['idempotency-key'], stage.gateway.posts()[0]?.headers['idempotency-key']);
  });

  t.test('a text in the hidden field is sent, and neither keys nor autofill reach the field', async (t) => {
    const stage = await show(t);
    await stage.open();
    const [trap, ...more] = await page.evaluate<Record<string, unknown>[]>(
      `[...document.querySelector('text-us').shadowRoot.querySelectorAll('[aria-hidden=true] input')].map((it) => {
        it.value = 'https://spam.example';
        return { name: it.name, id: it.id, autocomplete: it.autocomplete, tabIndex: it.tabIndex, bottom: it.getBoundingClientRect().bottom };
      })`,
    );
    t.strictSame(more, []);
    t.match(trap, { name: '', id: '', autocomplete: 'off', tabIndex: -1 });
    t.ok(Number(trap?.bottom) <= 0, 'it is off the screen');
    await stage.fill({ phone: '(404) 555-1212' });
    await stage.click('button', 'Send');
    await stage.reads('Message sent');
    t.equal(stage.gateway.posts()[0]?.body.trap, 'https://spam.example');
  });
}
