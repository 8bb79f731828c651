import axe from 'axe-core';
import type { Test } from 'tap';
import { startGateway } from '../../gateway.ts';
import { testApp } from '../../http/app.ts';
import type { BrowserPage } from '../browser-page.ts';
import { servePage } from '../page-launcher.ts';
import { LATE_TOOLS } from '../page-tools.ts';
import { type TestBrowser, until, visitorOf } from '../stage.ts';

const FLAWS = `axe.run({ exclude: ['iframe'] }).then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ target }) => target).join()))`;
const OVERFLOWS = `document.documentElement.scrollWidth > document.documentElement.clientWidth`;

/** Gives a page that is not ours the tools of the tests. */
async function visit(page: BrowserPage, url: string, width = 800): Promise<void> {
  await page.goto(url, { width, height: 600 });
  await page.evaluate(LATE_TOOLS);
}

async function flawsOf(page: BrowserPage): Promise<string[]> {
  await page.evaluate(`(() => {${axe.source}})()`);
  return page.evaluate(FLAWS);
}

/** Pages of the real gateway: the plain form and its answer, the hosted page, the demo and its inbox. */
export function checkGatewayPages(t: Test, { engine, page }: TestBrowser): void {
  t.test('what was typed into a plain form is there again after Back', async (t) => {
    const { listen } = await testApp(t);
    const gateway = `http://127.0.0.1:${await listen()}`;
    await visit(
      page,
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
    await visitorOf(page).click('button', 'Send');
    await until(page, `document.readyState === 'complete' && /was not sent/.test(document.title)`);
    t.strictSame(await flawsOf(page), [], 'the answer page has no flaw');
    await page.back();
    await until(
      page,
      `[...document.querySelectorAll('input + input, textarea')].map(({ value }) => value).join() === '12,Is it there?'`,
    );
  });

  t.test('the demo, its inbox and the hosted page work', async (t) => {
    const gateway = await startGateway(t, { DATABASE_URL: `sqlite:${t.testdir()}/demo.db` });
    const { inboxUrl } = (await (await fetch(`${gateway.url}/demo/config.json`)).json()) as { inboxUrl: string };

    await visit(page, `${gateway.url}/demo`, 1280);
    t.notOk(await page.evaluate(OVERFLOWS));
    t.strictSame(await flawsOf(page), [], 'the demo has no flaw');
    const visitor = visitorOf(page, '#inline');
    await visitor.ask('(404) 555-2010');
    await visitor.findsWrong([['Mobile number', 'We cannot text this number. Please check it.']]);
    await visitor.fill({ phone: '(404) 555-1212', question: 'Is it still here, asks Ann?' });
    await visitor.click('button', 'Send');
    await visitor.reads('Message sent');

    const hosted = `${gateway.url}/sites/demo/text?advertiserId=1659&lang=`;
    // The page refuses to be shown in a frame, and WebKit's window is never as narrow as a phone.
    const narrow = engine.name === 'WebKit' ? 480 : 320;
    await visit(page, `${hosted}ar`, narrow);
    t.equal(await page.evaluate('getComputedStyle(document.body).direction'), 'rtl');
    t.notOk(await page.evaluate(OVERFLOWS), 'right to left');
    t.strictSame(await flawsOf(page), [], 'the form page has no flaw');
    await visit(page, `${hosted}en`, narrow);
    t.notOk(await page.evaluate(OVERFLOWS), 'left to right');
    const field = (id: string) => page.evaluate(`document.querySelector('#${id}').focus()`);
    await field('phone');
    await page.type('12');
    await field('question');
    await page.type('Hosted?');
    await page.press('Tab');
    await page.evaluate(`[...document.querySelectorAll('button')].at(-1).click()`);
    await until(page, `document.querySelector('[role=alert]') && document.activeElement.id === 'phone'`);
    t.equal(
      await page.evaluate(`document.querySelector('#question').value`),
      'Hosted?',
      'a refusal keeps the question',
    );
    await page.evaluate(`document.querySelector('#phone').value = ''`);
    await page.type('4045551212');
    await page.press('Enter');
    await until(page, `document.readyState === 'complete' && !document.querySelector('form')`);

    await visit(page, inboxUrl);
    await until(page, `/asks Ann/.test(document.body.textContent)`);
    t.strictSame(await flawsOf(page), [], 'the inbox has no flaw');
  });
}
