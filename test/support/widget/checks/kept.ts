import type { Test } from 'tap';
import { problem, type Reply } from '../fake-gateway.ts';
import { type Stage, type StageOptions, type TestBrowser, until } from '../stage.ts';

const KEEPS = { attributes: 'keep-offline' };
const EMPTY = 'localStorage.length === 0';
const NO_STORAGE = 'void (Storage.prototype.setItem = () => { throw new Error("full"); })';

/** Leads that a page asked to keep on the device. */
export function checkKept(t: Test, { show, page }: TestBrowser): void {
  const stored = () => page.evaluate<string[]>('Object.keys(localStorage)');

  /** Sends a lead without a connection. */
  async function sendOffline(stage: Stage, words: string): Promise<void> {
    await stage.open();
    await stage.setOnline(false);
    await stage.fill({ phone: '(404) 555-1212' });
    await stage.click('button', 'Send');
    await stage.hears('status', words);
    await until(page, `tools.timers('wait').length`);
  }

  async function keptOffline(t: Test): Promise<Stage> {
    const stage = await show(t, KEEPS);
    await sendOffline(stage, 'Your message is kept on this device and will be sent when');
    return stage;
  }

  t.test('a kept lead is sent once when the connection is back, and is removed from the device', async (t) => {
    const stage = await keptOffline(t);
    t.match(await stored(), [/^text-us:\d+(-\d+){3}$/]);
    await stage.setOnline(true);
    await stage.reads('Message sent');
    await until(page, EMPTY);
    t.equal(stage.gateway.posts().length, 1);
  });

  t.test('a kept lead is sent after the page was left, under its key and with a new token', async (t) => {
    const { gateway, url, events } = await keptOffline(t);
    const [name] = await stored();
    await page.goto('about:blank');
    gateway.isDown = false;
    await page.goto(url);
    await until(page, EMPTY);
    // The browser may still send what the left page had begun; the key makes both the same lead.
    const keys = new Set(gateway.posts().map(({ headers }) => `text-us:${headers['idempotency-key']}`));
    t.strictSame([...keys], [name]);
    t.equal(gateway.posts().at(-1)?.body.formToken, 'token-2');
    t.match(await events(), [{ type: 'success', detail: { id: 'cnv_1', status: 'delivered' } }]);
  });

  t.test('a kept lead stays the same lead when the page is reloaded while it is being sent', async (t) => {
    const stage = await show(t, { ...KEEPS, posts: ['hang'] });
    const first = stage.gateway.arrival('POST', /conversations/);
    await stage.ask();
    await first;
    await page.goto(stage.url);
    await until(page, EMPTY);
    t.equal(stage.gateway.posts().length, 2);
    t.equal(new Set(stage.gateway.posts().map(({ headers }) => headers['idempotency-key'])).size, 1);
    t.equal(stage.gateway.leads.size, 1);
  });

  t.test('a kept lead is removed after a final refusal or a stop, and kept after a rate limit', async (t) => {
    const stage = await keptOffline(t);
    const { gateway } = stage;
    gateway.next.post.push(problem(429, 'rate_limited', [], { 'retry-after': '60' }));
    await stage.setOnline(true);
    await stage.hears('alert', 'Please try again in 1 minute.');
    t.equal((await stored()).length, 1);

    gateway.next.post.push(problem(422, 'invalid_phone', ['/consumer/phone']));
    await page.goto(stage.url);
    await until(page, EMPTY);
    t.match(await stage.events(), [{ type: 'error', detail: { code: 'invalid_phone' } }]);

    gateway.next.post.push('hang');
    const sent = gateway.arrival('POST', /conversations/);
    await stage.ask();
    await sent;
    t.equal((await stored()).length, 1);
    await stage.click('button', 'Cancel');
    await until(page, EMPTY);
  });

  t.test('a kept lead is sent again every minute, without an event about the connection', async (t) => {
    const stage = await show(t, { ...KEEPS, posts: Array<Reply>(6).fill('reset') });
    await stage.ask();
    for (let call = 1; call < 6; call++) await stage.passWait();
    await stage.hears('alert', 'is kept on this device and will be sent');
    t.equal(stage.gateway.posts().length, 6);
    await page.evaluate(`tools.elapse('kept')`);
    await stage.reads('Message sent');
    t.equal(stage.gateway.leads.size, 1);
    await until(page, EMPTY);
  });

  t.test('a corrected lead replaces the kept one', async (t) => {
    const stage = await show(t, { ...KEEPS, posts: Array<Reply>(6).fill('reset') });
    await stage.ask();
    for (let call = 1; call < 6; call++) await stage.passWait();
    await stage.hears('alert', 'is kept on this device');
    await stage.fill({ question: 'Is it still here?' });
    await stage.click('button', 'Send');
    await stage.reads('Message sent');
    await until(page, EMPTY);
    t.strictSame(
      [...stage.gateway.leads.values()].map(({ body }) => (body.consumer as { question?: string }).question),
      ['Is it still here?'],
    );
  });

  t.test(
    'a kept lead of another gateway is left alone, and one that is a week old or unreadable is removed',
    async (t) => {
      const { gateway, url } = await show(t, KEEPS);
      await page.evaluate(`(() => {
      const put = (key, base, at) =>
        localStorage.setItem('text-us:' + key, JSON.stringify({ at, lead: { key, base, body: { site: 'demo' }, trap: '' } }));
      put('other', 'https://other.example/', Date.now());
      put('old', '${gateway.url}', Date.now() - 7 * 86400000);
      localStorage.setItem('text-us:broken', '{');
      localStorage.setItem('mine', 'of the page');
    })()`);
      await page.goto(url);
      await until(page, 'localStorage.length === 2');
      t.strictSame((await stored()).sort(), ['mine', 'text-us:other']);
      t.strictSame(gateway.posts(), []);
    },
  );

  const WITHOUT_STORAGE: readonly (readonly [string, StageOptions])[] = [
    ['whose storage is full', KEEPS],
    ['in a sandbox, without storage and locks', { ...KEEPS, policy: 'sandbox allow-scripts allow-forms' }],
  ];
  for (const [what, options] of WITHOUT_STORAGE) {
    t.test(`on a page ${what} the lead waits in the page, and the visitor is informed`, async (t) => {
      const stage = await show(t, options);
      if (!options.policy) await page.evaluate(NO_STORAGE);
      await sendOffline(stage, 'Please keep this page open.');
      await stage.setOnline(true);
      await stage.reads('Message sent');
      t.equal(stage.gateway.posts().length, 1);
    });
  }
}
