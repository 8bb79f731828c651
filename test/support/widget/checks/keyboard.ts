import type { Test } from 'tap';
import { FORM, problem } from '../fake-gateway.ts';
import { type TestBrowser, until } from '../stage.ts';

/** Roles and names of what the Tab key reaches in the dialog, in their order. */
const ORDER = `tools.all().filter((it) => /button|textbox|checkbox|link/.test(tools.roleOf(it)) && it.tabIndex >= 0)
  .map((it) => tools.roleOf(it) + ' ' + tools.nameOf(it))`;

/** The button by its keys, its names, and the pointer at its edges. */
export function checkKeyboard(t: Test, { engine, show, page }: TestBrowser): void {
  t.test('a lead is sent by keys alone, without losing the focus', async (t) => {
    const stage = await show(t, {
      before: '<a id="before" href="#x">before</a>',
      form: { ...FORM, consent: { required: true } },
      posts: [problem(422, 'invalid_phone', ['/consumer/phone'])],
    });
    await until(page, `customElements.get('text-us')`);
    await page.press('Tab');
    t.equal(await stage.focus(), 'link before');
    await page.press('Tab');
    t.equal(await stage.focus(), 'button Text us');
    await page.press('Enter');
    await until(page, `/^textbox Mobile number/.test(tools.focus())`);

    const order = await page.evaluate<string[]>(ORDER);
    t.ok(order.length >= 7, order.join());
    const first = order.findIndex((name) => name.startsWith('textbox Mobile number'));
    for (const name of order.slice(first + 1)) {
      await page.press('Tab');
      t.equal(await stage.focus(), name);
    }
    for (const name of order.slice(0, -1).reverse()) {
      await page.press('Tab', 'Shift');
      t.equal(await stage.focus(), name);
    }
    await page.evaluate(`document.querySelector('#before').focus()`);
    t.not(await stage.focus(), 'link before', 'the page behind is out of reach');

    await page.evaluate(`tools.find('textbox', /^Mobile/).focus()`);
    await page.type('4045551212');
    await page.evaluate(`tools.find('checkbox').focus()`);
    await page.press(' ');
    t.ok(await stage.of('checkbox', undefined, 'it.checked'));
    await page.evaluate(`tools.find('textbox', /^Mobile/).focus()`);
    await page.press('Enter');
    await stage.findsWrong([['Mobile number', 'We cannot text this number. Please check it.']]);
    t.equal(await stage.focus(), 'textbox Mobile number');
    await page.type('3');
    await page.press('Enter');
    await stage.reads('Message sent');
    t.equal(await stage.focus(), 'heading Message sent', 'the outcome is read out');
    await stage.leave();
    t.equal(await stage.focus(), 'button Text us', 'and back');
  });

  t.test('names, states and live regions match the visible form', async (t) => {
    const stage = await show(t, { form: { ...FORM, fields: { ...FORM.fields, firstName: 'required' } } });
    await until(page, `customElements.get('text-us')`);
    t.equal(await stage.of('button', 'Text us', `it.ariaHasPopup ?? it.getAttribute('aria-haspopup')`), 'dialog');
    await stage.open();
    await stage.awaits('dialog', 'Text us');
    await stage.awaits('textbox', 'Mobile number');
    await stage.awaits('textbox', 'Last name (optional)');
    await stage.awaits('button', 'Close');
    const required = `tools.all().filter((it) => it.getAttribute('aria-required') === 'true').map(tools.nameOf)`;
    t.strictSame(await page.evaluate(required), ['Mobile number', 'First name']);
    t.strictSame(await stage.of('textbox', /^Mobile/, '[it.type, it.autocomplete]'), ['tel', 'tel']);
    for (const region of ['status', 'alert']) t.ok(await stage.sees(region), 'is there before it speaks');
  });

  t.test('a typed phone number is not changed', async (t) => {
    const stage = await show(t);
    await stage.open();
    for (const number of ['+1 (404) 555.12-12', '  404 555 1212 ', '٠٤٠٤', '404/555x12']) {
      await stage.fill({ phone: '' });
      await page.type(number);
      t.equal(await stage.of('textbox', /^Mobile/, 'it.value'), number);
    }
  });

  t.test('a message is typed and sent, and the page hears nothing of it', async (t) => {
    const stage = await show(t);
    await page.evaluate(`window.leaked = [], ['keydown', 'input', 'click', 'focusin'].map((type) =>
      document.addEventListener(type, (event) => tools.find('dialog') && leaked.push(event.type), true))`);
    await stage.open();
    await page.evaluate('leaked.length = 0');
    await page.type('4045551212');
    await stage.click('textbox', /^Your question/);
    await page.type('One');
    await page.press('Enter');
    await page.type('two');
    await stage.click('textbox', /^Mobile/);
    await page.press('Enter');
    await stage.reads('Message sent');
    t.match(stage.gateway.posts()[0]?.body.consumer, { phone: '4045551212', question: 'One\ntwo' });
    t.strictSame(await page.evaluate('leaked'), []);
  });

  t.test('the dialog opens and closes by its methods and by all controls of a dialog', async (t) => {
    const stage = await show(t, { attributes: 'position="none"' });
    const call = (method: string) => page.evaluate(`document.querySelector('text-us').${method}()`);
    await until(page, `customElements.get('text-us')`);
    t.notOk(await stage.sees('button'), 'the page has its own trigger');
    const ways = [
      () => call('close'),
      () => page.press('Escape'),
      () => stage.click('button', 'Close'),
      () => page.click(5, 5),
    ];
    for (const close of ways) {
      await call('open');
      t.ok(await stage.sees('dialog'));
      const corner = await page.evaluate<{ left: number; top: number }>(
        `tools.find('dialog').getBoundingClientRect().toJSON()`,
      );
      await page.click(corner.left + 4, corner.top + 4);
      t.ok(await stage.sees('dialog'), 'its own edge is part of it');
      await close();
      await stage.misses('dialog');
    }
    await page.evaluate(`Promise.all([1, 2].map(() => document.querySelector('text-us').open()))`);
    t.equal((await stage.events()).length, 5, 'opening twice is opening once');
    await stage.leave();
    await page.evaluate(
      `Object.assign(document.querySelector('text-us'), { position: 'inline', hidden: true }).open()`,
    );
    t.ok(await stage.sees('dialog'));
    t.notOk(await stage.sees('button', 'Text us'), 'hidden hides the button, and no dialog that holds the page');
  });

  t.test(
    'a selection that ends beside the dialog does not close it, and typed values stay when it is closed',
    async (t) => {
      const stage = await show(t);
      await stage.open();
      await stage.fill({ question: 'Is it', phone: '404' });
      const { x, y } = await page.evaluate<{ x: number; y: number }>(`tools.target('textbox', /^Mobile/)`);
      await page.drag([x, y], [5, 5]);
      t.ok(await stage.sees('dialog'));
      await page.click(5, 5);
      await stage.misses('dialog');
      await stage.open();
      t.equal(await stage.of('textbox', /^Mobile/, 'it.value'), '404');
      t.equal(await stage.of('textbox', /^Your question/, 'it.value'), 'Is it');
    },
  );

  t.test('the page behind does not scroll', async (t) => {
    const stage = await show(t, {
      before: '<div style="height: 3000px">A long page</div>',
      attributes: 'position="floating"',
    });
    await stage.open();
    const { x, y } = await page.evaluate<{ x: number; y: number }>(`tools.target('textbox', /^Your question/)`);
    for (const [left, top] of [
      [5, 300],
      [x, y],
    ] as const) {
      await page.wheel(left, top);
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
      t.equal(await page.evaluate('scrollY'), 0, `${engine.name}: ${left}, ${top}`);
    }
  });
}
