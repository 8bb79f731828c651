import t from 'tap';
import { delivered, problem, type Reply } from './support/fake-gateway.ts';
import { openTheatre } from './support/stage.ts';
import { setTimedStage } from './support/timed.ts';

t.test('a lead on a bad connection', async (t) => {
  const theatre = await openTheatre(t);

  const keysOf = (posts: readonly { headers: Record<string, unknown> }[]) => [
    ...new Set(posts.map(({ headers }) => headers['idempotency-key'])),
  ];

  t.test('that gets no answer for ten seconds is sent again under the same key', async (t) => {
    const { gateway, visitor, wait, pass } = await setTimedStage(t, theatre, ['hang', delivered()]);
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
      const { gateway, visitor, pass } = await setTimedStage(t, theatre, [...faults, delivered()]);
      await visitor.ask();
      for (const seconds of [2, 3, 5, 10]) await pass(seconds);
      await visitor.reads('Message sent');
      t.equal(gateway.posts().length, 5);
      t.equal(keysOf(gateway.posts()).length, 1);
      t.equal(gateway.leads.size, 1);
    },
  );

  t.test('waits as long as the gateway asks for', async (t) => {
    const { gateway, visitor, wait, pass } = await setTimedStage(t, theatre, [
      problem(503, 'overloaded', [], { 'retry-after': '20' }),
      delivered(),
    ]);
    await visitor.ask();
    await pass(18);
    t.equal(gateway.posts().length, 1);
    await wait(3);
    await visitor.reads('Message sent');
  });

  t.test('is given up after six calls, with what was typed and the key still there', async (t) => {
    const { gateway, visitor, passAll, events } = await setTimedStage(t, theatre, Array<Reply>(6).fill('reset'));
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

  t.test('that has no form token yet gets one first, as stubbornly', async (t) => {
    const { gateway, visitor, pass } = await setTimedStage(t, theatre, []);
    gateway.next.form.push('reset', 'reset', problem(503, 'overloaded'));
    await visitor.ask();
    for (const seconds of [2, 3]) await pass(seconds);
    await visitor.reads('Message sent');
    t.equal(gateway.posts()[0]?.body.formToken, 'token-1');
  });

  t.test('goes out when the connection is back, and says so meanwhile', async (t) => {
    const { gateway, visitor, context, page } = await setTimedStage(t, theatre, []);
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
      const { gateway, visitor, page, wait, pass } = await setTimedStage(t, theatre, ['reset', 'reset']);
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
    const { visitor, context, page } = await setTimedStage(t, theatre, []);
    const cdp = await context.newCDPSession(page);
    const listeners = async (): Promise<number> => {
      const { result } = await cdp.send('Runtime.evaluate', { expression: 'window' });
      return (await cdp.send('DOMDebugger.getEventListeners', { objectId: String(result.objectId) })).listeners.length;
    };
    await visitor.open();
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

  t.test('is one lead, however often and by whatever means it is sent off', async (t) => {
    const { gateway, visitor } = await setTimedStage(t, theatre, ['hang']);
    const first = gateway.arrival('POST', /conversations/);
    await visitor.open();
    await visitor.phone.fill('(404) 555-1212');
    await visitor.send.dblclick({ force: true });
    await visitor.phone.press('Enter');
    await visitor.send.click({ force: true });
    await first;
    t.equal(gateway.posts().length, 1);
  });

  t.test('is another lead once it was changed', async (t) => {
    const { gateway, visitor } = await setTimedStage(t, theatre, [problem(422, 'invalid_phone', ['/consumer/phone'])]);
    await visitor.ask('12');
    await visitor.dialog.getByText('We cannot text this number').waitFor();
    await visitor.phone.fill('(404) 555-1212');
    await visitor.send.click();
    await visitor.reads('Message sent');
    t.equal(keysOf(gateway.posts()).length, 2);
  });

  t.test('goes on while the dialog is closed', async (t) => {
    const { gateway, visitor, wait, page } = await setTimedStage(t, theatre, ['hang']);
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
    t.equal(await visitor.phone.inputValue(), '', 'it is told once, then the form is there for another');
  });
});
