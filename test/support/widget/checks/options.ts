import type { Test } from 'tap';
import { delivered, FORM, problem } from '../fake-gateway.ts';
import { fullForm, LISTING } from '../full-form.ts';
import { type Stage, type TestBrowser, until } from '../stage.ts';

const PHONE = /^Mobile/;

/** What a site may add to its form: help with the number, and a way to correct it. */
export function checkOptions(t: Test, { show, page }: TestBrowser): void {
  const typed = (stage: Stage) => stage.of<string>('textbox', PHONE, 'it.value');

  async function openFull(t: Test): Promise<Stage> {
    const stage = await show(t, { form: fullForm(), attributes: LISTING });
    await stage.open();
    return stage;
  }

  t.test('a number is spaced when the visitor leaves the field or sends, never while typing', async (t) => {
    const stage = await openFull(t);
    await stage.click('checkbox');
    await stage.click('textbox', PHONE);
    for (const [number, shown] of [
      ['4045551212', '(404) 555-1212'],
      ['12', '12'],
      ['+44 20', '+44 20'],
    ] as const) {
      await stage.of('textbox', PHONE, 'it.select()');
      // Nothing can be heard of what happens in the dialog, so the value is read after every key.
      for (let length = 1; length <= number.length; length++) {
        await page.type(number.charAt(length - 1));
        t.equal(await typed(stage), number.slice(0, length));
      }
      await page.press('Tab');
      t.equal(await typed(stage), shown, 'after leaving the field');
      await page.press('Tab', 'Shift');
    }
    await stage.of('textbox', PHONE, 'it.select()');
    await page.type('4045551213');
    stage.gateway.next.post.push(problem(503, 'overloaded'), delivered());
    await page.press('Enter');
    await stage.passWait();
    await stage.reads('Message sent');
    const posts = stage.gateway.posts();
    t.strictSame(
      posts.map(({ body }) => (body.consumer as { phone: string }).phone),
      ['(404) 555-1213', '(404) 555-1213'],
    );
    t.equal(posts[0]?.headers['idempotency-key'], posts[1]?.headers['idempotency-key'], 'and stays the same lead');
  });

  t.test('visitors choose the country of the number by keys, where there are several', async (t) => {
    const stage = await openFull(t);
    t.strictSame(await stage.of('combobox', 'Country', `[it.value, [...it.options].map(({ value }) => value)]`), [
      'US',
      ['US', 'CA', 'MX'],
    ]);
    t.equal(await stage.of('textbox', PHONE, 'it.placeholder'), '(201) 555-0123');
    await stage.click('textbox', PHONE);
    await page.press('Tab', 'Shift');
    t.equal(await stage.focus(), 'combobox Country');
    // The list finds an entry by its first letters, without being opened.
    await page.type('+52');
    await until(page, `tools.find('combobox').value === 'MX'`);
    await page.press('Tab');
    t.not(await stage.of('textbox', PHONE, 'it.placeholder'), '(201) 555-0123');
    await page.type('2221234567');
    await page.press('Tab');
    t.equal(await typed(stage), '222 123 4567');
    await stage.click('checkbox');
    await stage.click('button', 'Send');
    await stage.reads('Message sent');
    t.match(stage.gateway.posts()[0]?.body.consumer, { phone: '222 123 4567', country: 'MX' });

    const plain = await show(t, { form: FORM });
    await plain.open();
    t.notOk(await plain.sees('combobox'), 'nothing to choose from');
  });

  t.test('after sending, the number can be corrected, and the corrected message is another lead', async (t) => {
    const stage = await openFull(t);
    await stage.fill({ question: 'Is it still here?', phone: '4045551212' });
    await stage.click('checkbox');
    await stage.click('button', 'Send');
    await stage.reads('Message sent');
    await until(page, `tools.wordsOf(tools.find('dialog')).includes('We’ll text \\u2068(404) 555-1212\\u2069.')`);
    await stage.click('button', 'Correct the number');
    await stage.reads(/2019 Honda Civic EX/);
    t.equal(await stage.focus(), 'textbox Mobile number');
    // The number is selected, so that typing replaces it.
    await page.type('4045551213');
    await page.press('Enter');
    await stage.reads('Message sent');
    const posts = stage.gateway.posts();
    t.strictSame(
      posts.map(({ body }) => body.consumer),
      ['(404) 555-1212', '(404) 555-1213'].map((phone) => ({ phone, country: 'US', question: 'Is it still here?' })),
    );
    t.equal(new Set(posts.map(({ headers }) => headers['idempotency-key'])).size, 2);

    const plain = await show(t);
    await plain.ask();
    await plain.reads('Message sent');
    t.notOk(await plain.sees('button', 'Correct the number'), 'only where the site offers it');
  });
}
