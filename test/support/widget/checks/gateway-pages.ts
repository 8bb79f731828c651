import type { Test } from 'tap';
import { testApp } from '../../http/app.ts';
import { servePage } from '../page-launcher.ts';
import { type TestBrowser, until } from '../stage.ts';

/** Pages that need no script: the plain form and its answer. */
export function checkGatewayPages(t: Test, { page }: TestBrowser): void {
  t.test('what was typed into a plain form is there again after Back', async (t) => {
    const { listen } = await testApp(t);
    const gateway = `http://127.0.0.1:${await listen()}`;
    await page.goto(
      await servePage(
        t,
        `<!doctype html><form method="post" action="${gateway}/conversations/form"><input type="hidden" name="site" value="demo">
          <input name="consumer.phone"><textarea name="consumer.question"></textarea><button>Send</button></form>`,
      ),
    );
    await page.evaluate(`document.querySelector('[name="consumer.phone"]').focus()`);
    await page.type('12');
    await page.evaluate(`document.querySelector('textarea').focus()`);
    await page.type('Is it there?');
    await page.evaluate(`document.querySelector('button').click()`);
    await until(page, `document.readyState === 'complete' && /was not sent/.test(document.title)`);
    await page.back();
    await until(
      page,
      `[...document.querySelectorAll('input + input, textarea')].map(({ value }) => value).join() === '12,Is it there?'`,
    );
  });
}
