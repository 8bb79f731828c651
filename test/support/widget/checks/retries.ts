import type { Test } from 'tap';
import { challengeOf } from '../challenge.ts';
import { delivered, problem, type Received, type Reply } from '../fake-gateway.ts';
import { type TestBrowser, until } from '../stage.ts';

const keysOf = (posts: readonly Received[]) => new Set(posts.map(({ headers }) => headers['idempotency-key']));

/** The waits after a fault are 1, 2, 4, 8 and 16 seconds, each varied by 20 %. */
function areBackoffs(waits: readonly number[]): boolean {
  return waits.every((ms, index) => ms >= 0.8 * 1000 * 2 ** index && ms <= 1.2 * 1000 * 2 ** index);
}

/** Faults of the network and the gateway, and a visitor who does not wait for them. */
export function checkRetries(t: Test, { show, page }: TestBrowser): void {
  t.test('a lead that gets no answer for ten seconds is sent again under the same key', async (t) => {
    const stage = await show(t, { posts: ['hang', delivered()] });
    await stage.ask();
    await stage.hears('status', 'Sending…');
    await stage.passTimeOut();
    await stage.hears('status', 'The connection is slow. We keep trying…');
    t.ok(areBackoffs([await stage.passWait()]));
    await stage.reads('Message sent');
    t.equal(stage.gateway.posts().length, 2);
    t.equal(keysOf(stage.gateway.posts()).size, 1);
  });

  t.test('a lead is sent again after a broken connection, a fault, and while its first call still runs', async (t) => {
    const stage = await show(t, {
      posts: [
        'reset',
        problem(500, 'internal_error'),
        problem(409, 'idempotency_in_progress'),
        problem(408, 'request_timeout'),
        delivered(),
      ],
    });
    await stage.ask();
    const waits = [];
    for (let call = 1; call < 5; call++) waits.push(await stage.passWait());
    await stage.reads('Message sent');
    t.ok(areBackoffs(waits), String(waits));
    t.equal(stage.gateway.posts().length, 5);
    t.equal(keysOf(stage.gateway.posts()).size, 1);
    t.equal(stage.gateway.leads.size, 1);
  });

  t.test('a lead waits as long as the gateway asks for', async (t) => {
    const stage = await show(t, { posts: [problem(503, 'overloaded', [], { 'retry-after': '20' }), delivered()] });
    await stage.ask();
    t.equal(await stage.passWait(), 20_000);
    await stage.reads('Message sent');
  });

  t.test('a lead is given up after six calls, and keeps the typed values and the key', async (t) => {
    const stage = await show(t, { posts: Array<Reply>(6).fill('reset') });
    await stage.ask();
    for (let call = 1; call < 6; call++) await stage.passWait();
    await stage.hears('alert', 'Your message is not sent yet');
    t.match((await stage.events()).at(-1), { type: 'error', detail: { code: 'unreachable', status: 0 } });
    t.equal(await stage.of('textbox', /^Mobile/, 'it.value'), '(404) 555-1212');
    await stage.click('button', 'Send');
    await stage.reads('Message sent');
    t.equal(stage.gateway.posts().length, 7);
    t.equal(keysOf(stage.gateway.posts()).size, 1);
  });

  t.test('a lead without a form token first gets one, with the same retries', async (t) => {
    const stage = await show(t);
    stage.gateway.next.form.push(...Array(3).fill(problem(503, 'overloaded')));
    await stage.ask();
    await stage.passWait();
    await stage.passWait();
    await stage.reads('Message sent');
    t.equal(stage.gateway.posts()[0]?.body.formToken, 'token-1');
  });

  t.test('a lead is sent when the connection is back, and the visitor is informed meanwhile', async (t) => {
    const stage = await show(t);
    await stage.open();
    await stage.setOnline(false);
    await stage.fill({ phone: '(404) 555-1212' });
    await stage.click('button', 'Send');
    await stage.hears('status', 'No connection. Your message will be sent when you’re back online.');
    await until(page, `tools.timers('wait').length`);
    t.strictSame(stage.gateway.posts(), []);
    t.equal(await page.evaluate('localStorage.length'), 0, 'nothing stays on a device that was not asked to keep it');
    await stage.setOnline(true);
    await stage.reads('Message sent');
    t.equal(stage.gateway.posts().length, 1);
  });

  t.test('a lead goes out at once where the browser is wrong about being offline', async (t) => {
    const stage = await show(t, { posts: ['reset', 'reset'] });
    await page.evaluate('tools.setOnline(false)');
    const first = stage.gateway.arrival('POST', /conversations/);
    await stage.ask();
    await first;
    await stage.hears('status', 'No connection.');
    t.equal(await stage.passWait(), 30_000, 'and is tried again from time to time');
    t.equal(await stage.passWait(), 30_000);
    await stage.reads('Message sent');
    t.equal(stage.gateway.posts().length, 3);
  });

  t.test('a lead is one, however often and by whatever control it is sent', async (t) => {
    const stage = await show(t, { posts: ['hang'] });
    const first = stage.gateway.arrival('POST', /conversations/);
    await stage.open();
    await stage.fill({ phone: '(404) 555-1212' });
    for (let click = 1; click <= 2; click++) await stage.click('button', 'Send');
    await stage.click('textbox', /^Mobile/);
    await page.press('Enter');
    await stage.click('button', 'Send');
    await first;
    t.equal(stage.gateway.posts().length, 1);
  });

  t.test('a lead is another one after a change', async (t) => {
    const stage = await show(t, { posts: [problem(422, 'invalid_phone', ['/consumer/phone'])] });
    await stage.ask('12');
    await stage.findsWrong([['Mobile number', 'We cannot text this number. Please check it.']]);
    await stage.fill({ phone: '(404) 555-1212' });
    await stage.click('button', 'Send');
    await stage.reads('Message sent');
    t.equal(keysOf(stage.gateway.posts()).size, 2);
  });

  t.test('a lead continues while the dialog is closed, and its result is shown once', async (t) => {
    const stage = await show(t, { posts: ['hang'] });
    const first = stage.gateway.arrival('POST', /conversations/);
    await stage.ask();
    await first;
    await stage.leave();
    await stage.passTimeOut();
    await stage.passWait();
    await stage.heard('success', 1);
    t.equal(stage.gateway.leads.size, 1);
    await stage.open();
    await stage.reads('Message sent');
    await stage.leave();
    await stage.open();
    await stage.reads('Text us');
    t.equal(await stage.of('textbox', /^Mobile/, 'it.value'), '');
  });

  t.test('a lead that is stopped may have been sent, and is sent again as the same lead', async (t) => {
    const stage = await show(t, { posts: ['hang'] });
    const first = stage.gateway.arrival('POST', /conversations/);
    await stage.ask();
    await first;
    await stage.click('button', 'Cancel');
    await stage.hears('alert', 'Stopped. Your message may already have reached us');
    t.strictSame(await page.evaluate(`tools.timers('wait')`), [], 'no call follows');
    await stage.click('button', 'Send');
    await stage.reads('Message sent');
    t.equal(stage.gateway.posts().length, 2);
    t.equal(keysOf(stage.gateway.posts()).size, 1);
  });

  t.test('a lead that waits for form or solver is stopped at once and sent by the next click', async (t) => {
    const stage = await show(t, { posts: [problem(422, 'proof_required')] });
    await stage.open();
    stage.gateway.form = { ...stage.gateway.form, challenge: await challengeOf(100) };
    await stage.fill({ phone: '(404) 555-1212' });
    for (const [queue, path] of [
      ['form', /form$/],
      ['widget', /proof/],
    ] as const) {
      stage.gateway.next[queue].push('hang');
      const asked = stage.gateway.arrival('GET', path);
      await stage.click('button', 'Send');
      await asked;
      await stage.click('button', 'Cancel');
      await stage.hears('alert', 'Stopped.');
    }
    await stage.click('button', 'Send');
    // The solver never comes and is given up.
    await page.evaluate(`tools.elapse('load')`);
    // The new solver may come before the call fails, or after it.
    await until(page, `tools.elapse('wait') || tools.find('heading', 'Message sent')`);
    await stage.reads('Message sent');
    t.equal(stage.gateway.posts().length, 2);
    t.type(stage.gateway.posts()[1]?.body.proof, 'string');
  });

  t.test('the focus returns from "Cancel" to the button that sends, whatever the result', async (t) => {
    const stage = await show(t, { posts: ['hang'] });
    const first = stage.gateway.arrival('POST', /conversations/);
    await stage.ask();
    await first;
    await page.press('Tab');
    t.equal(await stage.focus(), 'button Cancel');
    await page.press('Enter');
    await stage.hears('alert', 'Stopped.');
    t.equal(await stage.focus(), 'button Send', 'pressed');

    stage.gateway.next.post.push('hang', problem(429, 'rate_limited'));
    const asked = stage.gateway.arrival('POST', /conversations/);
    await stage.click('button', 'Send');
    await asked;
    await page.press('Tab');
    t.equal(await stage.focus(), 'button Cancel');
    await stage.passTimeOut();
    await stage.passWait();
    await stage.hears('alert', 'Too many tries.');
    t.equal(await stage.focus(), 'button Send', 'gone by itself');
  });
}
